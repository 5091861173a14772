import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { startService, structured, type TestService } from './testing/service-fixture.ts';
import { layouts, variedSite } from './testing/varied-site.ts';

describe.each(layouts)('a site with its languages %s', (layout) => {
  let service: TestService;
  beforeAll(async () => {
    service = await startService({ files: variedSite(layout) });
    await structured(service, 'build_site', {});
  });
  afterAll(() => service?.dispose());

  const list = async (args: object): Promise<string[]> => {
    const { pages } = await structured(service, 'list_pages', args);
    return pages.map(({ route, lang }: Record<string, string>) => `${route} ${lang}`);
  };
  const get = (route: string, lang: string, more: object = {}) =>
    structured(service, 'get_page', { route, lang, ...more });

  test('pages are listed by tag, draft and date, whatever their front matter is written in', async () => {
    expect(await list({ tag: 'ÉTÉ' })).toEqual(['posts/hello fr', 'posts/single fr']);
    expect(await list({ draft: true })).toEqual(['docs/guide fr']);
    expect(await list({ draft: false, section: 'docs' })).toEqual(['docs/later en', 'docs/over en']);
    expect(await list({ since: '2024-06-01', lang: 'fr' })).toEqual(['posts/single fr']);
    // In Paris the day begins two hours before it does in Greenwich.
    expect(await list({ since: '2024-05-01T08:00:00Z', lang: 'fr' })).toEqual(['posts/hello fr', 'posts/single fr']);
    expect(await list({ since: '2024-05-01T10:00:01', lang: 'fr' })).toEqual(['posts/single fr']);
    expect((await service.call('list_pages', { since: '2024-02-30' })).text).toContain('[since_invalid]');
  });

  test('pages are sorted by date, change and title, and a cursor goes on in the same order', async () => {
    const newest = await list({ sort: 'newest', lang: 'en' });
    expect(newest.slice(0, 4)).toEqual(['docs/later en', 'posts/single en', 'posts/hello en', 'docs/over en']);
    expect((await list({ sort: 'modified', lang: 'en' })).slice(3, 4)).toEqual(['posts en']);
    expect(await list({ sort: 'title', lang: 'en' })).toEqual([
      'posts/single en',
      'posts/hello en',
      '/ en',
      'docs/later en',
      'docs/over en',
      'posts en',
    ]);
    for (const sort of ['route', 'newest', 'modified', 'title']) {
      const all = await list({ sort });
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const part = await structured(service, 'list_pages', { sort, limit: 3, ...(cursor && { cursor }) });
        seen.push(...part.pages.map(({ route, lang }: Record<string, string>) => `${route} ${lang}`));
        cursor = part.next_cursor ?? undefined;
      } while (cursor !== undefined);
      expect(seen).toEqual(all);
    }
    const { next_cursor: cursor } = await structured(service, 'list_pages', { sort: 'title', limit: 1 });
    expect((await service.call('list_pages', { sort: 'newest', cursor })).text).toContain('[cursor_invalid]');
    for (const filter of [
      { lang: 'en' },
      { section: 'posts' },
      { tag: 'x' },
      { draft: true },
      { since: '2020-01-01' },
    ]) {
      const other = await service.call('list_pages', { sort: 'title', cursor, ...filter });
      expect(other.text).toContain('[cursor_invalid]');
    }
  });

  test('a page says whether it is published, and if not why', async () => {
    expect(await get('posts/hello', 'fr')).toMatchObject({
      published: true,
      not_published_because: null,
      url: 'https://example.org/posts/hello/',
    });
    const states = [
      ['docs/guide', 'fr', 'draft'],
      ['docs/later', 'en', 'future'],
      ['docs/over', 'en', 'expired'],
    ] as const;
    for (const [route, lang, why] of states) {
      // Hugo is asked behind the build.
      while ((await get(route, lang)).not_published_because === 'not_built') await new Promise(setImmediate);
      expect(await get(route, lang)).toMatchObject({ published: false, not_published_because: why });
    }
    expect(await get('posts', 'en')).toMatchObject({ kind: 'section', published: true, title: 'Posts' });
    expect(await get('/', 'fr')).toMatchObject({ kind: 'home', published: true, url: 'https://example.org/' });
  });

  test('a page comes with its translations, files and, asked for, the pages that link to it', async () => {
    const hello = await get('posts/hello', 'fr', { backlinks: true });
    expect(hello).toMatchObject({
      translations: [{ route: 'posts/hello', lang: 'en', title: 'Hello', url: 'https://example.org/en/posts/hello/' }],
      resources: [{ name: 'photo.txt', bytes: 11, shared_from: null }],
      resources_complete: true,
      front_matter: { title: 'Bonjour', date: '2024-05-01T10:00:00+02:00', tags: ['Été', 'salut'] },
    });
    const from = (page: { backlinks: { route: string; lang: string }[] }) =>
      page.backlinks.map(({ route, lang }) => `${route} ${lang}`);
    expect(from(hello)).toEqual(['/ fr', 'docs/guide fr', 'posts/single fr']);
    expect(from(await get('posts/single', 'en', { backlinks: true }))).toEqual(['posts/hello en']);
    expect((await get('posts/hello', 'fr')).backlinks).toBeNull();
  });

  test('raw gives the file to the byte, and a range gives its lines', async () => {
    const file = (await get('posts/hello', 'fr')).file;
    const raw = await get('posts/hello', 'fr', { raw: true });
    expect(raw.content).toBe(await service.dir.read(`site/${file}`));
    expect(await get('posts/hello', 'fr', { raw: true, from_line: 2, max_lines: 2 })).toMatchObject({
      content: '# un commentaire\ntitle: Bonjour\n',
      first_line: 2,
      last_line: 3,
      total_lines: raw.total_lines,
      truncated: true,
      next: { from_line: 4, from_column: 1 },
    });
    expect(await get('posts/hello', 'fr', { from_line: 99 })).toMatchObject({
      content: '',
      truncated: true,
      next: null,
    });
  });
});

test('text that people do not see is reported in content and written out in lists', async () => {
  const hidden = String.fromCodePoint(0xe0041, 0xe0042, 0xe0041);
  const text = `---\ntitle: "Pay \u202e now"\n---\nFirst.\nSecond${hidden}.\n`;
  const service = await startService({ files: { 'content/posts/odd/index.en.md': text } });
  try {
    const odd = await structured(service, 'get_page', { route: 'posts/odd', lang: 'en' });
    expect(odd.content).toBe(`First.\nSecond${hidden}.\n`);
    expect(odd.invisible_characters).toEqual([
      { character: 'U+202E', count: 1, first_line: 2 },
      { character: 'U+E0041', count: 2, first_line: 5 },
      { character: 'U+E0042', count: 1, first_line: 5 },
    ]);
    const { pages } = await structured(service, 'list_pages', { section: 'posts/odd' });
    expect(pages[0].title).toBe('Pay ⟨U+202E⟩ now');
    const plain = await service.call('get_page', { route: 'posts/odd', lang: 'en' });
    expect(plain.json.result.content[0].text).toContain('characters that people do not see: U+202E ×1');
  } finally {
    await service.dispose();
  }
});

test('no answer is larger than a client takes, whatever is in the files, and every part can be read', async () => {
  const wild = Array.from({ length: 3000 }, (_, i) => `\u0001"${'\\'.repeat(i % 50)}`).join('\n');
  const fields = Array.from({ length: 300 }, (_, i) => `"field ${i}": "${'\\"'.repeat(40)}"`).join('\n');
  const one = '\u0002'.repeat(60_000);
  const many = Object.fromEntries(
    Array.from({ length: 210 }, (_, i) => [
      `content/many/${'é'.repeat(100)}${i}.en.md`,
      `---\ntitle: "${'\\"'.repeat(150)}"\ntags: [${'"\\"\\"\\"\\"\\"\\"\\"\\"\\"\\"\\"\\"\\"\\"\\"\\"", '.repeat(20)}]\n---\n`,
    ]),
  );
  const files = {
    ...many,
    'content/posts/wild/index.en.md': `---\ntitle: Wild\n${fields}\n---\n${wild}`,
    'content/posts/one/index.en.md': one,
  };
  const service = await startService({ files });
  try {
    for (const [route, text] of [
      ['posts/wild', wild],
      ['posts/one', one],
    ]) {
      const parts: string[] = [];
      let next: object | null = {};
      while (next !== null) {
        const { json } = await service.call('get_page', { route, lang: 'en', ...next });
        expect(JSON.stringify(json.result).length).toBeLessThan(100_000);
        parts.push(json.result.structuredContent.content);
        next = json.result.structuredContent.next;
      }
      expect(parts.join('')).toBe(text);
    }
    const seen = new Set<string>();
    let cursor: string | undefined;
    do {
      const { json } = await service.call('list_pages', { section: 'many', limit: 200, ...(cursor && { cursor }) });
      expect(JSON.stringify(json.result).length).toBeLessThan(100_000);
      for (const { file } of json.result.structuredContent.pages) seen.add(file);
      cursor = json.result.structuredContent.next_cursor ?? undefined;
    } while (cursor !== undefined);
    expect(seen.size).toBe(210);
  } finally {
    await service.dispose();
  }
});

test('a real client lists and reads over HTTPS', async () => {
  const service = await startService({ files: variedSite('by name') });
  try {
    const client = new Client({ name: 'reader', version: '1' }, { versionNegotiation: { mode: 'auto' } });
    await client.connect(
      new StreamableHTTPClientTransport(new URL(service.url), { fetch: service.fetch('content:read') }),
    );
    const listed = await client.callTool({ name: 'list_pages', arguments: { tag: 'été', sort: 'newest' } });
    expect(listed.structuredContent).toMatchObject({ total: 2, pages: [{ title: 'Seul' }, { title: 'Bonjour' }] });
    const read = await client.callTool({ name: 'get_page', arguments: { route: 'posts/hello', max_lines: 1 } });
    expect(read.structuredContent).toMatchObject({
      lang: 'fr',
      content: 'Un café à la crème brûlée.\n',
      truncated: false,
    });
    await client.close();
  } finally {
    await service.dispose();
  }
});

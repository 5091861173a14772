import { startService, type TestService } from './testing/service-fixture.ts';
import { baseFiles, type Files } from './testing/site-fixture.ts';

/** Runs `use` on a service whose site has these files. */
async function withSite(files: Files, use: (service: TestService) => Promise<void>): Promise<void> {
  const service = await startService({ files });
  try {
    await use(service);
  } finally {
    await service.dispose();
  }
}

const call = async (service: TestService, name: string, args: object) => {
  const answer = await service.call(name, args);
  if (answer.json.result.isError) throw new Error(answer.text);
  return answer.json.result.structuredContent;
};

const listing = async (service: TestService, args: object = {}) => {
  const { pages } = await call(service, 'list_pages', args);
  return pages.map(({ route, lang, kind, title }: Record<string, string>) => `${route} ${lang} ${kind} ${title}`);
};

const page = (title: string) => `---\ntitle: ${title}\n---\nText.\n`;
const empty = Object.fromEntries(
  Object.keys(baseFiles)
    .filter((file) => file.startsWith('content/'))
    .map((file) => [file, undefined]),
);

test('languages side by side: bundles, single files, sections, resources', async () => {
  const files = {
    'content/posts/_index.md': page('Posts'),
    'content/posts/single.md': page('Single'),
    'content/posts/single.en.md': page('Single en'),
    'content/posts/dotted.name.md': page('Dotted'),
    'content/posts/hello/notes.md': page('A resource'),
    'content/posts/hello/deep/index.md': page('A resource too'),
    'content/docs/_index.en.md': page('Docs'),
    'content/docs/guide/_index.en.md': page('Guide'),
    'content/docs/guide/start.en.md': page('Start'),
    'content/docs/.hidden.md': page('Hidden'),
    'content/docs/toml.md': '+++\ntitle = "Toml"\ndraft = true\ntags = ["a"]\n+++\nText.\n',
    'content/docs/json.md': '{"title": "Json", "date": "2024-01-01"}\nText.\n',
  };
  await withSite(files, async (service) => {
    expect(await listing(service)).toEqual([
      '/ en home Home',
      '/ fr home Accueil',
      'docs en section Docs',
      'docs/guide en section Guide',
      'docs/guide/start en single Start',
      'docs/json fr single Json',
      'docs/toml fr single Toml',
      'posts fr section Posts',
      'posts/dotted.name fr single Dotted',
      'posts/hello en bundle Hello',
      'posts/hello fr bundle Bonjour',
      'posts/single en single Single en',
      'posts/single fr single Single',
    ]);
    await call(service, 'build_site', {});
    const published = async (): Promise<{ url: string; route: string }[]> =>
      (await call(service, 'list_pages', {})).pages.filter(({ draft }: { draft: boolean }) => !draft);
    let pages = await published();
    // Hugo is asked for the addresses behind the build.
    while (pages.some(({ url }) => url === null)) pages = await published();
    for (const { url, route } of pages) {
      const file = `${new URL(url).pathname.slice(1)}index.html`;
      expect({ route, there: (await service.live(file)) !== undefined }).toEqual({ route, there: true });
    }
    // A translation goes beside the page that it translates; a page for a folder of pages becomes its section page.
    const start = await call(service, 'create_page', {
      route: 'docs/guide/start',
      lang: 'fr',
      title: 'T',
      content: 'x',
    });
    expect(start).toMatchObject({ file: 'content/docs/guide/start.fr.md', live: true });
    const docs = await call(service, 'create_page', { route: 'docs', lang: 'fr', title: 'T', content: 'x' });
    expect(docs).toMatchObject({ file: 'content/docs/_index.fr.md', url: 'https://example.org/docs/', live: true });
    const toml = await call(service, 'update_page', { route: 'docs/toml', lang: 'fr', draft: false, title: 'New' });
    expect(toml).toMatchObject({ live: true, url: 'https://example.org/docs/toml/' });
    expect(await service.dir.read('site/content/docs/toml.md')).toBe(
      '+++\ntitle = "New"\ndraft = false\ntags = ["a"]\n+++\nText.\n',
    );
    const home = await call(service, 'update_page', { route: '/', lang: 'en', content: 'New home.' });
    expect(home).toMatchObject({ file: 'content/_index.en.md', live: true, url: 'https://example.org/en/' });
  });
});

test('one content folder per language', async () => {
  const files = {
    ...empty,
    'hugo.toml': (baseFiles['hugo.toml'] ?? '')
      .replace('[languages.fr]', '[languages.fr]\ncontentDir = "content/fr"\ntitle = "Le [site"')
      .replace('[languages.en]', '[languages.en]\ncontentDir = "content/english"'),
    'content/fr/_index.md': page('Accueil'),
    'content/fr/posts/hello/index.md': page('Bonjour'),
    'content/english/posts/hello/index.md': page('Hello'),
    'content/english/posts/single.md': page('Single'),
  };
  await withSite(files, async (service) => {
    expect(await listing(service)).toEqual([
      '/ fr home Accueil',
      'posts/hello en bundle Hello',
      'posts/hello fr bundle Bonjour',
      'posts/single en single Single',
    ]);
    const make = (route: string, lang: string) =>
      call(service, 'create_page', { route, lang, title: 'T', content: 'x' });
    expect(await make('posts/new', 'en')).toMatchObject({ file: 'content/english/posts/new/index.md', live: true });
    expect(await make('posts/new', 'fr')).toMatchObject({ file: 'content/fr/posts/new/index.md', live: true });
    expect(await make('posts/single', 'fr')).toMatchObject({ file: 'content/fr/posts/single.md', live: true });
    expect(await service.live('en/posts/new/index.html')).toBeDefined();
    expect(await service.live('posts/new/index.html')).toBeDefined();
  });
});

test('a site in one language, configured in config.yaml, below a path and with permalinks', async () => {
  const files = {
    ...empty,
    'hugo.toml': undefined,
    'config/_default/config.yaml':
      'baseURL: https://example.org/blog/\ntitle: One\npermalinks:\n  posts: /:year/:slug/\ndisableKinds: [taxonomy, term]\n',
    'content/posts/dated.md': '---\ntitle: Dated\ndate: 2021-02-03\n---\nx\n',
  };
  await withSite(files, async (service) => {
    expect(await listing(service)).toEqual(['posts/dated en single Dated']);
    const made = await call(service, 'create_page', {
      route: 'posts/second',
      lang: 'en',
      title: 'Second title',
      content: 'x',
      front_matter: { date: '2022-03-04T00:00:00Z', slug: 'other-slug' },
    });
    expect(made).toMatchObject({
      file: 'content/posts/second/index.en.md',
      url: 'https://example.org/blog/2022/other-slug/',
      live: true,
    });
    expect(await service.dir.read('site/content/posts/second/index.en.md')).toMatch(/\nlastmod: .*Z\n/);
    const { pages } = await call(service, 'list_pages', {});
    expect(pages[0]).toMatchObject({ url: 'https://example.org/blog/2021/dated/' });
  });
});

test('a name is the same in every normalisation and case, and keeps the one it has on disk', async () => {
  const decomposed = 'content/posts/e\u0301te\u0301/index.en.md';
  await withSite({ [decomposed]: page('Summer') }, async (service) => {
    const found = await call(service, 'get_page', { route: 'posts/\u00e9t\u00e9', lang: 'en' });
    expect(found).toMatchObject({ file: decomposed });
    const again = { route: 'posts/\u00c9T\u00c9', lang: 'en', title: 'T', content: 'x' };
    expect((await service.call('create_page', again)).text).toContain('[page_exists]');
    const beside = await call(service, 'create_page', { ...again, route: 'posts/\u00e9t\u00e9', lang: 'fr' });
    expect(beside).toMatchObject({ file: decomposed.replace('.en.', '.fr.'), live: true });
  });
});

test('a page that somebody broke by hand is listed with what is wrong, and can be mended', async () => {
  await withSite({ 'content/posts/broken/index.en.md': '---\ntitle: [a\n---\nBody.\n' }, async (service) => {
    const { pages } = await call(service, 'list_pages', { section: 'posts/broken' });
    expect(pages).toEqual([expect.objectContaining({ title: '', problem: expect.stringContaining('YAML') })]);
    expect(await call(service, 'get_page', { route: 'posts/broken', lang: 'en' })).toMatchObject({
      content: 'Body.\n',
      problem: expect.stringContaining('YAML'),
    });
    const title = await service.call('update_page', { route: 'posts/broken', lang: 'en', title: 'x' });
    expect(title.text).toContain('[front_matter_invalid]');
    const built = await service.call('build_site', {});
    expect(built.text).toContain('content/posts/broken/index.en.md');
    expect(built.text).toContain('[hugo_failed]');
    expect(await call(service, 'delete_page', { route: 'posts/broken', lang: 'en' })).toMatchObject({ live: true });
  });
});

test('a list comes in parts, and so does a long page', async () => {
  const many = Object.fromEntries(
    Array.from({ length: 12 }, (_, i) => [`content/many/p${String(i).padStart(2, '0')}/index.en.md`, page(`P${i}`)]),
  );
  const long = 'é'.repeat(60_000);
  await withSite({ ...many, 'content/long/index.en.md': `${page('Long')}${long}` }, async (service) => {
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const part = await call(service, 'list_pages', { section: 'many', limit: 5, ...(cursor && { cursor }) });
      expect(part.total).toBe(12);
      seen.push(...part.pages.map(({ route }: { route: string }) => route));
      cursor = part.next_cursor ?? undefined;
    } while (cursor !== undefined);
    expect(seen).toEqual(Object.keys(many).map((file) => file.slice('content/'.length, -'/index.en.md'.length)));
    const parts: string[] = [];
    let next: object | null = {};
    while (next !== null) {
      const part: { content: string; total_lines: number; truncated: boolean; next: object | null } = await call(
        service,
        'get_page',
        { route: 'long', lang: 'en', ...next },
      );
      expect(part).toMatchObject({ total_lines: 2, truncated: true });
      parts.push(part.content);
      next = part.next;
    }
    expect(parts.length).toBeGreaterThan(1);
    expect(parts.join('')).toBe(`Text.\n${long}`);
    const { json } = await service.call('get_page', { route: 'long', lang: 'en' });
    expect(json.result.content[0].text).toContain('For the next part: from_line 2, from_column');
    expect(JSON.stringify(json.result).length).toBeLessThan(100_000);
  });
});

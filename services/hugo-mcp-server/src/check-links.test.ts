import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { startService, structured, type TestService } from './testing/service-fixture.ts';
import { layouts, variedSite } from './testing/varied-site.ts';

const list =
  '<title>{{ .Title }}</title><main>{{ .Content }}{{ range .RegularPages }}<a href="{{ .RelPermalink }}">x</a>{{ end }}</main>\n';
const footer = '<footer><a href="/everywhere/">Imprint</a> <a href="https://elsewhere.example/x">away</a></footer>';
const single = `<title>{{ .Title }}</title><main>{{ .Content }}</main>${footer}\n`;

describe.each(layouts)('a site with its languages %s', (layout) => {
  let service: TestService;
  const at = (name: string, lang: string) =>
    layout === 'by name' ? `content/${name}.${lang}.md` : `content/${lang}/${name}.md`;
  beforeAll(async () => {
    service = await startService({
      files: {
        ...variedSite(layout),
        'layouts/_default/single.html': single,
        'layouts/_default/list.html': list,
        'layouts/index.html':
          '<title>{{ .Title }}</title><main>{{ .Content }}<a href="{{ "posts/" | relLangURL }}">p</a></main>\n',
        'static/logo.png': 'x',
        [at('posts/links', 'fr')]: [
          '---\ntitle: Liens\n---\n',
          '[bon](../hello/) [mort](/posts/absent/) ![ici](/logo.png)',
          '![mort](perdu.png) [brouillon](/docs/guide/) [encodé](/posts/%C3%A9t%C3%A9/) [ancre](#x)',
          '[page](../hello/photo.txt) <a href="/posts/hello">sans barre</a>',
          '',
        ].join('\n'),
        [at('posts/été', 'fr')]: '---\ntitle: Été\n---\nRien.\n',
        [at('posts/draft/index', 'en')]:
          '---\ntitle: Draft\ndraft: true\n---\n[dead](/en/nothing/) [live](/en/posts/hello/) {{< ref "gone" >}}\n',
        [at('alone', 'en')]: '---\ntitle: Alone\n---\nNobody comes.\n',
      },
    });
    await structured(service, 'build_site', {});
    // Hugo is asked behind the build which pages are hidden; of the future it alone knows.
    const later = () => structured(service, 'get_page', { route: 'docs/later', lang: 'en' });
    while ((await later()).not_published_because !== 'future') await new Promise((resolve) => setTimeout(resolve, 20));
  });
  afterAll(() => service?.dispose());

  test('broken links and pictures are found in finished pages and in drafts, with their lines', async () => {
    const report = await structured(service, 'check_links', {});
    const found = Object.fromEntries(report.broken.map((link: { target: string }) => [link.target, link]));
    expect(Object.keys(found).sort()).toEqual([
      '/docs/guide/',
      '/en/nothing/',
      '/everywhere/',
      '/posts/absent/',
      'gone',
      'perdu.png',
    ]);
    expect(found['/posts/absent/']).toMatchObject({
      kind: 'link',
      places: [{ route: 'posts/links', lang: 'fr', line: 1, url: 'https://example.org/posts/links/' }],
    });
    expect(found['perdu.png']).toMatchObject({ kind: 'image', places: [{ route: 'posts/links', line: 2 }] });
    expect(found['/docs/guide/']).toMatchObject({ means_page: 'docs/guide (fr)', hidden_because: 'draft' });
    // A link of the layout is one finding, however many pages show it.
    expect(found['/everywhere/'].places_total).toBeGreaterThan(4);
    expect(found['/everywhere/'].places[0].line).toBeNull();
    expect(report.broken[0].target).toBe('/everywhere/');
    expect(found['/en/nothing/']).toMatchObject({ places: [{ route: 'posts/draft', lang: 'en', line: 1, url: null }] });
    expect(report.orphans.map(({ route, lang }: Record<string, string>) => `${route} ${lang}`)).toEqual(['alone en']);
    expect(report.next_cursor).toBeNull();
  });

  test('one page, one language, and part after part', async () => {
    const one = await structured(service, 'check_links', { route: 'posts/links', lang: 'fr' });
    expect(one).toMatchObject({ pages_checked: 1, orphans: null });
    expect(one.broken.map(({ target }: { target: string }) => target).sort()).toEqual([
      '/docs/guide/',
      '/everywhere/',
      '/posts/absent/',
      'perdu.png',
    ]);
    const draft = await structured(service, 'check_links', { route: 'posts/draft', lang: 'en' });
    expect(draft).toMatchObject({ pages_checked: 0, unpublished_checked: 1, broken_total: 2 });
    const english = await structured(service, 'check_links', { lang: 'en' });
    expect(english.broken.map(({ target }: { target: string }) => target)).not.toContain('perdu.png');
    expect(english.orphans).toHaveLength(1);
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const part = await structured(service, 'check_links', { limit: 2, ...(cursor && { cursor }) });
      seen.push(...part.broken.map(({ target }: { target: string }) => target));
      cursor = part.next_cursor ?? undefined;
    } while (cursor !== undefined);
    expect(new Set(seen).size).toBe(6);
    expect((await service.call('check_links', { cursor: 'x' })).text).toContain('[cursor_invalid]');
    expect((await service.call('check_links', { route: 'posts/never' })).text).toContain('[page_not_found]');
  });
});

test('a site below a path, and a real client; the answer is bounded', async () => {
  const dead = Array.from({ length: 2000 }, (_, i) => `[x](/blog/${'long-'.repeat(60)}${i}/)`).join('\n\n');
  const service = await startService({
    files: {
      'hugo.toml': 'baseURL = "https://example.org/blog/"\ntitle = "T"\n',
      'content/posts/hello/index.fr.md': undefined,
      'content/_index.fr.md': undefined,
      'content/posts/a.md': `---\ntitle: A\n---\n[ok](/blog/posts/b/) [root](/posts/b/) [rel](../b/) ![no](/blog/no.png)\n`,
      'content/posts/b.md': '---\ntitle: B\n---\nText.\n',
      'content/posts/c.md': `---\ntitle: C\n---\n${dead}\n`,
    },
  });
  try {
    await structured(service, 'build_site', {});
    const one = await structured(service, 'check_links', { route: 'posts/a' });
    expect(one.broken.map(({ target }: { target: string }) => target)).toEqual(['/blog/no.png']);
    const client = new Client({ name: 'reader', version: '1' }, { versionNegotiation: { mode: 'auto' } });
    const fetch = service.fetch('content:read');
    await client.connect(new StreamableHTTPClientTransport(new URL(service.url), { fetch }));
    const result = await client.callTool({ name: 'check_links', arguments: { limit: 200 } });
    expect(result.structuredContent).toMatchObject({ broken_total: 2001, next_cursor: expect.any(String) });
    expect(JSON.stringify(result).length).toBeLessThan(100_000);
    await client.close();
  } finally {
    await service.dispose();
  }
});

test('on a site whose languages have hosts of their own, links are followed on each', async () => {
  const hosts = [
    'baseURL = "https://example.org/"',
    'defaultContentLanguage = "fr"',
    '[languages.fr]',
    'baseURL = "https://example.fr/"',
    '[languages.en]',
    'baseURL = "https://example.com/"',
    '',
  ].join('\n');
  const service = await startService({
    files: {
      'hugo.toml': hosts,
      'layouts/_default/single.html': '<title>{{ .Title }}</title><main>{{ .Content }}</main>\n',
      'content/posts/links.fr.md':
        '---\ntitle: Liens\n---\n[ici](/posts/hello/) [là](https://example.com/posts/hello/) [mort](/posts/rien/)\n',
      'content/posts/links.en.md':
        '---\ntitle: Links\n---\n[dead](https://example.fr/posts/only-en/) [here](/posts/only-en/) [away](https://elsewhere.example/)\n',
      'content/posts/only-en.en.md': '---\ntitle: Only\n---\nText.\n',
      'content/posts/alone.fr.md': '---\ntitle: Seul\n---\nTexte.\n',
    },
  });
  try {
    await structured(service, 'build_site', {});
    const report = await structured(service, 'check_links', {});
    const broken = report.broken.map(({ target, places }: { target: string; places: { url: string }[] }) => [
      target,
      places[0]?.url,
    ]);
    expect(broken.sort()).toEqual([
      ['/posts/rien/', 'https://example.fr/posts/links/'],
      ['https://example.fr/posts/only-en/', 'https://example.com/posts/links/'],
    ]);
    const orphans = report.orphans.map(({ route, lang }: { route: string; lang: string }) => `${route} ${lang}`);
    expect(orphans).toContain('posts/alone fr');
    expect(orphans).not.toContain('posts/only-en en');
    expect(orphans).not.toContain('posts/hello en');
    const one = await structured(service, 'check_links', { route: 'posts/links', lang: 'fr' });
    expect(one).toMatchObject({ pages_checked: 1, broken: [{ target: '/posts/rien/' }] });
  } finally {
    await service.dispose();
  }
});

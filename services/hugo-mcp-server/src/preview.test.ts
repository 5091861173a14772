import { createHash } from 'node:crypto';
import { lstat, readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { startService, structured, type TestService } from './testing/service-fixture.ts';
import { releasesOnDisk } from './testing/service-state.ts';
import { layouts, variedSite } from './testing/varied-site.ts';

const layout = `<!doctype html><html><head><title>{{ .Title }} | Test</title>
<meta name="description" content="{{ with .Description }}{{ . }}{{ else }}none{{ end }}"></head>
<body><nav>Menu</nav><main><h1>{{ .Title }}</h1>{{ .Content }}{{ range .Resources }}<p>Has {{ .Name }}</p>{{ end }}</main><footer>{{ site.Data.facts.answer }} {{ with resources.Get "style.css" }}{{ .RelPermalink }}{{ end }}</footer></body></html>\n`;
const looks = {
  'assets/style.css': 'body { color: red; }\n',
  'data/facts.yaml': 'answer: 42\n',
  'i18n/en.yaml': 'hello: Hello\n',
  'archetypes/default.md': '---\n---\n',
  'static/robots.txt': 'User-agent: *\n',
  'themes/plain/layouts/partials/plain.html': 'plain\n',
  'layouts/_default/single.html': layout,
  'layouts/_default/list.html': layout,
  'layouts/index.html': layout,
};

/** Every file below a folder with its content and times: what must not change. */
async function stateOf(dir: string): Promise<string> {
  const lines: string[] = [];
  for (const name of (await readdir(dir, { recursive: true })).sort()) {
    const absolute = path.join(dir, name);
    const stats = await lstat(absolute);
    if (stats.isFile()) {
      const hash = createHash('sha256')
        .update(await readFile(absolute))
        .digest('hex');
      lines.push(`${name} ${hash} ${stats.mtimeMs} ${stats.ino}`);
    } else lines.push(name);
  }
  return lines.join('\n');
}

describe.each(layouts)('a site with its languages %s', (languages) => {
  let service: TestService;
  beforeAll(async () => {
    service = await startService({ files: { ...variedSite(languages), ...looks } });
    await structured(service, 'build_site', {});
  });
  afterAll(() => service?.dispose());

  const preview = (route: string, lang: string, more: object = {}) =>
    structured(service, 'preview_page', { route, lang, ...more });

  test('shows a page of every kind as it would be, and changes nothing anywhere', async () => {
    await releasesOnDisk(service);
    const site = await stateOf(service.siteDir);
    const live = await stateOf(path.join(service.dir.path, 'state/releases'));
    const changes = { title: 'New *title*', content: 'A **bold** word.\n\n- one\n- two\n' };
    for (const route of ['posts/hello', 'posts/single', 'posts', '/']) {
      const shown = await preview(route, 'en', { ...changes, front_matter: { description: 'About it' } });
      expect(shown).toMatchObject({
        exists: true,
        changed: true,
        written: false,
        title: 'New *title* | Test',
        description: 'About it',
        would_be_hidden_because: null,
        url: `https://example.org/en/${route === '/' ? '' : `${route}/`}`,
      });
      expect(shown.text).toMatch(/^# New \*title\*\nA bold word\.\n- one\n- two(?:\nHas photo\.txt)?$/);
    }
    expect(await stateOf(service.siteDir)).toBe(site);
    expect(await stateOf(path.join(service.dir.path, 'state/releases'))).toBe(live);
    expect(await readdir(path.join(service.dir.path, 'state/scratch'))).not.toContainEqual(
      expect.stringMatching(/^preview-/),
    );
    expect((await structured(service, 'get_page', { route: 'posts/hello', lang: 'en' })).title).toBe('Hello');
  });

  test('shows drafts, pages of the future and expired ones, and why visitors would not get them', async () => {
    const guide = await preview('docs/guide', 'fr');
    expect(guide).toMatchObject({ changed: false, would_be_hidden_because: 'draft', title: 'Guide | Test' });
    expect(guide.text).toContain('Un brouillon, voir Bonjour.');
    expect(await preview('docs/guide', 'fr', { draft: false })).toMatchObject({ would_be_hidden_because: null });
    expect(await preview('docs/later', 'en')).toMatchObject({ would_be_hidden_because: 'future' });
    expect(await preview('docs/over', 'en')).toMatchObject({ would_be_hidden_because: 'expired' });
  });

  test('a bundle is shown with its files, an edit by find and replace as it would turn out', async () => {
    const hello = await preview('posts/hello', 'fr', { edits: [{ find: 'café', replace: 'thé' }] });
    expect(hello.text).toBe('# Bonjour\nUn thé à la crème brûlée.\nHas photo.txt');
    expect(
      (await service.call('preview_page', { route: 'posts/hello', edits: [{ find: 'rum', replace: 'x' }] })).text,
    ).toContain('[edit_not_found]');
  });

  test('a new page is shown where it would be, and is not there afterwards', async () => {
    const args = { title: 'Fresh', content: 'See {{< ref "posts/single" >}}.', front_matter: { date: '2020-01-01' } };
    expect(await preview('posts/fresh', 'en', args)).toMatchObject({
      exists: false,
      changed: true,
      url: 'https://example.org/en/posts/fresh/',
      text: '# Fresh\nSee https://example.org/en/posts/single/.',
    });
    expect((await service.call('get_page', { route: 'posts/fresh', lang: 'en' })).text).toContain('[page_not_found]');
    expect((await service.call('preview_page', { route: 'posts/fresh', lang: 'en' })).text).toContain(
      '[page_not_found]',
    );
    const untitled = await service.call('preview_page', { route: 'posts/fresh', lang: 'en', content: 'x' });
    expect(untitled.text).toContain('[arguments_invalid]');
    const refused = { route: 'posts/hello', lang: 'en', front_matter: { aliases: ['/x'] } };
    expect((await service.call('preview_page', refused)).text).toContain('[arguments_invalid]');
  });

  test('what Hugo cannot build is said in its own words, and the live site does not notice', async () => {
    const broken = await service.call('preview_page', { route: 'posts/hello', lang: 'en', content: '{{< nothing >}}' });
    expect(broken.text).toContain('[hugo_failed]');
    expect(broken.text).toMatch(/shortcode.{1,20}nothing/);
    expect(broken.text).not.toContain('scratch');
    expect(await service.live('en/posts/hello/index.html')).toContain('nothing else');
    expect((await structured(service, 'site_info', {})).builds[0].state).toBe('live');
  });
});

test('previews and writes at once do not get in each other’s way; what a crash left is swept at the start', async () => {
  const service = await startService({ files: looks });
  try {
    const page = { route: 'posts/hello', lang: 'en' };
    const client = new Client({ name: 'reader', version: '1' }, { versionNegotiation: { mode: 'auto' } });
    await client.connect(new StreamableHTTPClientTransport(new URL(service.url), { fetch: service.fetch() }));
    const [shown, written, second] = await Promise.all([
      client.callTool({ name: 'preview_page', arguments: { ...page, content: 'Only shown.' } }),
      client.callTool({ name: 'update_page', arguments: { ...page, content: 'Written.' } }),
      client.callTool({ name: 'preview_page', arguments: { ...page, content: 'Shown too.' } }),
    ]);
    await client.close();
    expect(shown.structuredContent).toMatchObject({ text: '# Hello\nOnly shown.' });
    expect(second.structuredContent).toMatchObject({ text: '# Hello\nShown too.' });
    expect(written.structuredContent).toMatchObject({ live: true });
    expect(await service.live('en/posts/hello/index.html')).toContain('Written.');
    await service.dir.write({ 'state/scratch/preview-left/site/content/x.md': 'x' });
    await service.restart();
    await expect(stat(path.join(service.dir.path, 'state/scratch/preview-left'))).rejects.toThrow('ENOENT');
  } finally {
    await service.dispose();
  }
});

test('a site with its content in a folder of a folder and its theme outside of the site can be previewed', async () => {
  const service = await startService({
    files: {
      'hugo.toml':
        'baseURL = "https://example.org/"\ntitle = "T"\ntheme = "plain"\nthemesDir = "../outer"\ncontentDir = "docs/content"\n',
      'layouts/_default/single.html': undefined,
      'layouts/_default/list.html': undefined,
      'layouts/index.html': undefined,
      'docs/content/posts/hello.md': '---\ntitle: Hello\n---\nHi.\n',
    },
    prepare: (dir) =>
      dir.write({
        'outer/plain/layouts/_default/single.html': layout,
        'outer/plain/layouts/_default/list.html': layout,
        'outer/plain/layouts/index.html': layout,
      }),
  });
  try {
    const shown = await structured(service, 'preview_page', { route: 'posts/hello', content: 'As it would be.' });
    expect(shown).toMatchObject({ text: '# Hello\nAs it would be.', file: 'docs/content/posts/hello.md' });
  } finally {
    await service.dispose();
  }
});

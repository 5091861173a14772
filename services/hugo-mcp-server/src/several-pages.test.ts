import { readlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { startService, type TestService } from './testing/service-fixture.ts';
import { baseFiles, type Files } from './testing/site-fixture.ts';

let service: TestService;
let client: Client;

async function open(files: Files): Promise<void> {
  service = await startService({ files });
  await connect();
}

async function connect(): Promise<void> {
  client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode: 'auto' } });
  await client.connect(new StreamableHTTPClientTransport(new URL(service.url), { fetch: service.fetch() }));
}
afterEach(async () => {
  await client?.close();
  await service?.dispose();
});

/** The structured result of a call that must succeed, over HTTPS by the real client. */
// biome-ignore lint/suspicious/noExplicitAny: tests look at whatever came.
async function call(name: string, args: object): Promise<any> {
  const answer = await client.callTool({ name, arguments: args as Record<string, unknown> });
  expect(answer.isError === true ? answer.content : []).toEqual([]);
  return answer.structuredContent;
}

async function refusal(name: string, args: object): Promise<string> {
  const answer = await client.callTool({ name, arguments: args as Record<string, unknown> });
  expect(answer.isError).toBe(true);
  return (answer.content as { text: string }[])[0]?.text ?? '';
}

const read = (file: string) => service.dir.read(`site/content/${file}`);
const missing = (file: string) => expect(read(file)).rejects.toThrow('ENOENT');
const subjects = async () => (await service.git('log', '--format=%s')).trim().split('\n');
const page = (title: string, body = 'Text.') => `---\ntitle: ${title} # kept\n---\n\n${body}\n`;
const redirect = (to: string) => new RegExp(`http-equiv=["']?refresh["']? content=["']?0; url=${to}`);

describe('apply_changes', () => {
  beforeEach(() => open({}));

  test('makes a post in two languages and other changes as one commit and one build', async () => {
    await call('build_site', {});
    const builds = (await service.git('rev-list', '--count', 'HEAD')).trim();
    const made = await call('apply_changes', {
      changes: [
        { action: 'create', route: 'posts/pair', lang: 'fr', title: 'Paire', content: 'Voir.' },
        { action: 'create', route: 'posts/pair', lang: 'en', title: 'Pair', content: 'See.' },
        { action: 'update', route: 'posts/pair', lang: 'en', edits: [{ find: 'See.', replace: 'Look.' }] },
        { action: 'move', route: 'posts/hello', to: 'posts/welcome' },
        { action: 'update', route: 'posts/welcome', lang: 'fr', title: 'Bienvenue' },
        { action: 'delete', route: 'posts/welcome', lang: 'en' },
      ],
    });
    expect(made).toMatchObject({ written: true, committed: true, building: null });
    expect(
      made.pages.map(({ route, lang, live, revision }: Record<string, unknown>) => [
        route,
        lang,
        live,
        revision !== null,
      ]),
    ).toEqual([
      ['posts/pair', 'fr', true, true],
      ['posts/pair', 'en', true, true],
      ['posts/welcome', 'en', true, false],
      ['posts/welcome', 'fr', true, true],
    ]);
    expect(Number((await service.git('rev-list', '--count', 'HEAD')).trim())).toBe(Number(builds) + 1);
    expect(await service.git('log', '-1', '--format=%B')).toContain('* Move posts/hello to posts/welcome\n');
    expect(await service.live('en/posts/pair/index.html')).toContain('Look.');
    expect(await service.live('posts/hello/index.html')).toMatch(redirect('https://example.org/posts/welcome/'));
    expect(await read('posts/welcome/index.fr.md')).toContain('# un commentaire\ntitle: "Bienvenue"\n');
    await missing('posts/hello/index.fr.md');
    await missing('posts/welcome/index.en.md');
  });

  test('tells nothing of a page that it makes and takes away again', async () => {
    await call('build_site', {});
    const target = { route: 'posts/q1', lang: 'en' };
    const made = await call('apply_changes', {
      changes: [
        { action: 'create', ...target, title: 'Q', content: 'x' },
        { action: 'move', route: 'posts/q1', to: 'posts/q2' },
        { action: 'update', route: 'posts/q2', lang: 'en', title: 'R' },
        { action: 'delete', route: 'posts/q2', lang: 'en' },
      ],
    });
    expect(made).toMatchObject({ written: false, committed: false, pages: [] });
  });

  test('makes none if one cannot be made, and names it', async () => {
    await call('build_site', {});
    const before = await subjects();
    const changes = [
      { action: 'create', route: 'posts/one', lang: 'fr', title: 'Un', content: 'x' },
      { action: 'update', route: 'posts/none', lang: 'fr', title: 'y' },
    ];
    const text = await refusal('apply_changes', { changes });
    expect(text).toMatch(
      /^changes\[1\] \(update posts\/none \(fr\)\): There is no page .* None of the changes was made\..*\[page_not_found\]$/,
    );
    await missing('posts/one/index.fr.md');
    const broken = [{ ...changes[0] }, { action: 'update', route: 'posts/hello', lang: 'fr', content: '{{< nope >}}' }];
    expect(await refusal('apply_changes', { changes: broken })).toContain('[hugo_failed]');
    await missing('posts/one/index.fr.md');
    expect(await read('posts/hello/index.fr.md')).toBe(baseFiles['content/posts/hello/index.fr.md']);
    expect((await subjects()).filter((subject) => !before.includes(subject))).toEqual([
      expect.stringContaining('Take back: Apply 2 changes'),
      expect.stringContaining('Apply 2 changes'),
    ]);
  });

  test('plans each on what the ones before it leave, and a dry run writes nothing', async () => {
    const twice = { action: 'create', route: 'posts/twice', lang: 'fr', title: 'T', content: 'x' };
    expect(await refusal('apply_changes', { changes: [twice, twice] })).toContain('[page_exists]');
    const inside = { ...twice, route: 'posts/twice/below' };
    expect(await refusal('apply_changes', { changes: [twice, inside] })).toContain('[inside_bundle]');
    const gone = { action: 'delete', route: 'posts/twice', lang: 'fr' };
    expect(await call('apply_changes', { changes: [twice, gone] })).toMatchObject({ written: false, committed: false });
    const { would_change } = await call('apply_changes', {
      changes: [twice, { action: 'move', route: 'posts/hello', to: 'posts/other' }],
      dry_run: true,
    });
    expect(would_change.files).toEqual([
      { file: 'content/posts/twice/index.fr.md', change: 'create' },
      expect.objectContaining({ change: 'move', from: 'content/posts/hello/index.en.md' }),
      expect.objectContaining({ change: 'move', file: 'content/posts/other/index.fr.md' }),
    ]);
    expect(would_change.diff).toContain('+aliases:');
    await missing('posts/twice/index.fr.md');
    await read('posts/hello/index.fr.md');
  });
});

describe('move_page', () => {
  const links = [
    'See [here](/posts/hello/#top), [there](https://example.org/posts/hello/?a=1), ![](/posts/hello/a.png)',
    '`[code](/posts/hello/)` and {{< ref "posts/hello" >}} and {{< relref "/posts/hello#x" >}}.',
    '',
    '[up](../hello/) [other](/posts/single/)',
  ].join('\n');

  test('takes a bundle with translations and files along, leaves aliases, and rewrites links on request', async () => {
    await open({
      'content/posts/hello/a.png': 'png',
      'content/posts/hello/img/b.png': 'png b',
      'content/posts/linking/index.fr.md': page('Links', links),
      'content/posts/single.md': page('Single', '[in](../hello/)'),
    });
    await call('build_site', {});
    const { revision } = await call('get_page', { route: 'posts/hello', lang: 'en' });
    expect(await refusal('move_page', { route: 'posts/hello', to: 'notes/hi', expected_revision: revision })).toContain(
      '[revision_mismatch]',
    );
    const moved = await call('move_page', {
      route: 'posts/hello',
      to: 'notes/hi',
      lang: 'en',
      expected_revision: revision,
      rewrite_links: true,
    });
    expect(moved.pages).toEqual([
      expect.objectContaining({
        route: 'notes/hi',
        lang: 'en',
        from: 'posts/hello',
        live: true,
        url: 'https://example.org/en/notes/hi/',
      }),
      expect.objectContaining({
        route: 'notes/hi',
        lang: 'fr',
        from: 'posts/hello',
        live: true,
        url: 'https://example.org/notes/hi/',
      }),
      expect.objectContaining({ route: 'posts/linking' }),
      expect.objectContaining({ route: 'posts/single' }),
    ]);
    expect(moved.rewritten).toEqual(['posts/linking (fr)', 'posts/single (fr)']);
    expect(await read('notes/hi/index.fr.md')).toBe(
      (baseFiles['content/posts/hello/index.fr.md'] ?? '').replace(
        '+02:00\n',
        '+02:00\naliases:\n  - "/posts/hello/"\n',
      ),
    );
    expect(await read('notes/hi/img/b.png')).toBe('png b');
    await missing('posts/hello/a.png');
    expect(await service.live('posts/hello/index.html')).toMatch(redirect('https://example.org/notes/hi/'));
    expect(await service.live('en/posts/hello/index.html')).toMatch(redirect('https://example.org/en/notes/hi/'));
    expect(await service.live('notes/hi/a.png')).toBe('png');
    expect(await read('posts/linking/index.fr.md')).toBe(
      page(
        'Links',
        links
          .replace('(/posts/hello/#top)', '(/notes/hi/#top)')
          .replace('(https://example.org/posts/hello/?a=1)', '(https://example.org/notes/hi/?a=1)')
          .replace('"posts/hello"', '"/notes/hi"')
          .replace('"/posts/hello#x"', '"/notes/hi#x"')
          .replace('(../hello/)', '(/notes/hi/)'),
      ),
    );
    // And back: the address that is its own again is no alias any more.
    await call('move_page', { route: 'notes/hi', to: 'posts/hello', rewrite_links: true });
    expect(await read('posts/hello/index.fr.md')).toContain('aliases:\n  - "/notes/hi/"\n');
    expect(await service.live('posts/hello/index.html')).toContain('Salut.');
    expect(await service.live('notes/hi/index.html')).toMatch(redirect('https://example.org/posts/hello/'));
  });

  test('moves single files and sections with all that is below them, in all three formats', async () => {
    await open({
      'content/docs/_index.md': page('Docs'),
      'content/docs/_index.en.md': '+++\n# toml\ntitle = "Docs"\n\n[params]\nx = 1\n+++\nText.\n',
      'content/docs/start.md': '{\n  "title": "Start",\n  "aliases": ["/very-old/"]\n}\nText.\n',
      'content/docs/guide/index.md': '+++\ntitle = "Guide"\naliases = ["/older/"] # a\n+++\nText.\n',
      'content/docs/guide/pic.png': 'pic',
      'content/docs/fixed.md': page('Fixed').replace('---\n\n', 'url: /fixed/\n---\n\n'),
    });
    await call('build_site', {});
    const single = await call('move_page', { route: 'docs/start', to: 'docs/first-steps' });
    expect(single.pages).toEqual([expect.objectContaining({ file: 'content/docs/first-steps.md', live: true })]);
    expect(await read('docs/first-steps.md')).toBe(
      '{\n  "title": "Start",\n  "aliases": [\n    "/very-old/",\n    "/docs/start/"\n  ]\n}\nText.\n',
    );
    const section = await call('move_page', { route: 'docs', to: 'manual' });
    expect(section.pages.map(({ route, lang }: Record<string, string>) => `${route} ${lang}`).sort()).toEqual([
      'manual en',
      'manual fr',
      'manual/first-steps fr',
      'manual/fixed fr',
      'manual/guide fr',
    ]);
    expect(await read('manual/_index.en.md')).toBe(
      '+++\n# toml\ntitle = "Docs"\naliases = ["/en/docs/"]\n\n[params]\nx = 1\n+++\nText.\n',
    );
    expect(await read('manual/guide/index.md')).toContain('aliases = ["/older/", "/docs/guide/"] # a\n');
    expect(await read('manual/guide/pic.png')).toBe('pic');
    expect(await read('manual/fixed.md')).not.toContain('aliases');
    for (const [old, now] of [
      ['docs', 'manual'],
      ['en/docs', 'en/manual'],
      ['docs/guide', 'manual/guide'],
      ['docs/start', 'manual/first-steps'],
      ['docs/first-steps', 'manual/first-steps'],
    ]) {
      expect(await service.live(`${old}/index.html`)).toMatch(redirect(`https://example.org/${now}/`));
    }
    expect(await service.live('fixed/index.html')).toContain('Text.');
  });

  test('moves translations in folders of their own, below a path', async () => {
    const empty = Object.fromEntries(
      Object.keys(baseFiles)
        .filter((file) => file.startsWith('content/'))
        .map((file) => [file, undefined]),
    );
    await open({
      ...empty,
      'hugo.toml': (baseFiles['hugo.toml'] ?? '')
        .replace('https://example.org/', 'https://example.org/blog/')
        .replace('[languages.fr]', '[languages.fr]\ncontentDir = "content/fr"')
        .replace('[languages.en]', '[languages.en]\ncontentDir = "content/english"'),
      'content/fr/posts/hello/index.md': page('Bonjour'),
      'content/fr/posts/hello/a.png': 'png',
      'content/english/posts/hello/index.md': page('Hello', '[fr](/blog/posts/hello/)'),
      'content/english/posts/other.md': page('Other', '[h](/blog/en/posts/hello/)'),
    });
    await call('build_site', {});
    const moved = await call('move_page', { route: 'posts/hello', to: 'posts/bye', rewrite_links: true });
    expect(moved.pages.map(({ file }: { file: string }) => file)).toEqual([
      'content/english/posts/bye/index.md',
      'content/fr/posts/bye/index.md',
      'content/english/posts/other.md',
    ]);
    expect(await read('english/posts/bye/index.md')).toBe(
      page('Hello', '[fr](/blog/posts/bye/)').replace('# kept\n', '# kept\naliases:\n  - "/en/posts/hello/"\n'),
    );
    expect(await read('english/posts/other.md')).toContain('[h](/blog/en/posts/bye/)');
    expect(await service.live('en/posts/hello/index.html')).toMatch(redirect('https://example.org/blog/en/posts/bye/'));
    expect(await read('fr/posts/bye/a.png')).toBe('png');
  });

  test('refuses what would overwrite, hide or lose something', async () => {
    await open({
      'content/posts/_index.md': page('Posts'),
      'content/posts/single.md': page('Single'),
      'content/notes/a.md': page('A'),
      'content/taken/file.txt': 'x',
      'content/posts/hello/file.txt': 'y',
    });
    await call('build_site', {});
    const move = (route: string, to: string) => refusal('move_page', { route, to });
    expect(await move('posts/hello', 'posts/single')).toContain('[page_exists]');
    expect(await move('posts/hello', 'posts/HELLO')).toContain('[page_exists]');
    expect(await move('posts/hello', 'notes')).toContain('[page_exists]');
    expect(await move('posts/hello', 'taken')).toContain('[page_exists]');
    expect(await move('posts/single', 'posts/hello/inside')).toContain('[inside_bundle]');
    expect(await move('posts', 'posts/deeper')).toContain('[inside_bundle]');
    expect(await move('posts/nothing', 'posts/x')).toContain('[page_not_found]');
    expect(await move('posts/hello', '../x')).toContain('[arguments_invalid]');
    expect(
      await refusal('update_page', { route: 'posts/hello', lang: 'fr', front_matter: { aliases: ['/x/'] } }),
    ).toContain('[arguments_invalid]');
  });
});

describe('restore_page', () => {
  test('gives back any version, deleted pages too, and the files that went with them', async () => {
    await open({ 'content/posts/hello/photo.jpg': 'jpg', 'content/posts/hello/deep/b.txt': 'b' });
    await call('build_site', {});
    const target = { route: 'posts/hello', lang: 'fr' };
    const first = await call('get_page', target);
    const second = await call('update_page', { ...target, content: 'Deux.' });
    await call('update_page', { ...target, content: 'Trois.' });
    const back = await call('restore_page', { ...target, revision: first.revision });
    expect(back).toMatchObject({ live: true, revision: first.revision, resources: [] });
    expect(await read('posts/hello/index.fr.md')).toBe(baseFiles['content/posts/hello/index.fr.md']);
    expect(await call('restore_page', { ...target, revision: second.commit })).toMatchObject({
      revision: second.revision,
    });
    expect(await call('restore_page', target)).toMatchObject({ revision: first.revision });
    expect(await call('restore_page', { ...target, revision: first.revision })).toMatchObject({ written: false });
    expect(await refusal('restore_page', { ...target, revision: '0'.repeat(32) })).toContain('[revision_unknown]');
    expect(await refusal('restore_page', { ...target, expected_revision: second.revision })).toContain(
      '[revision_mismatch]',
    );
    expect(await refusal('restore_page', { ...target, route: 'posts/never' })).toContain('[page_not_found]');

    await call('delete_page', { ...target, lang: 'en' });
    await call('delete_page', target);
    const { rm } = await import('node:fs/promises');
    await rm(`${service.siteDir}/content/posts/hello`, { recursive: true });
    const plan = await call('restore_page', { ...target, dry_run: true });
    expect(plan.would_change.files.map(({ change }: { change: string }) => change)).toEqual([
      'create',
      'create',
      'create',
    ]);
    expect(await call('restore_page', { ...target, expected_revision: 'absent' })).toMatchObject({
      live: true,
      revision: first.revision,
      resources: ['content/posts/hello/deep/b.txt', 'content/posts/hello/photo.jpg'],
      resources_left: 0,
    });
    expect(await read('posts/hello/photo.jpg')).toBe('jpg');
    await missing('posts/hello/index.en.md');
    expect(await call('restore_page', { ...target, lang: 'en' })).toMatchObject({ live: true, resources: [] });
  });
});

describe('restore_page from the history', () => {
  test('gives back a bundle of many files in parts, and says so', async () => {
    const files = Array.from({ length: 203 }, (_, i) => [`content/posts/hello/${i}.txt`, 'x'] as const);
    await open(Object.fromEntries(files));
    await call('build_site', {});
    const target = { route: 'posts/hello', lang: 'fr' };
    const { rm } = await import('node:fs/promises');
    await rm(`${service.siteDir}/content/posts/hello`, { recursive: true });
    const back = await call('restore_page', target);
    expect(back).toMatchObject({ live: true, resources_total: 200, resources_left: 3 });
    const rest = await service.call('restore_page', { ...target, revision: back.as_of });
    expect(rest.json.result.structuredContent).toMatchObject({ resources_total: 3, resources_left: 0 });
    expect(await read('posts/hello/202.txt')).toBe('x');
  });

  test('passes over what Hugo refused, and finds versions from before a move', async () => {
    await open({});
    const target = { route: 'posts/hello', lang: 'fr' };
    const first = await call('get_page', target);
    await call('update_page', { ...target, content: 'Deux.' });
    const broken = 'Bad {{< nowhere >}} here.';
    expect(await refusal('update_page', { ...target, content: broken })).toContain('[hugo_failed]');
    const { entries } = await call('page_history', target);
    expect(entries.map(({ taken_back }: { taken_back: boolean }) => taken_back)).toEqual([false, true, false, false]);
    expect((await call('page_history', { ...target, cursor: '1' })).entries).toEqual(entries.slice(1));
    expect(await call('restore_page', { ...target, dry_run: true })).toMatchObject({ revision: first.revision });
    const never = { route: 'posts/never', lang: 'fr' };
    expect(await refusal('create_page', { ...never, title: 'N', content: broken })).toContain('[hugo_failed]');
    expect(await refusal('restore_page', never)).toContain('[revision_unknown]');

    await call('move_page', { route: 'posts/hello', to: 'posts/moved' });
    const moved = { route: 'posts/moved', lang: 'fr' };
    const back = await call('restore_page', { ...moved, revision: first.revision });
    expect(back).toMatchObject({ live: true, file: 'content/posts/moved/index.fr.md', revision: first.revision });
    const history = await call('page_history', moved);
    const oldest = history.entries.at(-1).commit;
    await call('update_page', { ...moved, content: 'Trois.' });
    expect(await call('restore_page', { ...moved, revision: oldest })).toMatchObject({ revision: first.revision });
    await missing('posts/hello/index.fr.md');
  });
});

describe('rollback_site', () => {
  test('a page whose older version is live again is not said to be live', async () => {
    await open({});
    const target = { route: 'posts/hello', lang: 'en' };
    await call('update_page', { ...target, content: 'One.' });
    await call('update_page', { ...target, content: 'Two.' });
    expect(await call('get_page', target)).toMatchObject({ published: true, not_published_because: null });
    expect(await call('update_page', { ...target, content: 'Two.' })).toMatchObject({ written: false, live: true });
    await call('rollback_site', {});
    expect(await service.live('en/posts/hello/index.html')).toContain('One.');
    const same = { ...target, content: 'Two.' };
    expect(await call('update_page', same)).toMatchObject({ live: false, not_live_because: 'newer_than_live' });
    expect((await service.call('update_page', same)).text).toContain('build_site makes one now');
    expect(await call('get_page', target)).toMatchObject({
      published: false,
      not_published_because: 'newer_than_live',
    });
    await call('build_site', {});
    expect(await call('update_page', same)).toMatchObject({ written: false, live: true, not_live_because: null });

    const byHand = page('Hello', 'By hand.');
    await writeFile(path.join(service.siteDir, 'content/posts/hello/index.en.md'), byHand);
    expect(await call('get_page', target)).toMatchObject({ not_published_because: 'newer_than_live' });
    expect(await call('update_page', { ...target, content: 'By hand.\n' })).toMatchObject({
      written: false,
      live: false,
      not_live_because: 'newer_than_live',
    });
  });

  test('makes an earlier release live at once, says what is live, and the next write builds again', async () => {
    await open({});
    const first = await call('build_site', {});
    const target = { route: 'posts/hello', lang: 'en' };
    const second = await call('update_page', { ...target, content: 'Second.' });
    const third = await call('update_page', { ...target, content: 'Third.' });
    const seen = () => service.live('en/posts/hello/index.html');
    expect(await call('rollback_site', { dry_run: true })).toMatchObject({ live: false, release: second.release });
    expect(await seen()).toContain('Third.');
    const key = { idempotency_key: 'rollback-1' };
    const back = await call('rollback_site', key);
    expect(back).toMatchObject({ live: true, release: second.release, was_live: third.release, content_differs: true });
    expect(await readlink(service.publicLink)).toBe(`releases/${second.release}`);
    expect(await seen()).toContain('Second.');
    expect(await call('rollback_site', key)).toEqual(back);
    const release = { release: first.release };
    expect(await refusal('rollback_site', { ...release, expected_revision: third.release })).toContain(
      '[release_mismatch]',
    );
    expect(await call('rollback_site', { ...release, expected_revision: second.release })).toMatchObject(release);
    expect(await seen()).toContain('Hi.');
    expect(await refusal('rollback_site', { release: '20200101T000000000Z-000000' })).toMatch(
      /These are kept: .*\[release_unknown\]/,
    );
    expect(await refusal('build_site', { expected_revision: third.release })).toContain('[release_mismatch]');
    await client.close();
    await service.restart();
    await connect();
    expect(await seen()).toContain('Hi.');
    await call('update_page', { route: 'posts/hello', lang: 'fr', content: 'Encore.' });
    expect(await seen()).toContain('Third.');
    expect(await read('posts/hello/index.en.md')).toContain('Third.');
  });

  test('never removes what it made live, however many builds follow', async () => {
    await open({});
    const first = await call('build_site', {});
    for (let i = 0; i < 4; i++) await call('build_site', {});
    await Promise.all([
      call('rollback_site', { release: first.release }),
      call('build_site', {}),
      call('build_site', {}),
    ]);
    const live = await readlink(service.publicLink);
    expect(await service.live('index.html')).toContain('Bienvenue');
    expect(live).toMatch(/^releases\//);
  });
});

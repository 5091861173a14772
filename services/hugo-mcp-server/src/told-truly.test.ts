import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type GatedHugo, gatedHugo, until } from './testing/gated-hugo.ts';
import { type Answer, startService, type TestService } from './testing/service-fixture.ts';
import { inOrder } from './testing/service-state.ts';

const gitPath = execFileSync('sh', ['-c', 'command -v git']).toString().trim();
let service: TestService;
let hugo: GatedHugo;
const at = (name: string) => path.join(service.dir.path, name);
const hello = { route: 'posts/hello', lang: 'en' };
const update = (args: object) => service.call('update_page', { ...hello, ...args });
const ok = (answer: Answer) => {
  expect(answer.json.result.isError === true ? answer.text : '').toBe('');
  return answer.json.result.structuredContent;
};
const call = async (name: string, args: object) => ok(await service.call(name, args));
const building = async () => (await readFile(at('builds'), 'utf8').catch(() => '')).split('\n').length - 1;

beforeEach(async () => {
  service = await startService({
    prepare: async (dir) => {
      hugo = await gatedHugo(dir.path);
      // A git that refuses or hangs as it is told to.
      await mkdir(path.join(dir.path, 'bin'));
      await writeFile(
        path.join(dir.path, 'bin/git'),
        `#!/bin/sh\nif [ -e "${dir.path}/refuse-$1" ]; then echo "fatal: the disk says no" >&2; exit 128; fi\nwhile [ -e "${dir.path}/hang-$1" ]; do sleep 0.1; done\nexec "${gitPath}" "$@"\n`,
        { mode: 0o755 },
      );
    },
    environment: (dir) => ({ HUGO_BIN: path.join(dir.path, 'hugo'), PATH: `${dir.path}/bin:${process.env.PATH}` }),
  });
  await call('build_site', {});
});
afterEach(async () => {
  await hugo?.open();
  await service?.dispose();
});

test('of two changes of a page in one build, only the later one is said to be live', async () => {
  await hugo.close();
  const before = await building();
  const first = service.call('build_site', {});
  await until(async () => (await building()) > before);
  const answers = await inOrder(service, [
    () => update({ content: 'Earlier.' }),
    () => service.call('create_page', { route: 'posts/brief', lang: 'en', title: 'B', content: 'x' }),
    () => update({ content: 'Later.' }),
    () => service.call('delete_page', { route: 'posts/brief', lang: 'en' }),
  ]);
  await hugo.open();
  ok(await first);
  const [earlier, made, later, gone] = (await Promise.all(answers)).map(ok);
  expect(earlier).toMatchObject({ committed: true, live: false, not_live_because: 'superseded' });
  expect(later).toMatchObject({ committed: true, live: true, release: earlier.release });
  expect(made).toMatchObject({ committed: true, live: false, not_live_because: 'superseded' });
  expect(gone).toMatchObject({ committed: true, live: true });
});

describe('an answer that is given again', () => {
  test('of a change tells what is live now', async () => {
    const args = { content: 'One.', idempotency_key: 'the-first-one' };
    const first = ok(await update(args));
    expect(first).toMatchObject({ live: true });
    ok(await update({ content: 'Two.' }));
    expect(ok(await update(args))).toEqual({ ...first, live: false, not_live_because: 'superseded' });
    await call('rollback_site', {});
    expect(ok(await update(args))).toMatchObject({ live: true, not_live_because: null });
  });

  test('of a build that was under way tells how it ended', async () => {
    await service.restart({ ANSWER_SECONDS: '4' });
    const args = { idempotency_key: 'a-slow-build' };
    await hugo.close();
    const early = await call('build_site', args);
    expect(early).toMatchObject({ live: false, building: expect.any(String) });
    expect(await call('build_site', args)).toMatchObject({ live: false, building: early.building });
    await hugo.open();
    await until(async () => (await call('site_info', {})).builds[0].state === 'live');
    const built = await building();
    const now = { live: true, building: null, release: early.building, pages: expect.any(Number) };
    expect(await call('build_site', args)).toMatchObject(now);
    expect(await building()).toBe(built);
    const back = await call('rollback_site', {});
    expect(back).toMatchObject({ live: true });
    expect(await call('build_site', args)).toMatchObject({ ...now, live: false });
  });

  test('of a rollback tells what is live now, and does not go back once more', async () => {
    ok(await update({ content: 'One.' }));
    const args = { idempotency_key: 'back-it-goes' };
    const first = await call('rollback_site', args);
    expect(first).toMatchObject({ live: true, content_differs: true });
    expect(await call('rollback_site', args)).toEqual(first);
    const { release } = await call('build_site', {});
    const again = await service.call('rollback_site', args);
    expect(ok(again)).toMatchObject({ live: false, release: first.release, content_differs: false });
    expect(again.text).toContain(`Live now: ${release}`);
  });
});

describe('a rollback that a crash interrupted', () => {
  const key = { idempotency_key: 'back-it-goes' };
  /** The answer as it was kept before the release was made live. */
  const asBefore = async () => {
    const [file = ''] = await readdir(at('state/answers'));
    const kept = JSON.parse(await service.dir.read(`state/answers/${file}`));
    expect(kept.outcome.done).toBe(true);
    delete kept.outcome.done;
    await service.stop();
    await writeFile(at(`state/answers/${file}`), JSON.stringify(kept));
    await service.restart();
  };

  test('is not made twice', async () => {
    for (const content of ['One.', 'Two.', 'Three.']) ok(await update({ content }));
    const first = await call('rollback_site', key);
    await asBefore();
    expect(await call('rollback_site', key)).toMatchObject({ live: true, release: first.release });
    expect(await service.live('en/posts/hello/index.html')).toContain('Two.');
  });

  test('is made when nothing of it was, and refused when another release is live since', async () => {
    for (const content of ['One.', 'Two.', 'Three.']) ok(await update({ content }));
    const first = await call('rollback_site', key);
    await asBefore();
    await call('rollback_site', { release: first.was_live });
    expect(await call('rollback_site', key)).toMatchObject({ live: true, release: first.release });
    await asBefore();
    await call('build_site', {});
    expect((await service.call('rollback_site', key)).text).toContain('[release_mismatch]');
    expect(await service.live('en/posts/hello/index.html')).toContain('Three.');
  });
});

test('a page is read although Git does not answer', async () => {
  // What is live was looked at before it was.
  await service.restart();
  await writeFile(at('refuse-ls-tree'), '');
  const page = await service.call('get_page', hello);
  expect(ok(page)).toMatchObject({
    content: expect.stringContaining('Hi.'),
    published: null,
    not_published_because: null,
  });
  expect(page.text).toContain('the content history cannot be read');
  await rm(at('refuse-ls-tree'));
  expect(await call('get_page', hello)).toMatchObject({ published: true });
});

test('a page is given with the files that Hugo takes from its other languages', async () => {
  const languages =
    '[languages.fr]\ncontentDir = "content/fr"\nweight = 1\n[languages.en]\ncontentDir = "content/en"\n';
  const list = '{{ range .Resources }}[{{ .Name }}]{{ end }}';
  const files = {
    'hugo.toml': `baseURL = "https://example.org/"\ndefaultContentLanguage = "fr"\n${languages}`,
    'layouts/_default/single.html': list,
    'content/fr/notes/a/index.md': '---\ntitle: A\n---\n',
    'content/fr/notes/a/only-fr.txt': 'fr',
    'content/fr/notes/a/both.txt': 'fr',
    'content/en/notes/a/index.md': '---\ntitle: A\n---\n',
    'content/en/notes/a/both.txt': 'english',
    'content/en/notes/a/parts/only-en.txt': 'en',
  };
  const other = await startService({ files });
  try {
    ok(await other.call('build_site', {}));
    const page = ok(await other.call('get_page', { route: 'notes/a', lang: 'en' }));
    expect(page.resources).toEqual([
      { name: 'both.txt', bytes: 7, shared_from: null },
      { name: 'parts/only-en.txt', bytes: 2, shared_from: null },
      { name: 'only-fr.txt', bytes: 2, shared_from: 'fr' },
    ]);
    const built = await other.live('en/notes/a/index.html');
    for (const { name } of page.resources) expect(built).toContain(`[${name}]`);
  } finally {
    await other.dispose();
  }
});

test('a change that was acknowledged goes live by itself after the writer had to stop', async () => {
  await service.restart({ ANSWER_SECONDS: '4' });
  await hugo.close();
  expect(ok(await update({ content: 'Acknowledged.' }))).toMatchObject({ live: false, not_live_because: 'building' });
  // What fails now is the look at whether the change is live: the writer cannot go on.
  const journal = at('state/journal.json');
  const text = await readFile(journal, 'utf8');
  await rm(journal);
  await mkdir(path.join(journal, 'in-the-way'), { recursive: true });
  await hugo.open();
  await until(async () => (await service.live('en/posts/hello/index.html'))?.includes('Acknowledged.') === true);
  // Until it had to stop, it would take the journal away itself.
  await until(async () => (await update({ title: 'Too early' })).text.includes('[write_failed]'));
  // At once, as the service runs in this process: nothing of it comes between the two.
  rmSync(journal, { recursive: true });
  writeFileSync(journal, text);
  await until(async () => !(await readdir(at('state'))).includes('journal.json'));
  expect((await call('site_info', {})).builds[0].changes).toMatchObject([{ outcome: 'live' }]);
});

describe('a move', () => {
  test('of a section without a page of its own takes all its pages along', async () => {
    const posts = at('site/content/posts');
    await writeFile(path.join(posts, 'single.en.md'), '---\ntitle: Single\n---\nAlone.\n');
    await mkdir(path.join(posts, 'deep/er'), { recursive: true });
    await writeFile(path.join(posts, 'deep/er/index.fr.md'), '---\ntitle: Profond\n---\nProfond.\n');
    await writeFile(path.join(posts, 'deep/er/photo.jpg'), 'jpg');
    await call('build_site', {});
    const moved = await call('move_page', { route: 'posts', to: 'notes' });
    expect(
      moved.pages
        .map(({ route, lang, live, old_url_redirects }: Record<string, unknown>) => [
          route,
          lang,
          live,
          old_url_redirects,
        ])
        .sort(),
    ).toEqual([
      ['notes/deep/er', 'fr', true, true],
      ['notes/hello', 'en', true, true],
      ['notes/hello', 'fr', true, true],
      ['notes/single', 'en', true, true],
    ]);
    expect(await readdir(at('site/content'))).not.toContain('posts');
    expect(await service.live('notes/deep/er/photo.jpg')).toBe('jpg');
    expect(await service.live('en/posts/single/index.html')).toContain('/en/notes/single/');
    expect((await service.call('move_page', { route: 'never', to: 'x' })).text).toContain('[page_not_found]');
    expect((await service.call('move_page', { route: 'notes', to: 'notes/below' })).text).toContain('[inside_bundle]');
    expect((await service.call('move_page', { route: 'notes', to: 'x', expected_revision: 'r' })).text).toContain(
      '[page_not_found]',
    );
  });

  test('says which old addresses do not lead to the new ones', async () => {
    const config = await service.dir.read('site/hugo.toml');
    await writeFile(at('site/hugo.toml'), `disableAliases = true\n${config}`);
    await call('build_site', {});
    const moved = await service.call('move_page', { route: 'posts/hello', to: 'posts/moved' });
    expect(ok(moved).pages).toMatchObject([
      { old_url: 'https://example.org/en/posts/hello/', old_url_redirects: false },
      { old_url: 'https://example.org/posts/hello/', old_url_redirects: false },
    ]);
    expect(moved.text).toContain('do not lead to the new ones: https://example.org/en/posts/hello/');
  });
});

test('a page is read, and the site told of, while git hangs', async () => {
  await call('update_page', { ...hello, content: 'Newer.' });
  await service.restart();
  for (const command of ['ls-tree', 'rev-parse']) await writeFile(at(`hang-${command}`), '');
  try {
    expect(await call('get_page', hello)).toMatchObject({ published: null, not_published_because: null });
    expect(await call('site_info', {})).toMatchObject({ live_is_newest: null, live: { pages: expect.any(Number) } });
  } finally {
    for (const command of ['ls-tree', 'rev-parse']) await rm(at(`hang-${command}`));
  }
  await until(async () => (await call('get_page', hello)).published === true);
  expect(await call('site_info', {})).toMatchObject({ live_is_newest: true });
});

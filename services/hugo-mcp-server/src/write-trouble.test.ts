import { execFileSync } from 'node:child_process';
import { mkdir, open, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type GatedHugo, gatedHugo, until } from './testing/gated-hugo.ts';
import { type Answer, startService, type TestService } from './testing/service-fixture.ts';

const gitPath = execFileSync('sh', ['-c', 'command -v git']).toString().trim();
let service: TestService;
let hugo: GatedHugo;
const at = (name: string) => path.join(service.dir.path, name);
const file = 'site/content/posts/hello/index.en.md';
const absolute = () => at(file);
const update = (args: object) => service.call('update_page', { route: 'posts/hello', lang: 'en', ...args });
const ok = (answer: Answer) => {
  expect(answer.json.result.isError === true ? answer.text : '').toBe('');
  return answer.json.result.structuredContent;
};
const subjects = async () => (await service.git('log', '--format=%an: %s')).trim().split('\n');
const building = async () => (await readFile(at('builds'), 'utf8').catch(() => '')).split('\n').length - 1;
/** Every text that the history ever had of the page. */
const everKept = () => service.git('log', '-p', '--format=', '--', 'content/posts/hello/index.en.md');

beforeEach(async () => {
  service = await startService({
    prepare: async (dir) => {
      hugo = await gatedHugo(dir.path);
      // A git that refuses what it is told to, or hangs.
      await mkdir(path.join(dir.path, 'bin'));
      await writeFile(
        path.join(dir.path, 'bin/git'),
        `#!/bin/sh\nwhile [ -e "${dir.path}/hang-$1" ]; do sleep 0.05; done\nif [ -e "${dir.path}/refuse-$1" ]; then echo "fatal: unable to write new index file" >&2; exit 128; fi\nexec "${gitPath}" "$@"\n`,
        { mode: 0o755 },
      );
    },
    environment: (dir) => ({ HUGO_BIN: path.join(dir.path, 'hugo'), PATH: `${dir.path}/bin:${process.env.PATH}` }),
  });
  ok(await service.call('build_site', {}));
});
afterEach(async () => {
  await hugo?.open();
  await service?.dispose();
});

test('a Hugo that hangs is stopped, and the change taken back', async () => {
  await service.restart({ BUILD_TIMEOUT_SECONDS: '10' });
  const before = await service.dir.read(file);
  await hugo.close();
  const answer = await update({ content: 'Never.' });
  expect(answer.text).toContain('[hugo_timeout]');
  expect(answer.text).toContain('taken back');
  expect(await service.dir.read(file)).toBe(before);
  await hugo.open();
  expect(ok(await update({ content: 'Now.' }))).toMatchObject({ live: true });
});

const steps = ['update-index', 'write-tree', 'commit-tree', 'update-ref', 'rev-parse', 'add', 'ls-files'];
test.each(steps)('a git that refuses to %s loses nothing', async (command) => {
  const before = await service.dir.read(file);
  await writeFile(at(`refuse-${command}`), '');
  // Only what somebody saved by hand is added.
  if (command === 'add') await service.dir.write({ 'site/content/posts/hello/note.txt': 'By hand.' });
  const answer = await update({ content: 'Refused.' });
  expect(answer.text).toContain('[git_failed]');
  expect(await service.live('en/posts/hello/index.html')).toContain('Hi.');
  await rm(at(`refuse-${command}`));
  // The next call puts right what is left.
  expect(ok(await service.call('update_page', { route: 'posts/hello', lang: 'fr', title: 'Encore' }))).toMatchObject({
    live: true,
  });
  expect(await service.dir.read(file)).toBe(before);
  expect(ok(await update({ content: 'Taken.' }))).toMatchObject({ live: true, committed: true });
  const status = await service.git('--work-tree', service.siteDir, 'status', '--porcelain', '--untracked-files=no');
  expect(status).toBe('');
});

test.each(['index.lock', 'refs/heads/main.lock'])(
  'a git that died and left %s stops one change at most',
  async (lock) => {
    const before = await service.dir.read(file);
    await writeFile(at(`state/history.git/${lock}`), '');
    const answer = await update({ content: 'Locked out.' });
    expect(answer.text).toContain('[git_failed]');
    expect(answer.text).toContain(at(`state/history.git/${lock}`));
    expect(await service.dir.read(file)).toBe(before);
    expect(ok(await update({ content: 'Taken.' }))).toMatchObject({ live: true, committed: true });
  },
);

test('a git that hangs: the caller is told that nobody knows, and the key gives the outcome later', async () => {
  await service.restart({ ANSWER_SECONDS: '4' });
  await writeFile(at('hang-commit-tree'), '');
  const args = { edits: [{ find: 'Hi', replace: 'Hi Hi' }], idempotency_key: 'key-0000001' };
  const answer = await update(args);
  expect(answer.text).toContain('[outcome_unknown]');
  await rm(at('hang-commit-tree'));
  // It waits behind the first one, which may still take a while.
  let again = await update(args);
  while (again.text.includes('[site_busy]')) again = await update(args);
  expect(ok(again)).toMatchObject({ committed: true });
  await until(async () => (await service.live('en/posts/hello/index.html'))?.includes('Hi Hi.') === true);
  expect(await service.dir.read(file)).toContain('\nHi Hi.\n');
  expect((await subjects()).filter((subject) => subject.includes('Update posts/hello'))).toHaveLength(1);
});

describe('a change that is live', () => {
  const duringBuild = async (act: () => Promise<void>) => {
    await hugo.close();
    const before = await building();
    const answer = update({ content: 'Live.' });
    await until(async () => (await building()) > before);
    await act();
    await hugo.open();
    return answer;
  };

  test('is told as live although its journal cannot be removed', async () => {
    let journal = '';
    const answer = await duringBuild(async () => {
      journal = await service.dir.read('state/journal.json');
      await rm(at('state/journal.json'));
      await mkdir(at('state/journal.json/in-the-way'), { recursive: true });
    });
    expect(ok(answer)).toMatchObject({ live: true, committed: true });
    // Nothing more is taken on until the journal is right again; then it is settled once more, and stays.
    expect((await update({ title: 'Too early' })).text).toContain('[write_failed]');
    await rm(at('state/journal.json'), { recursive: true });
    await writeFile(at('state/journal.json'), journal);
    expect(ok(await update({ title: 'Next' }))).toMatchObject({ live: true });
    expect(await service.dir.read(file)).toContain('Live.');
    expect(await readdir(at('state'))).not.toContain('journal.json');
  });

  test('is not called "not made" when nothing can be told of its page', async () => {
    const answer = await duringBuild(async () => {
      await rename(absolute(), at('elsewhere.md'));
      await symlink(at('elsewhere.md'), absolute());
    });
    expect(answer.text).toContain('[outcome_unknown]');
    expect(answer.text).toContain('made and live');
    await rename(at('elsewhere.md'), absolute());
    expect(ok(await update({ title: 'Next' }))).toMatchObject({ live: true });
    expect(await service.dir.read(file)).toContain('Live.');
  });
});

describe('somebody who saves the page by hand', () => {
  test('is not overwritten by a change of what was there before', async () => {
    const read = await service.call('get_page', { route: 'posts/hello', lang: 'en' });
    const { revision } = read.json.result.structuredContent;
    await writeFile(absolute(), '---\ntitle: By hand\n---\nBy hand.\n');
    for (const args of [{ content: 'Mine.' }, { title: 'Mine' }, { edits: [{ find: 'Hi', replace: 'Mine' }] }]) {
      expect((await update({ ...args, expected_revision: revision })).text).toContain('[revision_mismatch]');
    }
    expect(
      (await service.call('delete_page', { route: 'posts/hello', lang: 'en', expected_revision: revision })).text,
    ).toContain('[revision_mismatch]');
    expect(await service.dir.read(file)).toContain('By hand.');
    // Who does not name a revision writes over it knowingly, and the history keeps it.
    ok(await update({ content: 'Mine.' }));
    expect(await subjects()).toEqual(expect.arrayContaining(['Changed by hand: Changed by hand']));
    expect(await everKept()).toContain('+By hand.');
  });

  test.each(['fails', 'goes live'])('during a build that %s keeps what they wrote', async (how) => {
    await hugo.close();
    const before = await building();
    const write = update({ content: how === 'fails' ? '{{< nope >}}' : 'Mine.' });
    await until(async () => (await building()) > before);
    const bad = how === 'fails' ? ' {{< nope >}}' : '';
    await writeFile(`${absolute()}.new`, `---\ntitle: By hand\n---\nBy hand.${bad}\n`);
    await rename(`${absolute()}.new`, absolute());
    await hugo.open();
    const answer = await write;
    if (how === 'fails') expect(answer.text).toContain('[hugo_failed]');
    else ok(answer);
    expect(await service.dir.read(file)).toContain('By hand.');
    await until(async () => (await everKept()).includes('+By hand.'));
    if (how === 'goes live') {
      expect(await everKept()).toContain('+Mine.');
      expect(answer.text).toContain('was saved by hand after this change was committed');
      ok(await service.call('build_site', {}));
      expect(await service.live('en/posts/hello/index.html')).toContain('By hand.');
    }
    expect(await subjects()).toEqual(expect.arrayContaining(['Changed by hand: Changed by hand']));
  });

  test('in the middle of writes, at any moment and in any way, loses nothing', async () => {
    const kept: string[] = [];
    let writing = true;
    const hand = (async () => {
      for (let i = 0; writing; i++) {
        const text = `---\ntitle: Hello\n---\n\nby hand ${i} end\n`;
        if (i % 2 === 0) {
          // As editors do that write a new file.
          await writeFile(`${absolute()}.swp`, text);
          await rename(`${absolute()}.swp`, absolute());
        } else {
          // As editors do that write into the one that is there.
          const handle = await open(absolute(), 'r+').catch(() => undefined);
          if (handle === undefined) continue;
          await handle.truncate(0);
          await handle.write(text, 0);
          await handle.close();
        }
        kept.push(`by hand ${i} end`);
        await new Promise((resolve) => setTimeout(resolve, 37 + ((i * 53) % 211)));
      }
    })();
    const mine: string[] = [];
    for (let i = 0; i < 12; i++) {
      const answer = await update({ content: `mine ${i} end` });
      if (answer.json.result.isError === true) expect(answer.text).toContain('[revision_mismatch]');
      else mine.push(`mine ${i} end`);
    }
    writing = false;
    await hand;
    ok(await service.call('build_site', {}));
    const all = (await everKept()) + (await service.dir.read(file));
    for (const text of mine) expect(all).toContain(text);
    // What they saved last before a change of ours is in the history: no change of ours took its place unseen.
    const seen = kept.filter((text) => all.includes(text));
    expect(seen.length).toBeGreaterThan(0);
    expect(all).toContain(kept.at(-1));
    expect((await readdir(path.dirname(absolute()))).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });
});

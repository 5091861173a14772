import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { blobName } from './blob-name.ts';
import { openHistory } from './history.ts';

const searchPath = process.env.PATH ?? '';
let dir: string;
let site: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'history-'));
  site = path.join(dir, 'site');
  await mkdir(path.join(site, 'content/posts'), { recursive: true });
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const open = () => openHistory({ gitDir: path.join(dir, 'history.git'), workTree: site, searchPath });
const put = (file: string, text: string) => writeFile(path.join(site, file), text);
const log = (format: string) =>
  execFileSync('git', ['--git-dir', path.join(dir, 'history.git'), 'log', `--format=${format}`])
    .toString()
    .trim();

describe('the content history', () => {
  test('records files as they are, deletions too, with the actor in the commit', async () => {
    const history = await open();
    expect(await history.head()).toBeUndefined();
    await put('content/posts/a.md', 'one');
    const author = { sub: 'owner\nArleo-Sub: root <x>', clientId: 'claude', requestId: 'r-1' };
    const first = await history.commitFiles(['content/posts/a.md'], 'Create posts/a (fr)', author);
    expect(first).toMatch(/^[0-9a-f]{40}$/);
    expect(await history.head()).toBe(first);
    expect(log('%an|%ae|%cn|%s')).toBe('owner Arleo-Sub: root  x|claude@arleo.invalid|Arleo|Create posts/a (fr)');
    expect(log('%(trailers:key=Arleo-Sub,valueonly)')).toBe('owner Arleo-Sub: root  x');
    expect(await history.commitFiles(['content/posts/a.md'], 'again', author)).toBeUndefined();
    await rm(path.join(site, 'content/posts/a.md'));
    const gone = await history.commitFiles(['content/posts/a.md', 'content/posts/never.md'], 'Delete', author);
    expect(await history.show(first ?? '', 'content/posts/a.md')).toEqual(Buffer.from('one'));
    expect(await history.show(gone ?? '', 'content/posts/a.md')).toBeUndefined();
  });

  test("takes the bytes as they are, whatever the site's ignore and attribute files say", async () => {
    const bytes = 'a\r\nb\n$Id$ \u00e9';
    await writeFile(path.join(site, '.gitignore'), 'content/\n*.md\n');
    await writeFile(
      path.join(site, 'content/.gitattributes'),
      '* text=auto eol=lf ident working-tree-encoding=UTF-16\n',
    );
    await put('content/posts/a.md', bytes);
    await put('content/posts/:(top)b.md', bytes);
    const history = await open();
    const commit = await history.commitFolders(['content', 'nowhere'], 'As found');
    expect(await history.show(commit ?? '', 'content/posts/a.md')).toEqual(Buffer.from(bytes));
    expect(await history.show(commit ?? '', 'content/posts/:(top)b.md')).toEqual(Buffer.from(bytes));
    const name = blobName(Buffer.from(bytes));
    expect((await history.blobsOf(commit ?? '')).get('content/posts/:(top)b.md')).toBe(name);
    expect((await history.blobsOf('0'.repeat(40))).size).toBe(0);
    expect(log('%an')).toBe('Changed by hand');
    expect(await history.commitFolders(['content'], 'again')).toBeUndefined();
  });

  test('goes on after a git that was killed, and runs no hook', async () => {
    await open();
    await writeFile(path.join(dir, 'history.git/index.lock'), '');
    await mkdir(path.join(dir, 'history.git/hooks'), { recursive: true });
    await writeFile(path.join(dir, 'history.git/hooks/pre-commit'), '#!/bin/sh\nexit 1\n', { mode: 0o755 });
    const history = await open();
    await put('content/posts/a.md', 'x');
    expect(await history.commitFiles(['content/posts/a.md'], 'x')).toBeDefined();
  });

  test('says what to do when git cannot write', async () => {
    const history = await open();
    await put('content/posts/a.md', 'x');
    await rm(path.join(dir, 'history.git/objects'), { recursive: true });
    await writeFile(path.join(dir, 'history.git/objects'), '');
    await expect(history.commitFiles(['content/posts/a.md'], 'x')).rejects.toMatchObject({ code: 'git_failed' });
    const nowhere = openHistory({ gitDir: path.join(dir, 'h2.git'), workTree: site, searchPath: '/nonexistent' });
    await expect(nowhere).rejects.toMatchObject({ code: 'git_missing' });
  });

  test('commits what a failed commit left in the index, though nothing on disk is new', async () => {
    const history = await open();
    await put('content/posts/a.md', 'one');
    const first = await history.commitFolders(['content'], 'As found');
    expect(await history.commitFolders(['content'], 'again')).toBeUndefined();
    await put('content/posts/a.md', 'two');
    await writeFile(path.join(dir, 'history.git/refs/heads/main.lock'), '');
    await expect(history.commitFolders(['content'], 'Changed')).rejects.toMatchObject({ code: 'git_failed' });
    expect(await history.head()).toBe(first);
    await history.unlock();
    const second = await history.commitFolders(['content'], 'Changed');
    expect(await history.head()).toBe(second);
    expect(await history.show(second ?? '', 'content/posts/a.md')).toEqual(Buffer.from('two'));
  });

  test('knows what somebody did in it with Git: staged, committed, or gone back', async () => {
    const git = (...args: string[]) =>
      execFileSync('git', ['-c', 'user.name=o', '-c', 'user.email=o@example.org', ...args], {
        env: { ...process.env, GIT_DIR: path.join(dir, 'history.git'), GIT_WORK_TREE: site },
      })
        .toString()
        .trim();
    const history = await open();
    await put('content/posts/a.md', 'one');
    const first = await history.commitFolders(['content'], 'As found');
    await put('content/posts/a.md', 'two');
    git('add', '--', 'content/posts/a.md');
    const staged = await history.commitFolders(['content'], 'By hand');
    expect(await history.show(staged ?? '', 'content/posts/a.md')).toEqual(Buffer.from('two'));

    const theirs = git('commit-tree', '-p', staged ?? '', '-m', 'theirs', `${staged}^{tree}`);
    git('update-ref', 'HEAD', theirs);
    expect(await history.head()).toBe(theirs);
    await put('content/posts/b.md', 'b');
    const mine = await history.commitFiles(['content/posts/b.md'], 'x');
    expect(git('rev-parse', `${mine}^`)).toBe(theirs);

    git('reset', '--quiet', '--hard', first ?? '');
    expect(await history.commitFolders(['content'], 'By hand')).toBeUndefined();
    expect(await history.head()).toBe(first);
    git('checkout', '--quiet', theirs, '--', 'content/posts/a.md');
    const back = await history.commitFolders(['content'], 'By hand');
    expect(git('rev-parse', `${back}^`)).toBe(first);
    expect(await history.head()).toBe(back);
  });

  test('takes in more files at once than a command line holds', async () => {
    const history = await open();
    const folder = 'content/posts/a-post-with-a-title-of-the-usual-length-in-a-blog-of-many-years';
    await mkdir(path.join(site, `${folder}-7`), { recursive: true });
    await put(`${folder}-7/index.md`, 'by hand');
    const edits = Array.from({ length: 20_000 }, (_, i) => ({
      file: `${folder}-${i}/index.md`,
      before: Buffer.from('by hand'),
      after: undefined,
    }));
    const commit = await history.commitStale(edits, 'Changed by hand');
    expect(await history.filesIn(commit ?? '', 'content')).toEqual([`${folder}-7/index.md`]);
    expect(await history.commitStale(edits.slice(7, 8), 'again')).toBeUndefined();
  });

  test('is tidied up, also when a git that was killed while it did so left its locks, and stops when told to', async () => {
    const gitDir = path.join(dir, 'history.git');
    await open();
    const left = ['gc.pid.lock', 'packed-refs.new', 'packed-refs.lock', 'logs/HEAD.lock', 'logs/refs/heads/main.lock'];
    for (const lock of [...left, 'objects/info/commit-graph.lock']) {
      await mkdir(path.join(gitDir, path.dirname(lock)), { recursive: true });
      await writeFile(path.join(gitDir, lock), '');
    }
    const history = await open();
    // Git looks at one of 256 folders, which has enough of these.
    execFileSync('git', ['--git-dir', gitDir, 'config', 'gc.auto', '1']);
    for (let i = 0; i < 900; i++) await put(`content/posts/${i}.md`, `page ${i}`);
    const commit = await history.commitFolders(['content'], 'Many');
    const packs = async () =>
      (await readdir(path.join(gitDir, 'objects/pack'))).filter((name) => name.endsWith('.pack'));
    await history.tidy(AbortSignal.abort());
    expect(await packs()).toEqual([]);
    await history.tidy(new AbortController().signal);
    expect(await packs()).toHaveLength(1);
    expect(await history.head()).toBe(commit);
    await put('content/posts/0.md', 'after');
    expect(await history.commitFiles(['content/posts/0.md'], 'After')).toMatch(/^[0-9a-f]{40}$/);
  });
});

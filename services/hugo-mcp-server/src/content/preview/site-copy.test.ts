import { mkdir, mkdtemp, readFile, readlink, rm, stat, symlink } from 'node:fs/promises';
import path from 'node:path';
import { type TempDir, tempDir } from '../../testing/site-fixture.ts';
import { copySite } from './site-copy.ts';

let dir: TempDir;
let target: string;
beforeEach(async () => {
  dir = await tempDir('copy');
  await dir.write({
    'site/hugo.toml': 'title = "x"\n',
    'site/content/posts/a.md': 'A\n',
    'site/content/posts/b/index.md': 'B\n',
    'site/content/posts/b/photo.txt': 'P\n',
    'site/layouts/index.html': 'L\n',
    'site/layouts/large.js': 'x'.repeat(300_000),
    'site/assets/jsconfig.json': '{}',
    'site/node_modules/a/index.js': 'N\n',
    'site/docs/content/c.md': 'C\n',
    'site/docs/other/d.txt': 'D\n',
    'site/public/index.html': 'old\n',
    'site/.git/config': '[core]\n',
    'outside.md': 'O\n',
  });
  await symlink(path.join(dir.path, 'outside.md'), path.join(dir.path, 'site/content/posts/link.md'));
  target = path.join(dir.path, 'copy');
});
afterEach(() => dir.dispose());

const copy = (to = target) =>
  copySite({
    siteDir: path.join(dir.path, 'site'),
    target: to,
    roots: ['content', 'docs/content'],
    edits: [
      { file: 'content/posts/a.md', before: Buffer.from('A\n'), after: Buffer.from('changed\n') },
      { file: 'content/posts/b/index.md', before: Buffer.from('B\n'), after: undefined },
      { file: 'content/posts/new/index.md', before: undefined, after: Buffer.from('new\n') },
    ],
  });

test('the copy has the edits, and the site does not', async () => {
  await copy();
  expect(await dir.read('copy/content/posts/a.md')).toBe('changed\n');
  expect(await dir.read('copy/content/posts/new/index.md')).toBe('new\n');
  await expect(stat(path.join(target, 'content/posts/b/index.md'))).rejects.toThrow('ENOENT');
  expect(await dir.read('site/content/posts/a.md')).toBe('A\n');
  expect(await dir.read('site/content/posts/b/index.md')).toBe('B\n');
  await expect(stat(path.join(dir.path, 'site/content/posts/new'))).rejects.toThrow('ENOENT');
});

test('content is linked file by file, what Hugo may write to is copied, output and repository are left out', async () => {
  await copy();
  const inode = async (file: string) => (await stat(path.join(dir.path, file))).ino;
  expect(await inode('copy/content/posts/b/photo.txt')).toBe(await inode('site/content/posts/b/photo.txt'));
  expect(await inode('copy/docs/content/c.md')).toBe(await inode('site/docs/content/c.md'));
  expect(await inode('copy/layouts/large.js')).toBe(await inode('site/layouts/large.js'));
  expect(await readlink(path.join(target, 'node_modules'))).toBe(path.join(dir.path, 'site/node_modules'));
  expect(await dir.read('copy/content/posts/link.md')).toBe('O\n');
  for (const file of ['hugo.toml', 'layouts/index.html', 'docs/other/d.txt', 'assets/jsconfig.json']) {
    expect(await inode(`copy/${file}`)).not.toBe(await inode(`site/${file}`));
    expect(await dir.read(`copy/${file}`)).toBe(await dir.read(`site/${file}`));
  }
  for (const name of ['public', '.git']) await expect(stat(path.join(target, name))).rejects.toThrow('ENOENT');
});

test('on another file system files are copied', async () => {
  const elsewhere = await mkdtemp('/dev/shm/copy-');
  try {
    const [here, there] = await Promise.all([stat(dir.path), stat(elsewhere)]);
    expect(there.dev).not.toBe(here.dev);
    await mkdir(path.join(elsewhere, 'site'));
    await copy(path.join(elsewhere, 'site'));
    expect(await readFile(path.join(elsewhere, 'site/content/posts/b/photo.txt'), 'utf8')).toBe('P\n');
    expect(await readFile(path.join(elsewhere, 'site/content/posts/a.md'), 'utf8')).toBe('changed\n');
  } finally {
    await rm(elsewhere, { recursive: true });
  }
});

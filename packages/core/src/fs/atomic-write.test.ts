import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { atomicWrite, removeLeftovers } from './atomic-write.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'atomic-write-'));
});

afterEach(() => rm(folder, { recursive: true, force: true }));

test('replaces a file as a whole, with the mode asked for and a new inode', async () => {
  const file = path.join(folder, 'a.json');
  await writeFile(file, 'a long text that is there before', { mode: 0o666 });
  const before = await stat(file);
  await atomicWrite(file, 'new');
  const after = await stat(file);
  expect(await readFile(file, 'utf8')).toBe('new');
  expect(after.mode & 0o7777).toBe(0o600);
  expect(after.ino).not.toBe(before.ino);
  await atomicWrite(file, new Uint8Array([1, 2]), { mode: 0o644 });
  expect((await stat(file)).mode & 0o7777).toBe(0o644);
  expect(await readdir(folder)).toEqual(['a.json']);
});

test('replaces a symlink and leaves what it leads to alone', async () => {
  const target = path.join(folder, 'target');
  const link = path.join(folder, 'link');
  await writeFile(target, 'keep');
  await symlink(target, link);
  await atomicWrite(link, 'new');
  expect(await readFile(target, 'utf8')).toBe('keep');
  expect((await lstat(link)).isFile()).toBe(true);
});

test('gives the file to the owner asked for', async () => {
  const file = path.join(folder, 'a');
  const { uid, gid } = await stat(folder);
  await atomicWrite(file, '', { owner: uid === 0 ? { uid: 12345, gid: 12346 } : { uid, gid } });
  expect(await stat(file)).toMatchObject(uid === 0 ? { uid: 12345, gid: 12346 } : { uid, gid });
});

test('leaves the old file and no rest behind when it fails', async () => {
  const file = path.join(folder, 'a');
  await mkdir(file);
  await expect(atomicWrite(file, 'x')).rejects.toMatchObject({ code: expect.stringMatching(/EISDIR|ENOTEMPTY/) });
  expect(await readdir(folder)).toEqual(['a']);
  await expect(atomicWrite(path.join(folder, 'none', 'a'), 'x')).rejects.toMatchObject({ code: 'ENOENT' });
});

test('readers see old or new, never a part', async () => {
  const file = path.join(folder, 'a');
  const texts = ['a', 'b'].map((letter) => letter.repeat(200_000));
  await atomicWrite(file, texts[0] ?? '');
  let writing = true;
  const writer = (async () => {
    for (let i = 0; i < 40; i += 1) await atomicWrite(file, texts[i % 2] ?? '');
    writing = false;
  })();
  while (writing) expect(texts).toContain(await readFile(file, 'utf8'));
  await writer;
});

test('clears away what killed writers left, and nothing else', async () => {
  const file = path.join(folder, 'tokens.json');
  const keep = ['tokens.json', '.tokens.json.backup.tmp', '.other.json.0123456789abcdef.tmp', '.tokens.json'];
  for (const name of [...keep, '.tokens.json.0123456789abcdef.tmp']) await writeFile(path.join(folder, name), '');
  await chmod(folder, 0o700);
  await removeLeftovers(file);
  expect((await readdir(folder)).sort()).toEqual(keep.sort());
});

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFile, mkdtemp, open, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { open as openLmdb } from 'lmdb';
import { checkLmdbFile } from './check-lmdb-file.ts';
import { openStore } from './open-store.ts';

describe('an LMDB file', () => {
  let folder: string;
  let good: string;
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'arleo-lmdb-'));
    good = path.join(folder, 'oauth.lmdb');
    const store = openStore(good);
    for (let index = 0; index < 300; index += 1) {
      // Some on overflow pages.
      await store.put(`Grant:${index}`, { payload: { scope: 'x'.repeat(index % 50 === 0 ? 9000 : 200) } });
    }
    await store.close();
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const damaged = async (damage: (file: string) => Promise<unknown>) => {
    const broken = path.join(await mkdtemp(path.join(folder, 'broken-')), 'oauth.lmdb');
    await copyFile(good, broken);
    await damage(broken);
    return broken;
  };
  const overwrite = (position: number, bytes: Buffer) => async (file: string) => {
    const handle = await open(file, 'r+');
    await handle.write(bytes, 0, bytes.length, position);
    await handle.close();
  };

  it.each<[string, (file: string) => Promise<unknown>]>([
    ['is something else', (file) => writeFile(file, 'hello\n')],
    ['is as long and random', async (file) => writeFile(file, randomBytes((await stat(file)).size))],
    ['was cut off in its first page', (file) => truncate(file, 100)],
    ['was cut off after its first page', (file) => truncate(file, 4096)],
    ['was cut off', (file) => truncate(file, 20_000)],
    ['was cut off in the middle', async (file) => truncate(file, (await stat(file)).size / 2)],
    [
      'has zeros after its meta pages',
      async (file) => overwrite(8192, Buffer.alloc((await stat(file)).size - 8192))(file),
    ],
    ['has a random second meta page', overwrite(4096, randomBytes(4096))],
    ['is of another version', overwrite(28, Buffer.from([9, 0, 0, 0]))],
    ['has pages of no size', overwrite(48, Buffer.from([1, 0, 0, 0]))],
  ])('that %s is refused with what to do, and left as it is', async (_what, damage) => {
    const broken = await damaged(damage);
    const before = await readFile(broken);
    expect(() => openStore(broken)).toThrow(
      expect.objectContaining({ code: 'state_damaged', hint: expect.stringContaining('backup') }),
    );
    expect((await readFile(broken)).equals(before)).toBe(true);
  });

  it('that is whole, empty or absent is taken', async () => {
    checkLmdbFile(good);
    checkLmdbFile(path.join(folder, 'absent'));
    const empty = await damaged((file) => writeFile(file, ''));
    await openStore(empty).close();
  });

  it('passes at every moment while another process writes, grows and shrinks it', async () => {
    const file = path.join(folder, 'written.lmdb');
    const store = openLmdb<string, number>({ path: file, noSubdir: true });
    await store.put(0, 'x');
    const writer = spawn(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `import { open } from 'lmdb';
         const store = open({ path: process.argv[1], noSubdir: true });
         for (let n = 0; ; n += 1) {
           await store.transaction(() => { for (let i = 0; i < 50; i += 1) store.put(n * 50 + i, 'y'.repeat((i % 10) * 700)); });
           if (n % 3 === 2) await store.transaction(() => { for (let i = 0; i < 140; i += 1) store.remove((n - 2) * 50 + i); });
         }`,
        file,
      ],
      { cwd: import.meta.dirname, env: { PATH: process.env.PATH }, stdio: ['ignore', 'ignore', 'inherit'] },
    );
    const gone = new Promise((resolve) => writer.once('close', resolve));
    while (store.getKeysCount() < 100) await new Promise((resolve) => setTimeout(resolve, 20));
    const end = Date.now() + 1500;
    while (Date.now() < end) {
      checkLmdbFile(file);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    writer.kill('SIGKILL');
    await gone;
    checkLmdbFile(file);
    await store.close();
    checkLmdbFile(file);
  });
});

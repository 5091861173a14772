import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { withLockFile } from './lock-file.ts';

let folder: string;
let lock: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'lock-file-'));
  lock = path.join(folder, 'x.lock');
});

afterEach(() => rm(folder, { recursive: true, force: true }));

/** The lock that a process which runs until `end` is called would have, with the given differences. */
async function lockOf(pid: number, differences: Record<string, unknown> = {}): Promise<void> {
  let own: Record<string, unknown> = {};
  await withLockFile(`${lock}.model`, async () => {
    own = JSON.parse(await readFile(`${lock}.model`, 'utf8'));
  });
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const start = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '1';
  await writeFile(lock, JSON.stringify({ ...own, pid, start, nonce: '0123456789abcdef', ...differences }));
}

async function deadPid(): Promise<number> {
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  return child.pid ?? 0;
}

test('one at a time, and nothing is left behind', async () => {
  let inside = 0;
  let most = 0;
  await Promise.all(
    Array.from({ length: 20 }, () =>
      withLockFile(lock, async () => {
        inside += 1;
        most = Math.max(most, inside);
        await readdir(folder);
        inside -= 1;
      }),
    ),
  );
  expect(most).toBe(1);
  expect(await readdir(folder)).toEqual([]);
});

test('it is released when the work throws', async () => {
  await expect(withLockFile(lock, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await readdir(folder)).toEqual([]);
});

test('the lock of a living process is waited for, then named in the error', async () => {
  await lockOf(process.pid);
  await expect(withLockFile(lock, async () => {}, { waitMs: 50 })).rejects.toMatchObject({
    code: 'lock_held',
    message: expect.stringContaining(`process ${process.pid}`),
    hint: expect.stringContaining(lock),
  });
});

test('a lock that goes from hand to hand is waited for, however many come before', async () => {
  const hold = () => withLockFile(lock, () => new Promise((resolve) => setTimeout(resolve, 250)), { waitMs: 2_500 });
  await Promise.all(Array.from({ length: 12 }, hold));
  expect(await readdir(folder)).toEqual([]);
});

test.each<[string, () => Promise<void>]>([
  ['a process that ended', async () => lockOf(await deadPid())],
  ['a process whose id is used by another now', () => lockOf(process.pid, { start: '1' })],
  ['a process before the last start of the machine', () => lockOf(process.pid, { boot: 'earlier' })],
])('the lock of %s is taken over', async (_, leave) => {
  await leave();
  await expect(withLockFile(lock, async () => 'done', { waitMs: 50 })).resolves.toBe('done');
  expect(await readdir(folder)).toEqual([]);
});

test.each<[string, () => Promise<void>]>([
  ['of another host or container', async () => lockOf(await deadPid(), { host: 'elsewhere' })],
  ['that is not ours to understand', () => writeFile(lock, 'somebody was here')],
])('a lock %s is not taken over', async (_, leave) => {
  await leave();
  await expect(withLockFile(lock, async () => {}, { waitMs: 50 })).rejects.toMatchObject({ code: 'lock_held' });
});

test('the lock of a dead process is taken over also after others were killed while they did so', async () => {
  const pid = await deadPid();
  await lockOf(pid, { nonce: 'aaaaaaaaaaaaaaaa' });
  const dead = JSON.parse(await readFile(lock, 'utf8'));
  const right = `${lock}.aaaaaaaaaaaaaaaa.dead`;
  await writeFile(right, JSON.stringify({ ...dead, nonce: 'bbbbbbbbbbbbbbbb' }));
  await writeFile(`${right}.bbbbbbbbbbbbbbbb.dead`, JSON.stringify({ ...dead, nonce: 'cccccccccccccccc' }));
  expect(await withLockFile(lock, async () => 'in', { waitMs: 2000 })).toBe('in');
  expect(await readdir(folder)).toEqual([]);
});

test('many that find a dead lock at once still come in one at a time', async () => {
  const pid = await deadPid();
  for (let round = 0; round < 30; round += 1) {
    await lockOf(pid, { nonce: `${round}`.padStart(16, '0') });
    let inside = 0;
    let most = 0;
    await Promise.all(
      Array.from({ length: 12 }, async (_, i) => {
        // Not in step: some find the lock dead while others have taken it over already.
        for (let step = 0; step < i % 6; step += 1) await readdir(folder);
        await withLockFile(lock, async () => {
          inside += 1;
          most = Math.max(most, inside);
          for (let step = 0; step < 3; step += 1) await readdir(folder);
          inside -= 1;
        });
      }),
    );
    expect(most).toBe(1);
  }
  expect(await readdir(folder)).toEqual([]);
});

test('what a killed waiter left long ago is cleared away, what one just wrote is not', async () => {
  const old = `${lock}.0123456789abcdef`;
  const fresh = `${lock}.fedcba9876543210`;
  await writeFile(old, '');
  await writeFile(fresh, '');
  await utimes(old, 1, 1);
  await withLockFile(lock, async () => {});
  expect(await readdir(folder)).toEqual([path.basename(fresh)]);
});

import { randomBytes } from 'node:crypto';
import { link, readdir, readFile, stat, unlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ArleoError } from '../errors.ts';

const abandonedMs = 3_600_000;

/** What a lock file says about the process that holds it. */
interface Holder {
  host: string;
  /** Changes with every start of the machine, so that process ids of an earlier one are not believed. */
  boot: string;
  pid: number;
  /** Start time of the process in clock ticks since boot, so that a process id used again is not believed. */
  start: string;
  nonce: string;
}

/**
 * Runs `use` while holding a lock file, which is there exactly as long. The lock of a process that was killed is taken
 * over; the lock of one that lives, or of another host or container, is waited for.
 *
 * @param options.waitMs how long to wait for one and the same holder, in milliseconds; 5,000 if absent. A lock that goes
 *   from hand to hand is worth waiting for
 * @throws {@link ArleoError} `lock_held` when the time is up; the file system's own error if the folder is not writable
 */
export async function withLockFile<T>(
  lock: string,
  use: () => Promise<T>,
  { waitMs = 5000 }: { waitMs?: number } = {},
): Promise<T> {
  await acquire(lock, waitMs);
  try {
    await removeAbandoned(lock);
    return await use();
  } finally {
    await unlink(lock);
  }
}

async function acquire(lock: string, waitMs: number): Promise<void> {
  const nonce = randomBytes(8).toString('hex');
  const own = `${lock}.${nonce}`;
  // Written aside and linked into place: the lock appears whole or not at all, and only one link can succeed.
  await writeFile(own, JSON.stringify(await self(nonce)), { flag: 'wx', mode: 0o600 });
  try {
    let end = performance.now() + waitMs;
    let last: string | undefined;
    while (!(await linkNew(own, lock))) {
      const holder = await readHolder(lock);
      if (holder === undefined) continue;
      if (holder !== 'unreadable' && holder.nonce !== last) {
        last = holder.nonce;
        end = performance.now() + waitMs;
      }
      if (holder !== 'unreadable' && (await isDead(holder))) {
        if (await removeDead(lock, holder, own)) continue;
      }
      if (performance.now() >= end) throw held(lock, holder);
      await sleep(20 + Math.random() * 30);
    }
  } finally {
    await unlink(own);
  }
}

/**
 * Removes the lock of a dead process. Several may have found it dead, and after the first of them another process may
 * hold the lock already; so the right to remove this one lock, known by its nonce, is won by a link that only one can
 * make. The right names its winner: one that was killed before it used its right loses it in the same way.
 *
 * @param own what names this process, as a file
 */
async function removeDead(lock: string, dead: Holder, own: string): Promise<boolean> {
  const right = `${lock}.${dead.nonce}.dead`;
  if (!(await linkNew(own, right))) {
    const winner = await readHolder(right);
    if (winner !== undefined && winner !== 'unreadable' && (await isDead(winner))) await removeDead(right, winner, own);
    return false;
  }
  try {
    const holder = await readHolder(lock);
    if (holder !== undefined && holder !== 'unreadable' && holder.nonce === dead.nonce) await unlink(lock);
  } finally {
    await unlink(right);
  }
  return true;
}

/** Removes what waiters that were killed left; none that lives waits for so long. */
async function removeAbandoned(lock: string): Promise<void> {
  const { dir, base } = path.parse(lock);
  for (const name of await readdir(dir)) {
    if (!name.startsWith(`${base}.`) || !/^(?:\.[0-9a-f]{16}(?:\.dead)?)+$/.test(name.slice(base.length))) continue;
    const file = path.join(dir, name);
    const age = await stat(file).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    );
    if (age > abandonedMs) await unlink(file).catch(() => {});
  }
}

/** False if `to` is there already, or `from` (another's lock) is gone. */
async function linkNew(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' || code === 'ENOENT') return false;
    throw error;
  }
}

/** The holder, undefined if the lock is gone, `unreadable` if the file is not a lock of ours. */
async function readHolder(lock: string): Promise<Holder | 'unreadable' | undefined> {
  let text: string;
  try {
    text = await readFile(lock, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const value = JSON.parse(text) as Partial<Holder>;
    const complete =
      typeof value.host === 'string' &&
      typeof value.boot === 'string' &&
      typeof value.pid === 'number' &&
      typeof value.start === 'string' &&
      /^[0-9a-f]{16}$/.test(value.nonce ?? '');
    return complete ? (value as Holder) : 'unreadable';
  } catch {
    return 'unreadable';
  }
}

async function isDead(holder: Holder): Promise<boolean> {
  const { host, boot } = await self('');
  if (holder.host !== host) return false;
  return holder.boot !== boot || (await startTime(holder.pid)) !== holder.start;
}

async function self(nonce: string): Promise<Holder> {
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  const start = (await startTime(process.pid)) ?? '';
  return { host: os.hostname(), boot: boot.trim(), pid: process.pid, start, nonce };
}

/** The start time of a process, or undefined if there is none with this id (or no /proc to ask). */
async function startTime(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The second field is the program's name in parentheses and may contain anything; field 22 is the start time.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}

function held(lock: string, holder: Holder | 'unreadable'): ArleoError {
  const who = holder === 'unreadable' ? 'something else' : `process ${holder.pid} on ${holder.host}`;
  return new ArleoError('lock_held', `${lock} is held by ${who}.`, {
    hint: `Wait until it is done. If no such process runs, remove ${lock}.`,
  });
}

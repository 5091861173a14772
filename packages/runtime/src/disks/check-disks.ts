import { constants } from 'node:fs';
import { open, stat, statfs } from 'node:fs/promises';
import type { DiskState } from '../http/ready-details.ts';

/** Less room than this is none, in bytes: a build, a commit or a page of the database does not fit. */
export const FULL_BYTES = 8 * 1024 * 1024;

export interface DiskCheckOptions {
  /** For how long an answer is believed, in milliseconds; 5,000 if absent. */
  believedMs?: number;
  /** How long a disk may take, in milliseconds; 1,000 if absent. */
  answerMs?: number;
}

/**
 * Looks after the file systems of these folders.
 *
 * A disk that hangs keeps a thread of Node's pool (there are 4) until it answers. So each is asked once, and again only
 * when it has answered; folders that were on one device at the start are one disk.
 *
 * @returns a function that never rejects and answers in time, whatever the disks do
 */
export function createDiskCheck(
  folders: readonly string[],
  { believedMs = 5_000, answerMs = 1_000 }: DiskCheckOptions = {},
): () => Promise<DiskState[]> {
  const disks = new Map<string, () => Promise<DiskState>>();
  const checks = folders.map(async (folder) => {
    const device = await deviceOf(folder);
    const known = disks.get(device);
    const check = known ?? createOneCheck(folder, believedMs, answerMs);
    disks.set(device, check);
    return async () => ({ ...(await check()), folder });
  });
  return () =>
    Promise.all(
      checks.map(async (opening, index) => {
        const folder = folders[index] ?? '';
        const check = await within(answerMs, opening, undefined);
        return check === undefined ? { folder, ...nothing, state: 'hangs' } : check();
      }),
    );
}

const nothing = { free_bytes: null, total_bytes: null };

/** A folder that is not there is a disk of its own. */
async function deviceOf(folder: string): Promise<string> {
  return stat(folder).then(
    ({ dev }) => String(dev),
    () => folder,
  );
}

function createOneCheck(folder: string, believedMs: number, answerMs: number): () => Promise<DiskState> {
  let asked = Number.NEGATIVE_INFINITY;
  let answer: Promise<DiskState> | undefined;
  let pending = false;
  return () => {
    if (answer === undefined || (!pending && performance.now() - asked > believedMs)) {
      asked = performance.now();
      pending = true;
      answer = ask(folder).finally(() => {
        pending = false;
      });
    }
    return within(answerMs, answer, { folder, ...nothing, state: 'hangs' });
  };
}

async function ask(folder: string): Promise<DiskState> {
  try {
    const { bavail, blocks, bsize } = await statfs(folder);
    const room = { folder, free_bytes: bavail * bsize, total_bytes: blocks * bsize };
    const code = await writeNothing(folder);
    if (code === 'EROFS') return { ...room, state: 'read_only' };
    return { ...room, state: code === 'ENOSPC' || room.free_bytes < FULL_BYTES ? 'full' : 'ok' };
  } catch {
    return { folder, ...nothing, state: 'missing' };
  }
}

/** `O_TMPFILE` (open(2)), which Node has no name for. */
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;

/**
 * Opens a file without a name, which is gone when it is closed: a frozen file system answers all reads, and this it does not.
 *
 * @returns the code of the error; those of file systems that have no such files mean nothing
 */
async function writeNothing(folder: string): Promise<string | undefined> {
  try {
    await (await open(folder, O_TMPFILE | constants.O_WRONLY, 0o600)).close();
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
}

function within<T, E>(ms: number, promise: Promise<T>, otherwise: E): Promise<T | E> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<E>((resolve) => {
    timer = setTimeout(() => resolve(otherwise), ms);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/** What keeps a service from its job, in a line each. */
export function diskProblems(disks: readonly DiskState[]): string[] {
  const words: Record<DiskState['state'], string | undefined> = {
    ok: undefined,
    full: 'There is no room left on the disk of',
    read_only: undefined,
    hangs: 'No answer from the disk of',
    missing: 'There is no folder, or it may not be seen:',
  };
  return disks.flatMap(({ folder, state }) => (words[state] === undefined ? [] : [`${words[state]} ${folder}`]));
}

import { type BigIntStats, constants, lstatSync } from 'node:fs';
import { type FileHandle, lstat, open, rename } from 'node:fs/promises';
import path from 'node:path';
import { atomicWrite, atomicWriteIf, syncDirectory, unlinkIf } from '@arleo/core/fs/atomic-write';

/**
 * Puts a file's new bytes in the place of those that are known, atomically; undefined stands for "not there". False if
 * the file is not as it was known to be: then what somebody else wrote stays, also when they had the file open and
 * wrote while it was replaced.
 *
 * What remains: somebody who puts another file in its place between the last look and the rename, two system calls with
 * nothing in between, loses that file; a new file is linked into place, which never takes another's. And who opened the old file
 * before and writes into it only afterwards writes into a file that is no page any more.
 */
export async function replaceFile(
  absolute: string,
  before: Uint8Array | undefined,
  after: Uint8Array | undefined,
): Promise<boolean> {
  if (before === undefined) return after === undefined ? !(await exists(absolute)) : createFile(absolute, after);
  const handle = await openFile(absolute);
  if (handle === undefined) return false;
  try {
    const seen = await handle.stat({ bigint: true });
    if (!seen.isFile() || !same(await handle.readFile(), before)) return false;
    const unchanged = () => isAt(absolute, seen);
    // A slow disk takes its time before; the look comes after that.
    const done =
      after === undefined
        ? await unlinkIf(absolute, unchanged)
        : await atomicWriteIf(absolute, after, unchanged, { mode: Number(seen.mode) & 0o777 });
    if (!done) return false;
    // An editor that has the old file open writes into it without noticing: its bytes are the newer ones.
    const now = await handle.stat({ bigint: true });
    if (now.mtimeNs === seen.mtimeNs && now.size === seen.size) return true;
    await atomicWrite(absolute, await readAll(handle), { mode: Number(seen.mode) & 0o777 });
    return false;
  } finally {
    await handle.close();
  }
}

/**
 * Moves a file where none is. False if there is one already, or none to move. One step, so that a crash leaves the file at
 * one of the two places.
 *
 * What remains: who saves a file at the new place between the look and the rename loses it.
 */
export async function moveFile(from: string, to: string): Promise<boolean> {
  if (!(await exists(from)) || (await exists(to))) return false;
  await rename(from, to);
  await syncDirectory(path.dirname(to));
  await syncDirectory(path.dirname(from));
  return true;
}

async function createFile(absolute: string, bytes: Uint8Array): Promise<boolean> {
  try {
    await atomicWrite(absolute, bytes, { mode: 0o644, onlyNew: true });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function openFile(absolute: string): Promise<FileHandle | undefined> {
  try {
    return await open(absolute, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (['ENOENT', 'ELOOP'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

/** From the beginning, wherever reading had come to. */
async function readAll(handle: FileHandle): Promise<Buffer> {
  const { size } = await handle.stat();
  const bytes = Buffer.alloc(size);
  const { bytesRead } = await handle.read(bytes, 0, size, 0);
  return bytes.subarray(0, bytesRead);
}

/** Without a turn of the event loop, so that what is done upon it comes right after. */
function isAt(absolute: string, seen: BigIntStats): boolean {
  const stats = lstatSync(absolute, { bigint: true, throwIfNoEntry: false });
  return stats?.ino === seen.ino && stats.mtimeNs === seen.mtimeNs && stats.size === seen.size;
}

async function exists(absolute: string): Promise<boolean> {
  return lstat(absolute).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return false;
      throw error;
    },
  );
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

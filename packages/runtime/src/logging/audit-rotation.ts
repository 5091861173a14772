import { createReadStream, createWriteStream } from 'node:fs';
import { chmod, type FileHandle, open, readdir, rename, rm, unlink } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { lineHash, readEvent } from '@arleo/core/audit/chain';
import { listRotated, type RotatedFile, rotatedPath } from '@arleo/core/audit/log-files';
import { readLines } from '@arleo/core/audit/read-lines';
import { syncDirectory } from '@arleo/core/fs/atomic-write';

/** When an audit log goes on in a new file, and how many of the old ones are kept. */
export interface Rotation {
  /** Bytes after which a new file begins. */
  bytes: number;
  files: number;
}

/** Mode of every file of an audit log: its group may read it. */
export const AUDIT_MODE = 0o640;

/**
 * Puts a new file in the place of an audit log; the old one gets the next number. What follows is chained to it as if it
 * stood in the same file.
 *
 * @returns the new file, open for appending
 * @throws the file system's own error; then the old file is where it was
 */
export async function rotate(file: string): Promise<FileHandle> {
  const last = (await listRotated(file)).at(-1)?.number ?? 0;
  const next = `${file}.next`;
  await rm(next, { force: true });
  const handle = await open(next, 'ax', AUDIT_MODE);
  try {
    // Of a service with a strict umask, too.
    await handle.chmod(AUDIT_MODE);
    await rename(file, rotatedPath(file, last + 1));
    await rename(next, file);
    await syncDirectory(path.dirname(file));
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** The hash of the last line of the newest rotated file, where a crash came between it and the next; undefined if there is none. */
export async function lastRotatedHash(file: string): Promise<string | undefined> {
  const newest = (await listRotated(file)).at(-1);
  if (newest === undefined) return undefined;
  let hash: string | undefined;
  for await (const { text } of linesOf(newest)) hash = lineHash(text);
  return hash;
}

/**
 * Compresses the rotated files and removes the oldest, beyond the number that is kept.
 *
 * @param announce records a removal; a file goes only when this has resolved to true
 */
export async function tidyRotated(
  file: string,
  keep: number,
  announce: (removal: { through: number; prev: string }) => Promise<boolean>,
  signal: AbortSignal,
): Promise<void> {
  await removeHalves(file);
  const all = await listRotated(file);
  const kept = all.slice(-keep);
  const old = all.slice(0, all.length - kept.length);
  const [oldest] = kept;
  if (old.length > 0 && oldest !== undefined) {
    const prev = await firstPrev(oldest);
    const through = old.at(-1)?.number ?? 0;
    if (prev !== undefined && (await announce({ through, prev }))) for (const { path } of old) await unlink(path);
  }
  for (const one of kept) if (!one.compressed) await compress(one.path, signal);
}

async function compress(file: string, signal: AbortSignal): Promise<void> {
  const half = `${file}.gz.half`;
  const target = createWriteStream(half, { flags: 'wx', mode: AUDIT_MODE, flush: true });
  await pipeline(createReadStream(file), createGzip(), target, { signal });
  // Of a service with a strict umask, too.
  await chmod(half, AUDIT_MODE);
  await rename(half, `${file}.gz`);
  await syncDirectory(path.dirname(file));
  await unlink(file);
}

/** What a stop or a crash in the middle left. */
async function removeHalves(file: string): Promise<void> {
  const { dir, name } = path.parse(file);
  const halves = (await readdir(dir)).filter((entry) => entry.startsWith(`${name}.`) && entry.endsWith('.gz.half'));
  for (const half of halves) await unlink(path.join(dir, half));
}

/** What the first line of a file continues; undefined if that cannot be read. */
async function firstPrev(file: RotatedFile): Promise<string | undefined> {
  for await (const { text } of linesOf(file)) {
    const read = readEvent(text);
    return typeof read === 'string' ? undefined : read.event.prev;
  }
  return undefined;
}

async function* linesOf({ path, compressed }: RotatedFile) {
  const handle = await open(path, 'r');
  try {
    yield* readLines(handle, compressed);
  } finally {
    await handle.close();
  }
}

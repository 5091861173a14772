import { type FileHandle, open, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ArleoError } from '../errors.ts';
import { accountName } from './account-name.ts';
import { listRotated } from './log-files.ts';
import { type Line, readLines } from './read-lines.ts';

/** One file of an audit log, open for reading. */
export interface TrailFile {
  path: string;
  /** Its number if it was rotated; undefined for the one that is written to. */
  number: number | undefined;
  handle: FileHandle;
  lines(): AsyncGenerator<Line>;
}

/** An audit log with its rotated files as they were at one moment, the oldest first. */
export interface Trail {
  files: readonly TrailFile[];
  close(): Promise<void>;
}

/** How often a moment without a rotation is waited for, 1 s in all. */
const attempts = 14;

/**
 * Opens all files of an audit log, also while its service rotates, compresses and removes some.
 *
 * @throws {@link ArleoError} `audit_missing` when there is none, `audit_unreadable` when it may not be read
 */
export async function openTrail(file: string): Promise<Trail> {
  for (let attempt = 1; ; attempt += 1) {
    const trail = await tryOpen(file, attempt === attempts).catch((error: NodeJS.ErrnoException) =>
      explain(file, error),
    );
    if (trail !== undefined) return trail;
    await sleep(10 * attempt);
  }
}

/**
 * Undefined if a file was moved or removed meanwhile.
 *
 * @param settle take what is there: between two files there is none that is written to, after a crash for longer
 */
async function tryOpen(file: string, settle: boolean): Promise<Trail | undefined> {
  const before = await listRotated(file);
  let after = before;
  const files: TrailFile[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(files.map(({ handle }) => handle.close()));
  };
  try {
    for (const rotated of [...before, { path: file, number: undefined, compressed: false }]) {
      const handle = await open(rotated.path, 'r').catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
        return undefined;
      });
      if (handle !== undefined) files.push({ ...rotated, handle, lines: () => readLines(handle, rotated.compressed) });
      else if (!settle && before.length > 0) return await close().then(() => undefined);
    }
    after = await listRotated(file);
    // Compressed meanwhile is the same file still; another number is not.
    const same = after.map(({ number }) => number).join() === before.map(({ number }) => number).join();
    if (files.length > 0 && (same || settle)) return { files, close };
  } catch (error) {
    await close();
    throw error;
  }
  await close();
  if (after.length > 0 && !settle) return undefined;
  throw new ArleoError('audit_missing', `There is no audit log ${file}.`, {
    hint: 'The service writes it from its first start on; name another with --file.',
  });
}

async function explain(file: string, error: NodeJS.ErrnoException): Promise<never> {
  if (error.code !== 'EACCES' && error.code !== 'EPERM') throw error;
  const at = error.path ?? file;
  // Of a folder that may not be entered the folder itself still tells whose it is.
  const facts = await stat(at).catch(() => stat(path.dirname(at)).catch(() => undefined));
  const group = facts === undefined ? undefined : await accountName('group', facts.gid);
  const groupReads = facts !== undefined && (facts.mode & 0o040) !== 0 && facts.gid !== 0;
  throw new ArleoError('audit_unreadable', `You may not read ${at}.`, {
    hint: groupReads
      ? `Run it with sudo, or as a member of the group ${group}: usermod -aG ${group} YOUR-USER.`
      : 'Run it with sudo.',
  });
}

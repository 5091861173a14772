import { randomBytes } from 'node:crypto';
import { constants, renameSync, unlinkSync } from 'node:fs';
import { type FileHandle, link, open, readdir, rename, unlink } from 'node:fs/promises';
import path from 'node:path';

/** How {@link atomicWrite} writes. */
export interface AtomicWriteOptions {
  /** Permission bits of the file, whatever the umask says; 0600 if absent. */
  mode?: number;
  /** Whose the file becomes. Only root may give a file away; if absent, the writing process owns it. */
  owner?: { uid: number; gid: number } | undefined;
  /** Puts the file only where none is; else EEXIST is thrown. */
  onlyNew?: boolean;
}

/**
 * Replaces a file as a whole: whoever reads it sees the old bytes or the new ones, also after a crash or a power cut.
 * A symlink at `file` is replaced, not followed. Throws the file system's own error; then the old file is untouched.
 */
export async function atomicWrite(
  file: string,
  data: string | Uint8Array,
  { onlyNew = false, ...options }: AtomicWriteOptions = {},
): Promise<void> {
  const temporary = temporaryName(file);
  try {
    await writeTemporary(temporary, data, options);
    if (onlyNew) await linkInto(temporary, file);
    else await rename(temporary, file);
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw error;
  }
  await syncDirectory(path.dirname(file));
}

/**
 * The same where somebody else may write, too: when all bytes are on disk, `stillRight` is asked, and with nothing in
 * between they take the place.
 *
 * @returns false if `stillRight` said no; the file is as it was
 */
export async function atomicWriteIf(
  file: string,
  data: string | Uint8Array,
  stillRight: () => boolean,
  options: Omit<AtomicWriteOptions, 'onlyNew'> = {},
): Promise<boolean> {
  const temporary = temporaryName(file);
  try {
    await writeTemporary(temporary, data, options);
    if (!stillRight()) {
      await unlink(temporary);
      return false;
    }
    renameSync(temporary, file);
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw error;
  }
  await syncDirectory(path.dirname(file));
  return true;
}

/**
 * Removes a file where somebody else may write, too: `stillRight` is asked, and with nothing in between the file goes.
 *
 * @returns false if `stillRight` said no; the file is as it was
 */
export async function unlinkIf(file: string, stillRight: () => boolean): Promise<boolean> {
  // A disk that hangs has to hang here, in a thread: in the call below it would stop the whole process.
  const temporary = temporaryName(file);
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  await (await open(temporary, flags, 0o600)).close();
  await unlink(temporary);
  if (!stillRight()) return false;
  unlinkSync(file);
  await syncDirectory(path.dirname(file));
  return true;
}

async function writeTemporary(
  temporary: string,
  data: string | Uint8Array,
  { mode = 0o600, owner }: Omit<AtomicWriteOptions, 'onlyNew'>,
): Promise<void> {
  // 0600 first: bytes and owner must be right before anybody else may read.
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  await using(await open(temporary, flags, 0o600), async (handle) => {
    await handle.writeFile(data);
    if (owner !== undefined) await handle.chown(owner.uid, owner.gid);
    await handle.chmod(mode);
    await handle.sync();
  });
}

/** A link fails where a rename would take another's file away. */
async function linkInto(temporary: string, file: string): Promise<void> {
  try {
    await link(temporary, file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'ENOSYS') throw error;
    // A file system without hard links: an empty file takes the place, which fails where one is.
    await (await open(file, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600)).close();
    return rename(temporary, file);
  }
  await unlink(temporary);
}

/** Makes a rename or unlink in this directory survive a power cut. */
export async function syncDirectory(directory: string): Promise<void> {
  await using(await open(directory, constants.O_RDONLY | constants.O_DIRECTORY), (handle) => handle.sync());
}

/**
 * Removes what writers that were killed in the middle left beside `file`. Call it only where no other writer of the
 * same file can be at work (under its lock, or at the start of the one service that writes it).
 */
export async function removeLeftovers(file: string): Promise<void> {
  const { dir, base } = path.parse(file);
  const names = await readdir(dir === '' ? '.' : dir);
  const leftovers = names.filter((name) => name.startsWith(`.${base}.`) && leftover.test(name.slice(base.length + 2)));
  await Promise.all(leftovers.map((name) => unlink(path.join(dir, name)).catch(() => {})));
}

const leftover = /^[0-9a-f]{16}\.tmp$/;

function temporaryName(file: string): string {
  const { dir, base } = path.parse(file);
  return path.join(dir, `.${base}.${randomBytes(8).toString('hex')}.tmp`);
}

async function using(handle: FileHandle, use: (handle: FileHandle) => Promise<void>): Promise<void> {
  try {
    await use(handle);
  } finally {
    await handle.close();
  }
}

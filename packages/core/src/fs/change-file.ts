import { readFile, realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { atomicWrite, removeLeftovers } from './atomic-write.ts';
import { withLockFile } from './lock-file.ts';

/**
 * Changes a file that holds secrets: under its lock (`FILE.lock`), whole or not at all, mode 0600. The owner of the file
 * stays; a new file gets the owner of its folder, so that root can make one for the service. A symlink is followed once,
 * so that what is replaced is the file and not the link.
 *
 * @param change is called under the lock with the real path, and gives the whole new content; what it throws changes nothing
 * @param options.waitMs how long to wait for another holder of the lock, in milliseconds; 5,000 if absent
 * @throws {@link ArleoError} `lock_held`; the file system's own error if the file cannot be written
 */
export async function changeFile<T>(
  file: string,
  change: (target: string) => Promise<{ text: string; result: T }>,
  options: { waitMs?: number } = {},
): Promise<T> {
  const target = await realpath(file).catch(() => path.resolve(file));
  return withLockFile(
    `${target}.lock`,
    async () => {
      await removeLeftovers(target);
      const { text, result } = await change(target);
      await atomicWrite(target, text, { mode: 0o600, owner: await ownerBeside(target) });
      return result;
    },
    options,
  );
}

/**
 * Whose a secret file has to become, for {@link atomicWrite}: its owner's, or for a new one its folder's. Only root can
 * give a file away, and only root's files would be unreadable for the service: undefined for everybody else.
 */
export async function ownerBeside(file: string): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const { uid, gid } = await stat(file).catch(async () => serviceOf(await stat(path.dirname(file))));
  return { uid, gid };
}

/** A folder that is root's, with the group of a service, is where that service's secrets are: its user has to read them. */
async function serviceOf({ uid, gid }: { uid: number; gid: number }): Promise<{ uid: number; gid: number }> {
  if (uid !== 0 || gid === 0) return { uid, gid };
  const users = (await readFile('/etc/passwd', 'utf8').catch(() => '')).split('\n').map((line) => line.split(':'));
  const own = users.find(([, , , group]) => group === String(gid))?.[2];
  return { uid: own === undefined ? uid : Number(own), gid };
}

/** True for what the file system itself reports. */
export function isFileSystemError(error: unknown): error is NodeJS.ErrnoException {
  return typeof (error as NodeJS.ErrnoException | null)?.syscall === 'string';
}

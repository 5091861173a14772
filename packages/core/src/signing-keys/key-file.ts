import { mkdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { ArleoError } from '../errors.ts';
import { atomicWrite, removeLeftovers } from '../fs/atomic-write.ts';
import { withLockFile } from '../fs/lock-file.ts';
import type { KeyStore } from './key-store.ts';
import { watchChanges } from './watch-changes.ts';

/**
 * The keys in `folder`/signing-keys.json, mode 0600, changed under a lock. A file that root writes belongs to whom it
 * belonged to before, so that the service can read it.
 *
 * Its methods throw {@link ArleoError} `state_unreadable`, `state_unwritable`, `lock_held`.
 */
export function openKeyFile(folder: string): KeyStore {
  const file = path.join(folder, 'signing-keys.json');
  return {
    where: file,
    read: () => readText(file),
    async replace(expected, next) {
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        return await withLockFile(`${file}.lock`, async () => {
          await removeLeftovers(file);
          if ((await readText(file)) !== expected) return false;
          await atomicWrite(file, next, { mode: 0o600, owner: await ownerFor(file) });
          return true;
        });
      } catch (cause) {
        if (cause instanceof ArleoError) throw cause;
        throw new ArleoError('state_unwritable', `The signing keys in ${file} cannot be written (${codeOf(cause)}).`, {
          cause,
          hint: 'Run as root or as the user of the service, and check that the disk has space.',
        });
      }
    },
    watch: (onChange) => watchChanges(() => identity(file), onChange),
  };
}

async function readText(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    if (codeOf(cause) === 'ENOENT') return undefined;
    throw new ArleoError('state_unreadable', `The signing keys in ${file} cannot be read (${codeOf(cause)}).`, {
      cause,
      hint: 'Run as root or as the user of the service.',
    });
  }
}

async function identity(file: string): Promise<string> {
  try {
    const { ino, size, mtimeNs, ctimeNs } = await stat(file, { bigint: true });
    return `${ino}:${size}:${mtimeNs}:${ctimeNs}`;
  } catch (error) {
    return `unreadable: ${codeOf(error)}`;
  }
}

/** Only root can give a file away, and only root's files would be unreadable for the service. */
async function ownerFor(file: string): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const { uid, gid } = await stat(file).catch(() => stat(path.dirname(file)));
  return { uid, gid };
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? String(error);
}

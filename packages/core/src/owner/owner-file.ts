import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { ArleoError } from '../errors.ts';
import { changeFile, isFileSystemError } from '../fs/change-file.ts';
import { secondFactorSchema } from '../mfa/second-factor.ts';
import { BCRYPT_HASH_PATTERN } from '../tokens/bcrypt.ts';

/** Where the owner's file is if nothing else is said. */
export const DEFAULT_OWNER_FILE = '/etc/mcp-oauth-proxy/owner.json';

/**
 * OWNER_FILE of oauth-proxy. A `totp` that is there and not whole makes the file damaged: the owner asked for a second
 * factor, so nobody gets in without one. Fields that this version does not know are kept.
 */
export const ownerFileSchema = z.looseObject({
  passphrase_hash: z.string().regex(BCRYPT_HASH_PATTERN),
  totp: secondFactorSchema.optional(),
});

/** The content of the owner's file. */
export type OwnerFile = z.infer<typeof ownerFileSchema>;

/**
 * The owner's file.
 *
 * @throws {@link ArleoError} `owner_missing`, `owner_unreadable` (it is damaged, or may not be read)
 */
export async function readOwnerFile(file: string): Promise<OwnerFile> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') {
      throw new ArleoError('owner_missing', `There is no owner file ${file}.`, {
        cause,
        hint: 'Make it with: arleo owner set-passphrase (or name another file with --file or OWNER_FILE).',
      });
    }
    throw new ArleoError('owner_unreadable', `The owner file ${file} cannot be read (${code}).`, {
      cause,
      hint: 'Run as root or as the user of the service.',
    });
  }
  try {
    return ownerFileSchema.parse(JSON.parse(text));
  } catch (cause) {
    const part = cause instanceof z.ZodError ? cause.issues[0]?.path.join('.') : undefined;
    throw new ArleoError('owner_unreadable', `The owner file ${file} is damaged${part ? ` (${part})` : ''}.`, {
      // What JSON.parse throws quotes the file, which has secrets in it; it would end in a log.
      ...(cause instanceof z.ZodError && { cause }),
      hint: 'Put it back from a backup, or move it away and begin anew with: arleo owner set-passphrase',
    });
  }
}

/**
 * Changes the owner's file: under its lock, whole or not at all, mode 0600, with the owner that it has. What `change`
 * does not name stays. A running oauth-proxy reads it again at the next login.
 *
 * @param change gets the present content, undefined where there is no file
 * @throws {@link ArleoError} `owner_unreadable`, `owner_unwritable`, `lock_held`, and what `change` throws
 */
export async function changeOwnerFile<T>(
  file: string,
  change: (current: OwnerFile | undefined) => { next: OwnerFile; result: T },
): Promise<T> {
  try {
    return await changeFile(file, async (target) => {
      const { next, result } = change(await readIfThere(target));
      return { text: `${JSON.stringify(ownerFileSchema.parse(next), null, 2)}\n`, result };
    });
  } catch (cause) {
    if (!isFileSystemError(cause)) throw cause;
    throw new ArleoError('owner_unwritable', `The owner file ${file} cannot be written (${cause.code}).`, {
      cause,
      hint: 'Run as root, and check that its folder is there and has space.',
    });
  }
}

async function readIfThere(file: string): Promise<OwnerFile | undefined> {
  try {
    return await readOwnerFile(file);
  } catch (error) {
    if (error instanceof ArleoError && error.code === 'owner_missing') return undefined;
    throw error;
  }
}

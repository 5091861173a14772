import { readFile, stat } from 'node:fs/promises';
import { ArleoError } from '@arleo/core/errors';
import { BCRYPT_HASH_PATTERN, type Bcrypt } from '@arleo/core/tokens/bcrypt';
import { createBcryptQueue } from '@arleo/core/tokens/bcrypt-queue';
import * as z from 'zod';

/** `busy`: so many wait to be compared that this one was not. */
export type PassphraseVerdict = 'right' | 'wrong' | 'busy';

/** The one person who may log in. */
export interface Owner {
  /** Why nobody could log in; undefined if the owner can. */
  problem(): Promise<string | undefined>;
  /**
   * Compares a passphrase with the owner's.
   *
   * @param known from a browser that the owner has used: it is never turned away, and goes before all others
   * @throws {@link ArleoError} `owner_unreadable` when OWNER_FILE is missing or damaged
   */
  check(passphrase: string, known: boolean): Promise<PassphraseVerdict>;
}

/** Comparisons that may wait: each takes a core for a quarter of a second. */
const maxWaiting = 32;

/** The longest passphrase, in bytes of UTF-8: bcrypt looks at no more. */
export const MAX_PASSPHRASE_BYTES = 72;

const fileSchema = z.looseObject({ passphrase_hash: z.string().regex(BCRYPT_HASH_PATTERN) });

/** Opens OWNER_FILE; it is read again when it changed, so that a new passphrase counts without a restart. */
export function openOwner({ file, bcrypt }: { file: string; bcrypt: Bcrypt }): Owner {
  let read: { stamp: string; hash: string } | undefined;
  const queue = createBcryptQueue({ threads: bcrypt.threads, maxWaiting });
  const hash = async (): Promise<string> => {
    try {
      const { mtimeMs, ino, size } = await stat(file);
      const stamp = `${mtimeMs} ${ino} ${size}`;
      if (read?.stamp !== stamp) {
        read = { stamp, hash: fileSchema.parse(JSON.parse(await readFile(file, 'utf8'))).passphrase_hash };
      }
      return read.hash;
    } catch (cause) {
      throw new ArleoError('owner_unreadable', `The owner file ${file} is missing or damaged.`, { cause });
    }
  };
  return {
    async problem() {
      return hash().then(
        () => undefined,
        (error: Error) => error.message,
      );
    },
    async check(passphrase, known) {
      const size = Buffer.byteLength(passphrase);
      const stored = await hash();
      const compare = async (): Promise<PassphraseVerdict> => {
        const possible = size > 0 && size <= MAX_PASSPHRASE_BYTES;
        return possible && (await bcrypt.verify(passphrase, stored)) ? 'right' : 'wrong';
      };
      return known ? queue.runFirst(compare) : (queue.run(compare) ?? 'busy');
    },
  };
}

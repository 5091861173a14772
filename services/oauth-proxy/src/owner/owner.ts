import { readFile, stat } from 'node:fs/promises';
import { ArleoError } from '@arleo/core/errors';
import type { Bcrypt } from '@arleo/core/tokens/bcrypt';
import * as z from 'zod';

/** The one person who may log in. */
export interface Owner {
  /**
   * Compares a passphrase with the owner's.
   *
   * @throws {@link ArleoError} `owner_unreadable` when OWNER_FILE is missing or damaged
   */
  check(passphrase: string): Promise<boolean>;
}

/** The longest passphrase, in bytes of UTF-8: bcrypt looks at no more. */
export const MAX_PASSPHRASE_BYTES = 72;

const fileSchema = z.looseObject({ passphrase_hash: z.string().regex(/^\$2[aby]\$\d\d\$[./0-9A-Za-z]{53}$/) });

/** Opens OWNER_FILE; it is read again when it changed, so that a new passphrase counts without a restart. */
export function openOwner({ file, bcrypt }: { file: string; bcrypt: Bcrypt }): Owner {
  let known: { stamp: string; hash: string } | undefined;
  const hash = async (): Promise<string> => {
    try {
      const { mtimeMs, ino, size } = await stat(file);
      const stamp = `${mtimeMs} ${ino} ${size}`;
      if (known?.stamp !== stamp) {
        known = { stamp, hash: fileSchema.parse(JSON.parse(await readFile(file, 'utf8'))).passphrase_hash };
      }
      return known.hash;
    } catch (cause) {
      throw new ArleoError('owner_unreadable', `The owner file ${file} is missing or damaged.`, { cause });
    }
  };
  return {
    async check(passphrase) {
      const size = Buffer.byteLength(passphrase);
      const stored = await hash();
      if (size === 0 || size > MAX_PASSPHRASE_BYTES) return false;
      return bcrypt.verify(passphrase, stored);
    },
  };
}

import { BCRYPT_MAX_BYTES } from '../tokens/bcrypt.ts';

/** The longest passphrase, in bytes of UTF-8: bcrypt looks at no more. */
export const MAX_PASSPHRASE_BYTES = BCRYPT_MAX_BYTES;

/**
 * The passphrase as it is hashed and compared: in Unicode's composed form, since keyboards write an `é` in two ways (as
 * OpaqueString does, RFC 8265 section 4.2). Nothing is trimmed.
 */
export function canonicalPassphrase(typed: string): string {
  return typed.normalize('NFC');
}

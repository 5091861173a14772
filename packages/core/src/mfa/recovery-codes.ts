import { createHash, randomInt, timingSafeEqual } from 'node:crypto';

/** As many codes as are made at once. */
export const RECOVERY_CODES = 10;

// 32 characters, 5 bits each: without i, l, o and u, which are taken for others when a code is copied by hand.
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
const groups = 6;
const groupLength = 4;

/**
 * New recovery codes: `k7qm-2v9x-…`, 24 characters, 120 bits each. That is more than the 112 bits from which on a plain
 * hash is enough to store.
 *
 * @see [NIST SP 800-63B section 5.1.2.2](https://pages.nist.gov/800-63-3/sp800-63b.html)
 */
export function makeRecoveryCodes(count = RECOVERY_CODES): string[] {
  const character = (): string => alphabet[randomInt(alphabet.length)] ?? '';
  const group = (): string => Array.from({ length: groupLength }, character).join('');
  return Array.from({ length: count }, () => Array.from({ length: groups }, group).join('-'));
}

/** What is stored of a recovery code: its SHA-256, in hex. Undefined if the text cannot be one. */
export function recoveryHash(presented: string): string | undefined {
  const code = presented.toLowerCase().replace(/[\s-]/g, '').replace(/[il]/g, '1').replaceAll('o', '0');
  if (code.length !== groups * groupLength || [...code].some((one) => !alphabet.includes(one))) return undefined;
  return createHash('sha256').update(code).digest('hex');
}

/** The one of `hashes` that a presented code belongs to. */
export function matchRecoveryCode(presented: string, hashes: readonly string[]): string | undefined {
  const hash = recoveryHash(presented);
  if (hash === undefined) return undefined;
  const given = Buffer.from(hash);
  let found: string | undefined;
  for (const known of hashes) {
    const stored = Buffer.from(known);
    if (stored.length === given.length && timingSafeEqual(stored, given)) found = known;
  }
  return found;
}

import { hkdfSync } from 'node:crypto';

/** What a key is for. */
export type KeyPurpose = 'cookies' | 'forms' | 'browsers' | 'signing keys' | 'client secrets' | 'state';

/** A key of oauth-proxy for one purpose, derived from its `TOKEN_SECRET` (HKDF-SHA-256, RFC 5869): 32 bytes. */
export function deriveKey(tokenSecret: string, purpose: KeyPurpose): Buffer {
  return Buffer.from(hkdfSync('sha256', tokenSecret, '', `arleo oauth-proxy ${purpose}`, 32));
}

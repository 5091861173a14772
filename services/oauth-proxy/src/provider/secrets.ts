import { hkdfSync } from 'node:crypto';

/** A key for one purpose, derived from `TOKEN_SECRET` (HKDF-SHA-256, RFC 5869): 32 bytes. */
export function deriveKey(tokenSecret: string, purpose: 'cookies' | 'forms' | 'browsers'): Buffer {
  return Buffer.from(hkdfSync('sha256', tokenSecret, '', `arleo oauth-proxy ${purpose}`, 32));
}

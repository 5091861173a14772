import { type KeyObject, sign } from 'node:crypto';

/** Bytes of each of the two numbers of a P-256 signature. */
const size = 32;

/**
 * An ES256 signature: the two numbers side by side, 64 bytes.
 *
 * OpenSSL is asked for its own form, which is then rewritten: asked for this form, Node 24 takes twice the time.
 *
 * @param key EC P-256
 * @see [RFC 7518 section 3.4](https://www.rfc-editor.org/rfc/rfc7518#section-3.4)
 */
export function signEs256(data: string, key: KeyObject): Buffer {
  return joined(sign('sha256', Buffer.from(data), key));
}

/** From a DER sequence of two integers (RFC 3279 section 2.2.3), both shorter than 128 bytes, to the numbers alone. */
export function joined(der: Buffer): Buffer {
  const both = Buffer.alloc(2 * size);
  let at = 2;
  for (const end of [size, 2 * size]) {
    const length = der[at + 1] ?? 0;
    // A number that begins with a high bit has a zero before it; one that begins with zeros has lost them.
    const from = at + 2 + Math.max(0, length - size);
    at += 2 + length;
    der.copy(both, end - (at - from), from, at);
  }
  return both;
}

import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Reason } from '@arleo/core/reasons';

/** No token of ours is nearly as long; longer headers are not even hashed. */
const maxAuthorization = 512;

/** Why a caller is refused, or undefined when it is hop 1. */
export type CallerCheck = (request: IncomingMessage) => Extract<Reason, 'token_missing' | 'token_invalid'> | undefined;

/**
 * Tells hop 1 by its token, of which this service knows nothing but the SHA-256. A plain digest is enough here: the
 * token has 256 random bits, so there is nothing to guess. Every known digest is compared, in constant time.
 *
 * @param sha256 lower-case hex digests; two while the token is being rotated
 */
export function createCallerCheck(sha256: readonly string[]): CallerCheck {
  const known = sha256.map((hex) => Buffer.from(hex, 'hex'));
  return (request) => {
    const header = request.headers.authorization;
    if (header === undefined) return 'token_missing';
    if (header.length > maxAuthorization || !header.startsWith('Bearer ')) return 'token_invalid';
    const digest = createHash('sha256').update(header.slice('Bearer '.length)).digest();
    let found = false;
    for (const one of known) found = timingSafeEqual(one, digest) || found;
    return found ? undefined : 'token_invalid';
  };
}

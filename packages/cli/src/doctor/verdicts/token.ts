import * as z from 'zod';
import type { Found } from '../trail.ts';
import { json } from './error-answer.ts';

const claimsSchema = z.object({
  iss: z.string().optional(),
  aud: z.union([z.string(), z.array(z.string())]).optional(),
  exp: z.number().optional(),
});
const headSchema = z.object({ kid: z.string().optional() });
const keysSchema = z.object({ keys: z.array(z.object({ kid: z.string().optional() })).max(100) });

/**
 * Why a token was refused, as far as the token itself tells: the service says nothing more on purpose.
 *
 * @param now by the clock of the service, in milliseconds
 * @param keys the body of its `/jwks`, if it could be had
 */
export function judgeRefusedToken(token: string, target: URL, now: number, keys: string | undefined): Found {
  const [head, payload] = token.split('.', 2).map((part) => json(Buffer.from(part, 'base64url').toString()));
  const claims = claimsSchema.safeParse(payload);
  if (!claims.success)
    return { code: 'token_refused', says: 'the token is no access token of this product (RFC 9068)' };
  const { iss, aud = [], exp = Number.POSITIVE_INFINITY } = claims.data;
  if (iss !== target.origin || ![aud].flat().some((one) => one.replace(/\/$/, '') === target.href.replace(/\/$/, ''))) {
    return {
      code: 'token_foreign',
      says: `the token is from ${iss ?? 'nobody'} for ${[aud].flat().join(', ') || 'nothing'}`,
    };
  }
  if (exp * 1000 <= now) {
    return { code: 'token_expired', says: `it ended at ${new Date(exp * 1000).toISOString()}` };
  }
  const { kid } = headSchema.catch({}).parse(head);
  const known = keysSchema.safeParse(json(keys ?? ''));
  if (kid !== undefined && known.success && !known.data.keys.some((key) => key.kid === kid)) {
    return { code: 'token_key_unknown', says: `the key ${kid} is not among the keys of ${target.origin}` };
  }
  return {
    code: 'token_refused',
    says: `its time ends at ${Number.isFinite(exp) ? new Date(exp * 1000).toISOString() : 'no time'}`,
  };
}

import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Redis } from 'ioredis';
import { ArleoError } from '../../errors.ts';
import { redisKey } from './keys.ts';

/**
 * Makes sure that all who share a Redis have the same `TOKEN_SECRET`: none could read what the others have made. The first
 * leaves a fingerprint of it.
 *
 * @param key derived from `TOKEN_SECRET` for the state
 * @throws {@link ArleoError} `token_secret_differs`
 */
export async function agreeOnSecret(redis: Redis, key: Buffer): Promise<void> {
  const name = redisKey('token-secret');
  const fingerprint = createHmac('sha256', key).update('arleo').digest();
  await redis.set(name, fingerprint.toString('base64url'), 'NX');
  const stored = Buffer.from((await redis.get(name)) ?? '', 'base64url');
  if (stored.length === fingerprint.length && timingSafeEqual(stored, fingerprint)) return;
  throw new ArleoError('token_secret_differs', 'The state in Redis was made with another TOKEN_SECRET.', {
    hint: 'Give every oauth-proxy that shares STATE_URL the same TOKEN_SECRET, the one of the first.',
  });
}

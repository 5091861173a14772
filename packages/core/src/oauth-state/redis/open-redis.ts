import type { Redis } from 'ioredis';
import { ArleoError } from '../../errors.ts';
import { connectRedis, REDIS_MS, unavailable, whenConnected } from './connect-redis.ts';
import { isRedisUrl } from './redis-url.ts';

/** A Redis for one command of a person. */
export interface OpenRedis {
  /** @throws {@link ArleoError} `state_unavailable`, and what `act` throws of its own */
  ask<Answer>(act: (redis: Redis) => Promise<Answer>): Promise<Answer>;
  close(): void;
}

/**
 * Opens the Redis at `url`.
 *
 * @param commandMs how long it may take for an answer
 * @throws {@link ArleoError} `state_url_invalid`, `state_unavailable`
 */
export async function openRedis(url: string, commandMs = REDIS_MS): Promise<OpenRedis> {
  if (!isRedisUrl(url)) {
    throw new ArleoError('state_url_invalid', 'The address of Redis is not a redis:// or rediss:// URL.', {
      hint: 'For example: rediss://arleo:password@redis.example.org:6379/0',
    });
  }
  const redis = connectRedis(url, commandMs);
  // What fails is told by what waits for it.
  redis.on('error', () => undefined);
  const ask: OpenRedis['ask'] = async (act) => {
    try {
      return await act(redis);
    } catch (error) {
      throw error instanceof ArleoError ? error : unavailable(error);
    }
  };
  try {
    await whenConnected(redis);
  } catch (error) {
    redis.disconnect();
    throw error;
  }
  return { ask, close: () => redis.disconnect() };
}

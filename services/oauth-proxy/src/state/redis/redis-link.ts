import { ArleoError } from '@arleo/core/errors';
import { agreeOnSecret } from '@arleo/core/oauth-state/redis/agree-on-secret';
import { connectRedis, unavailable, whenConnected } from '@arleo/core/oauth-state/redis/connect-redis';
import type { Log } from '@arleo/runtime/logging/log';
import type { Redis } from 'ioredis';
import { StateUnavailable } from '../state-unavailable.ts';

/** The one connection of this process to Redis. */
export interface RedisLink {
  /** Waits for the connection. @throws {@link StateUnavailable}; {@link ArleoError} `token_secret_differs` */
  connected(): Promise<void>;
  /**
   * Asks Redis something. Nothing hangs: it is answered within seconds, or it fails.
   *
   * @throws {@link StateUnavailable} when Redis is away, does not answer or refuses
   */
  run<Answer>(ask: (redis: Redis) => Promise<Answer>): Promise<Answer>;
  /** Why Redis cannot be used at the moment; undefined if it can. */
  problem(): Promise<string | undefined>;
  close(): void;
}

/**
 * Opens the connection, which comes and goes with Redis.
 *
 * @param secret a key from `TOKEN_SECRET`: all who share a state must have the same, or they could not read what the
 * others have made
 */
export function openRedisLink(url: string, secret: Buffer, log: Log): RedisLink {
  const redis = connectRedis(url);
  let agreed: Promise<void> | undefined;
  let told = '';
  redis.on('error', (error: Error) => {
    // Each attempt fails alike while Redis is away: once is enough.
    if (error.message === told) return;
    told = error.message;
    log.error('Redis cannot be reached', { error: unavailable(error) });
  });
  redis.on('close', () => {
    agreed = undefined;
  });
  redis.on('ready', () => {
    told = '';
    log.info('connected to Redis');
    void warnOfLoss(redis, log);
  });

  const asAgreed = (): Promise<void> => {
    agreed ??= agreeOnSecret(redis, secret).catch((error: unknown) => {
      agreed = undefined;
      throw error;
    });
    return agreed;
  };
  const failed = (error: unknown): StateUnavailable => {
    if (error instanceof StateUnavailable) return error;
    return new StateUnavailable(error instanceof ArleoError ? error : unavailable(error));
  };
  const run: RedisLink['run'] = async (ask) => {
    try {
      await asAgreed();
      return await ask(redis);
    } catch (error) {
      // A connection on which nothing comes back may be dead without a word: a new one shows.
      if ((error as Error).message === 'Command timed out' && redis.status === 'ready') redis.disconnect(true);
      throw failed(error);
    }
  };
  return {
    async connected() {
      try {
        await whenConnected(redis);
        await asAgreed();
      } catch (error) {
        if (error instanceof ArleoError && error.code === 'token_secret_differs') throw error;
        throw failed(error);
      }
    },
    run,
    problem: () =>
      run((one) => one.ping()).then(
        () => undefined,
        ({ cause }: Error) => (cause as Error).message,
      ),
    close: () => redis.disconnect(),
  };
}

/** Says so when a Redis is set up such that connections could be lost. One that does not tell is believed. */
async function warnOfLoss(redis: Redis, log: Log): Promise<void> {
  const setting = async (name: string): Promise<string | undefined> => {
    const [, value] = (await redis.config('GET', name).catch(() => [])) as string[];
    return value;
  };
  const policy = await setting('maxmemory-policy');
  if (policy !== undefined && policy !== 'noeviction') {
    log.warn('Redis may throw away connections when its memory is full: set maxmemory-policy noeviction', { policy });
  }
  if ((await setting('appendonly')) === 'no') {
    log.warn('Redis may lose the newest connections when it stops: set appendonly yes');
  }
}

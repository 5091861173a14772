import { Redis } from 'ioredis';
import { ArleoError } from '../../errors.ts';

/** Every key of ours in Redis begins with it. */
export const KEY_PREFIX = 'arleo:';

/** How long, in milliseconds, Redis may take for a connection and for an answer. */
export const REDIS_MS = 2_000;

/**
 * A connection to Redis, which comes back by itself when it was lost. A command fails at once while it is away, and after
 * {@link REDIS_MS} when Redis does not answer. None is ever sent twice: a code whose use was noted, but not confirmed,
 * would look used by somebody else.
 *
 * @param url `redis://` or `rediss://` (TLS), with user, password and database if there are any
 * @param commandMs how long Redis may take for an answer
 */
export function connectRedis(url: string, commandMs = REDIS_MS): Redis {
  return new Redis(url, {
    connectTimeout: REDIS_MS,
    commandTimeout: commandMs,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    keepAlive: 10_000,
    retryStrategy: (attempt) => Math.min(attempt * 100, 1_000),
    // A replica that was the primary before a failover refuses to write.
    reconnectOnError: (error) => error.message.startsWith('READONLY'),
  });
}

/** Waits until the connection can be used. @throws {@link ArleoError} `state_unavailable` when that takes too long */
export async function whenConnected(redis: Redis, withinMs = REDIS_MS): Promise<void> {
  if (redis.status === 'ready') return;
  let last: Error | undefined;
  await new Promise<void>((resolve, reject) => {
    const settle = (problem?: Error): void => {
      clearTimeout(timer);
      redis.off('ready', settle).off('error', note);
      if (problem) reject(problem);
      else resolve();
    };
    const note = (error: Error): void => {
      last = error;
    };
    const timer = setTimeout(() => settle(unavailable(last ?? new Error('no answer'))), withinMs);
    redis.once('ready', settle).on('error', note);
  });
}

/** That Redis did not do what it was asked to: `state_unavailable`. What it was asked is not told: that has secrets. */
export function unavailable(error: unknown): ArleoError {
  const { message, code } = error as NodeJS.ErrnoException;
  // What ioredis says of its own settings means only that.
  const away = message?.startsWith("Stream isn't writeable") ? 'not connected' : message;
  const why = [code, away].filter((one) => one).join(': ') || String(error);
  return new ArleoError('state_unavailable', `Redis, which keeps the state, cannot be used (${why}).`, {
    hint: 'Check STATE_URL, and that Redis runs, can be reached, and has memory left.',
  });
}

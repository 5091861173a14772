import { createHash } from 'node:crypto';
import { redisKey } from '@arleo/core/oauth-state/redis/keys';
import { type ClientRateLimitInfo, MemoryStore, type Options, type Store } from 'express-rate-limit';
import { type RedisReply, RedisStore } from 'rate-limit-redis';
import type { AskRedis } from '../state/open-state.ts';

/** Takes back one, but not of a minute that is over: that would leave a key which never goes. */
const takeBack = "if redis.call('EXISTS', KEYS[1]) == 1 then return redis.call('DECR', KEYS[1]) end return 0";

/**
 * The counts of express-rate-limit, which several services keep together in Redis. While it is away, each service counts
 * alone: then, too, nobody may ask as often as they like.
 */
export function createSharedRequestStore(name: string, ask: AskRedis): Store {
  const alone = new MemoryStore();
  const together = new RedisStore({
    prefix: redisKey(`limit:${name}:`),
    async sendCommand(verb = '', ...args) {
      let unknown: unknown;
      const answer = ask(async (redis) => {
        try {
          return verb === 'DECR' ? await redis.eval(takeBack, 1, ...args) : await redis.call(verb, ...args);
        } catch (error) {
          if (!(error as Error).message.startsWith('NOSCRIPT')) throw error;
          unknown = error;
          return undefined;
        }
      }) as Promise<RedisReply>;
      // It loads its scripts once, when it is made, and would remember for good that Redis was away then.
      if (verb === 'SCRIPT') return answer.catch(() => sha1(args[1] ?? ''));
      const reply = await answer;
      // Told as Redis says it, so that the script is sent again: one that was started anew knows none.
      if (unknown) throw unknown;
      return reply;
    },
  });
  const orAlone = async <T>(act: (store: Store) => Promise<T> | T): Promise<T> => {
    try {
      return await act(together);
    } catch {
      return act(alone);
    }
  };
  return {
    localKeys: false,
    init(options: Options) {
      alone.init(options);
      void together.init(options);
    },
    increment: (key): Promise<ClientRateLimitInfo> => orAlone((store) => store.increment(key)),
    decrement: (key) => orAlone((store) => store.decrement(key)),
    resetKey: (key) => orAlone((store) => store.resetKey(key)),
  };
}

function sha1(text: string): string {
  return createHash('sha1').update(text).digest('hex');
}

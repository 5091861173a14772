import { defineScript } from '@arleo/core/oauth-state/redis/lua';
import type { AskRedis } from '../state/open-state.ts';
import type { GuessCounts } from './guess-counts.ts';

const minuteMs = 60_000;

/** ARGV: key, places. Gives nothing when there was one, else for how long to wait in milliseconds, and 1 the first time. */
const reservePlace = defineScript<[number, number] | null>(`
local key = P .. ARGV[1]
local taken = tonumber(redis.call('HGET', key, 'taken') or '0')
if taken >= tonumber(ARGV[2]) then
  return { redis.call('PTTL', key), redis.call('HSETNX', key, 'refused', 1) }
end
redis.call('HINCRBY', key, 'taken', 1)
if redis.call('PTTL', key) < 0 then redis.call('PEXPIRE', key, ${minuteMs}) end
return nil
`);

/** ARGV: key. */
const giveBackPlace = defineScript<null>(`
local key = P .. ARGV[1]
if tonumber(redis.call('HGET', key, 'taken') or '0') > 0 then redis.call('HINCRBY', key, 'taken', -1) end
return nil
`);

/**
 * ARGV: key, turns at once, after how many milliseconds there is one more. Gives 1 when one was taken. The clock is that of
 * Redis, which is one for all; if it is set back, it is counted from there.
 */
const takeTurn = defineScript<number>(`
local key, most, every = P .. ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local turns = tonumber(redis.call('HGET', key, 'turns') or most)
local counted = math.min(now, tonumber(redis.call('HGET', key, 'counted') or now))
local fresh = math.floor((now - counted) / every)
turns = math.min(most, turns + fresh)
local taken = turns >= 1 and 1 or 0
redis.call('HSET', key, 'turns', turns - taken, 'counted', counted + fresh * every)
redis.call('PEXPIRE', key, most * every)
return taken
`);

/** ARGV: key, turns at once. */
const giveBackTurn = defineScript<null>(`
local key = P .. ARGV[1]
local turns = tonumber(redis.call('HGET', key, 'turns') or nil)
if turns then redis.call('HSET', key, 'turns', math.min(tonumber(ARGV[2]), turns + 1)) end
return nil
`);

/**
 * Counts that several services keep together in Redis, apart from those of another `name`. Each throws {@link StateUnavailable}: nobody guesses uncounted.
 */
export function createSharedGuessCounts(name: string, perMinute: number, ask: AskRedis): GuessCounts {
  const place = (kind: string, key: string): string => `guesses:${name}:${kind}:${key}`;
  return {
    async reserve(kind, key) {
      const refused = await ask((redis) => reservePlace(redis, place(kind, key), perMinute));
      if (!refused) return undefined;
      const [leftMs, first] = refused;
      return { retryAfterSeconds: Math.max(1, Math.ceil(leftMs / 1000)), first: first === 1 };
    },
    async giveBack(kind, key) {
      await ask((redis) => giveBackPlace(redis, place(kind, key)));
    },
    turns: ({ atOnce, everyMs }) => {
      const key = `guesses:${name}:turns`;
      return {
        take: async () => (await ask((redis) => takeTurn(redis, key, atOnce, everyMs))) === 1,
        giveBack: async () => void (await ask((redis) => giveBackTurn(redis, key, atOnce))),
        nextMs: () => everyMs,
      };
    },
  };
}

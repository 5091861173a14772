import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { KEY_PREFIX } from './connect-redis.ts';

/** A script that Redis runs as one step, between which and any other nothing happens. */
export type Script<Result> = (redis: Redis, ...args: (string | number)[]) => Promise<Result>;

/**
 * Functions that the scripts have in common. Keys are named without their prefix, which `P` is. The scripts find keys by
 * what stands in other keys, so that they need one Redis, not a cluster.
 */
const common = `
local P = '${KEY_PREFIX}'
local function hget(key, field) return redis.call('HGET', P .. key, field) end
local function expireAt(key, expires, now)
  if expires and expires ~= '' then redis.call('PEXPIRE', P .. key, math.max(1, tonumber(expires) - now)) end
end
local function keepAtLeast(key, expires, now)
  if not expires or expires == '' then redis.call('PERSIST', P .. key) return end
  local left = redis.call('PTTL', P .. key)
  local wanted = math.max(1, tonumber(expires) - now)
  if left < wanted then redis.call('PEXPIRE', P .. key, wanted) end
end
local function removeGrant(grantId)
  for _, member in ipairs(redis.call('SMEMBERS', P .. 'grant-member:' .. grantId)) do redis.call('DEL', P .. member) end
  redis.call('DEL', P .. 'grant-member:' .. grantId, P .. 'unused-refresh:' .. grantId, P .. 'last-use:' .. grantId,
    P .. 'Grant:' .. grantId)
  redis.call('ZREM', P .. 'grants', grantId)
end
`;

/** Makes a script of Lua, which sees its arguments as `ARGV`. Redis is sent the text of it once. */
export function defineScript<Result>(lua: string): Script<Result> {
  const text = common + lua;
  const digest = createHash('sha1').update(text).digest('hex');
  return async (redis, ...args) => {
    try {
      return (await redis.evalsha(digest, 0, ...args)) as Result;
    } catch (error) {
      if (!(error as Error).message.startsWith('NOSCRIPT')) throw error;
      return (await redis.eval(text, 0, ...args)) as Result;
    }
  };
}

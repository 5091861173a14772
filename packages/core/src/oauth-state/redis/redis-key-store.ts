import type { Redis } from 'ioredis';
import { ArleoError } from '../../errors.ts';
import { seal, unseal } from '../../seal.ts';
import type { KeyStore } from '../../signing-keys/key-store.ts';
import { redisKey } from './keys.ts';
import { defineScript } from './lua.ts';

const name = 'signing-keys';

/** How often the keys are looked at, in milliseconds. */
const lookEveryMs = 500;

/** ARGV: what is expected there (nothing: empty), what is to be there. Gives 1 if it is. */
const replaceIf = defineScript<number>(`
local found = redis.call('GET', P .. '${name}') or ''
if found ~= ARGV[1] then return 0 end
redis.call('SET', P .. '${name}', ARGV[2])
return 1
`);

/**
 * The signing keys in Redis, for all who share it. They are encrypted there: whoever reads Redis, or a copy of its file,
 * could else make tokens.
 *
 * @param ask asks Redis; what it throws is thrown on
 * @param key 32 bytes, from `TOKEN_SECRET`
 */
export function openRedisKeyStore(
  ask: <Answer>(act: (redis: Redis) => Promise<Answer>) => Promise<Answer>,
  key: Buffer,
): KeyStore {
  const where = `Redis (${redisKey(name)})`;
  const stored = async (): Promise<string> => (await ask((redis) => redis.get(redisKey(name)))) ?? '';
  const open = (sealed: string): string | undefined => {
    try {
      return sealed === '' ? undefined : unseal(key, name, sealed);
    } catch (cause) {
      throw new ArleoError('signing_keys_damaged', `The signing keys in ${where} cannot be opened.`, {
        cause,
        hint: 'They were encrypted with another TOKEN_SECRET: give the one that the other services have.',
      });
    }
  };
  return {
    where,
    read: async () => open(await stored()),
    async replace(expected, next) {
      const before = await stored();
      if (open(before) !== expected) return false;
      return (await ask((redis) => replaceIf(redis, before, seal(key, name, next)))) === 1;
    },
    watch(onChange) {
      let seen: string | undefined;
      let looking = false;
      const look = async (): Promise<void> => {
        if (looking) return;
        looking = true;
        // What is away is not changed; it is looked at again.
        const found = await stored().catch(() => seen);
        looking = false;
        if (found === seen) return;
        seen = found;
        onChange();
      };
      void look();
      const timer = setInterval(() => void look(), lookEveryMs).unref();
      return () => clearInterval(timer);
    },
  };
}

import type { Redis } from 'ioredis';
import { ArleoError } from '../../errors.ts';
import { seal, unseal } from '../../seal.ts';
import type { KeyStore } from '../../signing-keys/key-store.ts';
import { watchChanges } from '../../signing-keys/watch-changes.ts';
import { redisKey } from './keys.ts';
import { defineScript } from './lua.ts';

const name = 'signing-keys';

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
    // What is away is not changed; it is looked at again.
    watch: (onChange) => watchChanges((seen) => stored().catch(() => seen), onChange),
  };
}

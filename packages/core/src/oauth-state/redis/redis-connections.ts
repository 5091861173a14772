import type { Redis } from 'ioredis';
import {
  type Connections,
  clientKey,
  connectionsOf,
  connectionUnknown,
  type StoredClient,
  type StoredGrant,
} from '../connections.ts';
import { GRANTS, redisKey } from './keys.ts';
import { defineScript } from './lua.ts';
import { openRedis } from './open-redis.ts';

/** ARGV: now, client id. Gives how many grants of it there were. */
const revokeClient = defineScript<number>(`
local now, clientId, count = tonumber(ARGV[1]), ARGV[2], 0
for _, grantId in ipairs(redis.call('ZRANGEBYSCORE', P .. 'grants', '(' .. ARGV[1], '+inf')) do
  if hget('Grant:' .. grantId, 'clientId') == clientId then
    removeGrant(grantId)
    -- Where there is no memory left for the notice, the grant still ends.
    redis.pcall('RPUSH', P .. 'revocation-notices', cjson.encode({ grantId = grantId, clientId = clientId, at = now }))
    count = count + 1
  end
end
return count
`);

/**
 * Opens the state of oauth-proxy in the Redis at `url`, beside running services.
 *
 * @throws {@link ArleoError} `state_url_invalid`, `state_unavailable`
 */
export async function openRedisConnections(url: string, now: () => number = Date.now): Promise<Connections> {
  const { ask, close } = await openRedis(url);
  return {
    list: () => ask((redis) => list(redis, now())),
    revoke: (id) =>
      ask(async (redis) => {
        const count = await revokeClient(redis, now(), id);
        if (count === 0) throw connectionUnknown(id);
        return count;
      }),
    async close() {
      close();
    },
  };
}

async function list(redis: Redis, now: number) {
  const ids = await redis.zrangebyscore(GRANTS, `(${now}`, '+inf');
  const grants: StoredGrant[] = [];
  for (const id of ids) {
    const [clientId, payload, expires] = await redis.hmget(redisKey(`Grant:${id}`), 'clientId', 'payload', 'expires');
    if (!clientId || !payload) continue;
    const { iat, resources } = JSON.parse(payload) as Pick<StoredGrant, 'iat' | 'resources'>;
    const lastUsed = Number((await redis.get(redisKey(`last-use:${id}`))) ?? 0);
    grants.push({ clientId, iat, resources, lastUsed, expires: expires ? Number(expires) : undefined });
  }
  const clients = new Map<string, StoredClient>();
  for (const { clientId } of grants) {
    const payload = await redis.hget(redisKey(clientKey(clientId)), 'payload');
    if (payload) clients.set(clientId, JSON.parse(payload) as StoredClient);
  }
  return connectionsOf(grants, (id) => clients.get(id));
}

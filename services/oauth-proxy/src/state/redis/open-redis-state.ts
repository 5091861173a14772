import type { RevocationNotice } from '@arleo/core/oauth-state/connections';
import { REVOCATION_NOTICES, redisKey } from '@arleo/core/oauth-state/redis/keys';
import { createUseNote } from '../noted-use.ts';
import type { State } from '../state.ts';
import { BELIEVED_MS, createHoldCache } from './hold-cache.ts';
import { RedisAdapter } from './redis-adapter.ts';
import type { RedisLink } from './redis-link.ts';
import { claimName, removeNotice } from './scripts.ts';

/**
 * The state in Redis, for several oauth-proxies that stand beside each other.
 *
 * @param believedMs for how long it is believed that an access token holds
 * @param network of whoever sent the request that something is stored for
 */
export function openRedisState(
  link: RedisLink,
  now: () => number = Date.now,
  believedMs = BELIEVED_MS,
  network: () => string = () => '',
): State {
  const noteUse = createUseNote(now, (grantId, time, keepMs) =>
    link.run((redis) => redis.set(redisKey(`last-use:${grantId}`), time, 'PX', keepMs)),
  );
  return {
    adapter: (model) => new RedisAdapter(model, link, now, network),
    accessHolds: createHoldCache(async (grantId, jti) => {
      const [[, grant], [, revoked]] = await link.run(async (redis) => {
        const answers = await redis
          .pipeline()
          .hmget(redisKey(`Grant:${grantId}`), 'clientId', 'expires')
          .get(redisKey(`revoked:${jti}`))
          .exec();
        const failure = answers?.find(([error]) => error)?.[0];
        if (failure) throw failure;
        return answers as [[null, (string | null)[]], [null, string | null]];
      });
      const [clientId, expires] = grant;
      const alive = clientId !== null && (expires === null || Number(expires) > now());
      return alive && (revoked === null || Number(revoked) <= now());
    }, believedMs),
    async revokeAccessToken(jti, seconds) {
      const keepMs = Math.max(1, Math.ceil(seconds * 1000));
      await link.run((redis) => redis.set(redisKey(`revoked:${jti}`), now() + keepMs, 'PX', keepMs));
    },
    async claim(name, seconds) {
      return (await link.run((redis) => claimName(redis, now(), name, now() + seconds * 1000))) === 1;
    },
    noteUse: noteUse.note,
    async revocationNotices() {
      const notices = await link.run((redis) => redis.lrange(REVOCATION_NOTICES, 0, -1));
      return notices.map((notice) => JSON.parse(notice) as RevocationNotice);
    },
    async removeRevocationNotice(grantId) {
      await link.run((redis) => removeNotice(redis, grantId));
    },
    problem: () => link.problem(),
    async close() {
      await noteUse.settled();
      link.close();
    },
  };
}

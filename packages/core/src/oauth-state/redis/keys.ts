import { KEY_PREFIX } from './connect-redis.ts';

/** The name of a key, as it stands in Redis. */
export const redisKey = (name: string): string => `${KEY_PREFIX}${name}`;

/** All grants, by when they end. */
export const GRANTS = redisKey('grants');

/** What the owner revoked, until oauth-proxy has put it into its audit log. */
export const REVOCATION_NOTICES = redisKey('revocation-notices');

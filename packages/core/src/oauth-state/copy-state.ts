import type { ChainableCommander, Redis } from 'ioredis';
import { deriveKey } from '../derive-key.ts';
import { ArleoError } from '../errors.ts';
import { seal } from '../seal.ts';
import { openKeyFile } from '../signing-keys/key-file.ts';
import { sealClient } from './client-secret.ts';
import type { Entry, Store } from './lmdb/entry.ts';
import { openExistingStore } from './lmdb/lmdb-connections.ts';
import { agreeOnSecret } from './redis/agree-on-secret.ts';
import { GRANTS, REVOCATION_NOTICES, redisKey } from './redis/keys.ts';
import { openRedis } from './redis/open-redis.ts';

/** What is copied from where to where. */
export interface CopyOptions {
  /** The `STATE_DIR` of an oauth-proxy that does not run. */
  from: string;
  toUrl: string;
  /** Of that oauth-proxy and of those that are to share the Redis. */
  tokenSecret: string;
  /** Take the place of what is there under the same name. */
  overwrite: boolean;
  now?: () => number;
}

/** What was copied. */
export interface Copied {
  connections: number;
  entries: number;
  signingKeys: boolean;
}

/** As long as Redis may take for all of it, in milliseconds. */
const copyMs = 60_000;

/**
 * Copies the state of one machine into a Redis for several, in one step: all of it is there, or nothing. Who is connected
 * stays so: nobody has to approve anything again. What has expired is left behind; the source stays as it is.
 *
 * @throws {@link ArleoError} `state_missing`, `state_unreadable`, `state_damaged`, `state_outdated`, `state_url_invalid`,
 *   `state_unavailable`, `state_not_empty`, `token_secret_differs`
 */
export async function copyState(options: CopyOptions): Promise<Copied> {
  const { from, toUrl, tokenSecret, overwrite, now = Date.now } = options;
  const store: Store<Payload> = await openExistingStore(from);
  try {
    const keys = await openKeyFile(from).read();
    const redis = await openRedis(toUrl, copyMs);
    try {
      return await redis.ask(async (target) => {
        await agreeOnSecret(target, deriveKey(tokenSecret, 'state'));
        if (!overwrite && (await hasState(target))) {
          throw new ArleoError('state_not_empty', 'There is a state in that Redis already; nothing was copied.', {
            hint: 'If what is copied is to take its place under the same names, give --overwrite.',
          });
        }
        const step = target.multi();
        const copied = putEntries(step, store, deriveKey(tokenSecret, 'client secrets'), now());
        if (keys !== undefined) {
          step.set(redisKey('signing-keys'), seal(deriveKey(tokenSecret, 'signing keys'), 'signing-keys', keys));
        }
        const failure = (await step.exec())?.find(([error]) => error)?.[0];
        if (failure) throw failure;
        return { ...copied, signingKeys: keys !== undefined };
      });
    } finally {
      redis.close();
    }
  } finally {
    await store.close();
  }
}

type Payload = Record<string, unknown>;

/** Counts of limits are no state, nor is the fingerprint of the secret. */
async function hasState(redis: Redis): Promise<boolean> {
  if ((await redis.exists(GRANTS, redisKey('signing-keys'), redisKey('unused-clients'))) > 0) return true;
  let cursor = '0';
  do {
    const [next, found] = await redis.scan(cursor, 'MATCH', redisKey('Client:*'), 'COUNT', 1_000);
    if (found.length > 0) return true;
    cursor = next;
  } while (cursor !== '0');
  return false;
}

const models = /^[A-Z][A-Za-z]+$/;

/** The forms that both stores keep things in: `docs/storage-schema.md`. */
function putEntries(step: ChainableCommander, store: Store<Payload>, secretKey: Buffer, now: number) {
  /** Keys that stand for several entries end with the last of them. */
  const ends = new Map<string, number | undefined>();
  let connections = 0;
  let entries = 0;
  const endWith = (key: string, expires: number | undefined): void => {
    const before = ends.has(key) ? ends.get(key) : 0;
    ends.set(key, before === undefined || expires === undefined ? undefined : Math.max(before, expires));
  };
  const text = (key: string, value: string, expires: number | undefined): void => {
    if (expires === undefined) step.set(redisKey(key), value);
    else step.set(redisKey(key), value, 'PX', expires - now);
  };
  for (const { key, value } of store.getRange()) {
    const { payload, expires } = value;
    if (expires !== undefined && expires <= now) continue;
    entries += 1;
    const kind = key.slice(0, key.indexOf(':'));
    const name = key.slice(kind.length + 1);
    const [grantId = ''] = name.split(':', 1);
    const member = name.slice(grantId.length + 1);
    if (models.test(kind)) {
      if (/^(?:Session|Interaction|AuthorizationCode|RefreshToken)$/.test(kind) && !name.startsWith('sha256:')) {
        throw outdated(`it holds ids of the kind ${kind} in clear`);
      }
      putThing(step, key, kind === 'Client' ? { ...value, payload: sealClient(secretKey, name, payload) } : value, now);
      if (kind === 'Grant') connections += 1;
      if (kind === 'Grant') step.zadd(GRANTS, expires ?? '+inf', name);
      if (kind === 'Interaction' && expires !== undefined) {
        step.zadd(redisKey('open-pages'), expires, key);
        endWith('open-pages', expires);
      }
      if (kind === 'Client' && expires !== undefined) step.zadd(redisKey('unused-clients'), expires, name);
    } else if (kind === 'grant-member') {
      step.sadd(redisKey(`grant-member:${grantId}`), member);
      endWith(`grant-member:${grantId}`, expires);
    } else if (kind === 'unused-refresh') {
      step.zadd(redisKey(`unused-refresh:${grantId}`), Number(payload.issued ?? 0), member);
      endWith(`unused-refresh:${grantId}`, expires);
    } else if (kind === 'session-uid') text(key, String(payload.key), expires);
    else if (kind === 'last-use') text(key, String(payload.last), expires);
    else if (kind === 'revoked' || kind === 'claimed') text(key, String(expires ?? ''), expires);
    else if (kind === 'revocation-notice') {
      const notice = JSON.stringify(payload);
      step.lrem(REVOCATION_NOTICES, 0, notice).rpush(REVOCATION_NOTICES, notice);
    } else throw outdated(`it holds something of the kind ${JSON.stringify(kind.slice(0, 40))}`);
  }
  for (const [key, expires] of ends) if (expires !== undefined) step.pexpire(redisKey(key), expires - now);
  return { connections, entries };
}

function putThing(
  step: ChainableCommander,
  key: string,
  { payload, expires, keptUntil, network }: Entry,
  now: number,
): void {
  const { consumed, ...rest } = payload;
  step.del(redisKey(key));
  step.hset(redisKey(key), {
    payload: JSON.stringify(rest),
    grantId: String(payload.grantId ?? ''),
    clientId: String(payload.clientId ?? ''),
    ...(consumed !== undefined && { consumed: String(consumed) }),
    ...(expires !== undefined && { expires: String(expires) }),
    ...(keptUntil !== undefined && { keptUntil: String(keptUntil) }),
    ...(network !== undefined && { network }),
  });
  if (expires !== undefined) step.pexpire(redisKey(key), expires - now);
}

function outdated(why: string): ArleoError {
  return new ArleoError('state_outdated', `The state is of another version: ${why}.`, {
    hint: 'Start the oauth-proxy of this version once with that STATE_DIR, without STATE_URL, and stop it again.',
  });
}

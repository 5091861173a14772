import { redisKey } from '@arleo/core/oauth-state/redis/keys';
import type { Adapter, AdapterPayload } from 'oidc-provider';
import { withinGrace } from '../refresh-rules.ts';
import { RegistrationsFull } from '../registration-rules.ts';
import { Reused } from '../reused.ts';
import { storageKey, withId, withoutId } from '../stored-form.ts';
import type { RedisLink } from './redis-link.ts';
import { dropGrant, putThing, removeThing, useThing } from './scripts.ts';

/**
 * oidc-provider's storage in Redis: a hash for each thing, whose `payload` no script reads, and beside it what scripts
 * need or change. Redis itself removes what has expired.
 */
export class RedisAdapter implements Adapter {
  readonly #model: string;
  readonly #link: RedisLink;
  readonly #now: () => number;
  readonly #network: () => string;

  /** @throws Error for a model without a name: everything would be stored in one place */
  constructor(model: string, link: RedisLink, now: () => number, network: () => string) {
    if (!/^[A-Z][A-Za-z]+$/.test(model)) throw new Error(`no model can be called "${model}"`);
    this.#model = model;
    this.#link = link;
    this.#now = now;
    this.#network = network;
  }

  /**
   * @throws {@link RegistrationsFull} for a client when there is no place for it
   * @throws {@link StateUnavailable}, as everything here
   */
  async upsert(id: string, payload: AdapterPayload, expiresIn?: number): Promise<void> {
    const now = this.#now();
    const { grantId = '', clientId, params, uid = '', exp = '' } = payload;
    const network = this.#network();
    const client = this.#model === 'Interaction' ? params?.client_id : clientId;
    const nextFree = await this.#link.run((redis) =>
      putThing(
        redis,
        now,
        this.#model,
        storageKey(this.#model, id),
        JSON.stringify(withoutId(this.#model, id, payload)),
        expiresIn ? now + expiresIn * 1000 : '',
        grantId,
        String(client ?? ''),
        uid,
        exp,
        network,
      ),
    );
    if (nextFree) throw new RegistrationsFull(Math.max(1, Math.ceil((Number(nextFree) - now) / 1000)));
  }

  async find(id: string): Promise<AdapterPayload | undefined> {
    const stored = await this.#get(storageKey(this.#model, id));
    if (!stored) return undefined;
    const payload = withId(this.#model, id, stored);
    if (this.#model !== 'RefreshToken' || typeof payload.consumed !== 'number') return payload;
    return withinGrace(payload.consumed, this.#now()) ? { ...payload, consumed: undefined } : payload;
  }

  /** Without the session's id, which nobody knows but its browser. */
  async findByUid(uid: string): Promise<AdapterPayload | undefined> {
    const key = await this.#link.run((redis) => redis.get(redisKey(`session-uid:${uid}`)));
    return key ? this.#get(key) : undefined;
  }

  async findByUserCode(): Promise<undefined> {
    // The device flow is off.
    return undefined;
  }

  /** @throws {@link Reused} as the adapter of LMDB does */
  async consume(id: string): Promise<void> {
    const key = storageKey(this.#model, id);
    const grantId = await this.#link.run((redis) => useThing(redis, this.#now(), this.#model, key));
    if (grantId === null) return;
    throw new Reused(this.#model === 'RefreshToken' ? 'refresh token' : 'authorization code', grantId || undefined);
  }

  async destroy(id: string): Promise<void> {
    await this.#link.run((redis) => removeThing(redis, this.#model, id, storageKey(this.#model, id)));
  }

  async revokeByGrantId(grantId: string): Promise<void> {
    await this.#link.run((redis) => dropGrant(redis, grantId));
  }

  async #get(key: string): Promise<AdapterPayload | undefined> {
    const [payload, expires, consumed, exp] = await this.#link.run((redis) =>
      redis.hmget(redisKey(key), 'payload', 'expires', 'consumed', 'exp'),
    );
    // Redis goes by its own clock: an entry may be there a moment longer.
    if (!payload || (expires && Number(expires) <= this.#now())) return undefined;
    return {
      ...(JSON.parse(payload) as AdapterPayload),
      ...(consumed && { consumed: Number(consumed) }),
      ...(exp && { exp: Number(exp) }),
    };
  }
}

import type { Adapter, AdapterPayload } from 'oidc-provider';
import { CodeReused } from './code-reused.ts';
import type { Entry, Store } from './lmdb-state.ts';

/**
 * For how long, in seconds, a refresh token that was already rotated still succeeds. Clients refresh in parallel, and
 * a loser of that race that got `invalid_grant` would be a dead connector; a replay after this revokes the grant.
 */
export const REFRESH_GRACE_SECONDS = 60;

/** A registered client that was never used is forgotten after this many seconds. */
export const UNUSED_CLIENT_SECONDS = 24 * 60 * 60;

/** At most this many registered clients that were never used; registering one more forgets the oldest. */
export const MAX_UNUSED_CLIENTS = 500;

/** What belongs to a grant and goes with it. */
const grantable = new Set(['AccessToken', 'AuthorizationCode', 'RefreshToken']);

/** oidc-provider's storage in LMDB: one entry a thing, and one for each thing of a grant that says so. */
export class LmdbAdapter implements Adapter {
  readonly #model: string;
  readonly #store: Store;
  readonly #now: () => number;

  /** @throws Error for a model without a name: everything would be stored in one place */
  constructor(model: string, store: Store, now: () => number) {
    if (!/^[A-Z][A-Za-z]+$/.test(model)) throw new Error(`no model can be called "${model}"`);
    this.#model = model;
    this.#store = store;
    this.#now = now;
  }

  async upsert(id: string, payload: AdapterPayload, expiresIn?: number): Promise<void> {
    const key = this.#key(id);
    const store = this.#store;
    await store.transaction(() => {
      const seconds = this.#model === 'Client' && !store.doesExist(key) ? UNUSED_CLIENT_SECONDS : expiresIn;
      const entry: Entry = { payload, ...(seconds ? { expires: this.#now() + seconds * 1000 } : {}) };
      if (this.#model === 'Client') this.#forgetOldest();
      store.put(key, entry);
      if (this.#model === 'Session' && payload.uid)
        store.put(`session-uid:${payload.uid}`, { ...entry, payload: { id } });
      if (this.#model === 'Grant' && typeof payload.clientId === 'string') this.#keepClient(payload.clientId);
      if (grantable.has(this.#model) && payload.grantId) this.#addMember(payload.grantId, key, entry);
      if (this.#model === 'RefreshToken' && payload.grantId) this.#keepGrant(payload.grantId, entry);
    });
  }

  async find(id: string): Promise<AdapterPayload | undefined> {
    const payload = this.#get(this.#key(id))?.payload;
    if (!payload || this.#model !== 'RefreshToken' || typeof payload.consumed !== 'number') return payload;
    const used = this.#now() / 1000 - payload.consumed;
    return used < REFRESH_GRACE_SECONDS ? { ...payload, consumed: undefined } : payload;
  }

  async findByUid(uid: string): Promise<AdapterPayload | undefined> {
    const id = this.#get(`session-uid:${uid}`)?.payload.id;
    return typeof id === 'string' ? this.find(id) : undefined;
  }

  async findByUserCode(): Promise<undefined> {
    // The device flow is off.
    return undefined;
  }

  /**
   * Notes the first use.
   *
   * @throws {@link CodeReused} for a second use of a code: both requests may have read it before either was here, and only
   * this transaction knows who was first
   */
  async consume(id: string): Promise<void> {
    const key = this.#key(id);
    const store = this.#store;
    const reused = await store.transaction(() => {
      const entry = store.get(key);
      const consumed = entry === undefined || entry.payload.consumed !== undefined;
      if (!consumed) {
        store.put(key, { ...entry, payload: { ...entry.payload, consumed: Math.floor(this.#now() / 1000) } });
      } else if (this.#model === 'AuthorizationCode') {
        if (entry?.payload.grantId) this.#removeGrant(entry.payload.grantId);
        return new CodeReused(entry?.payload.grantId);
      }
      // A refresh token that is used again within the grace keeps the time of its first use: the grace must end.
      return undefined;
    });
    if (reused) throw reused;
  }

  async destroy(id: string): Promise<void> {
    await this.#store.remove(this.#key(id));
  }

  async revokeByGrantId(grantId: string): Promise<void> {
    await this.#store.transaction(() => this.#removeGrant(grantId));
  }

  #key(id: string): string {
    return `${this.#model}:${id}`;
  }

  #get(key: string): Entry | undefined {
    const entry = this.#store.get(key);
    return entry?.expires !== undefined && entry.expires <= this.#now() ? undefined : entry;
  }

  #removeGrant(grantId: string): void {
    const index = `grant-member:${grantId}:`;
    for (const member of [...this.#store.getKeys({ start: index, end: `${index.slice(0, -1)};` })]) {
      this.#store.remove(member.slice(index.length));
      this.#store.remove(member);
    }
    this.#store.remove(`Grant:${grantId}`);
  }

  #addMember(grantId: string, key: string, { expires }: Entry): void {
    this.#store.put(`grant-member:${grantId}:${key}`, { payload: {}, ...(expires ? { expires } : {}) });
  }

  /** The owner's consent holds for as long as the newest refresh token: a connection in use never ends by itself. */
  #keepGrant(grantId: string, { expires, payload: { exp } }: Entry): void {
    const key = `Grant:${grantId}`;
    const grant = this.#store.get(key);
    // Revoked while the token was being made: it must stay so.
    if (!grant?.expires || !expires || grant.expires >= expires) return;
    this.#store.put(key, { payload: { ...grant.payload, exp }, expires });
  }

  /** A client that the owner approved once is kept for good. */
  #keepClient(clientId: string): void {
    const entry = this.#store.get(`Client:${clientId}`);
    if (entry?.expires !== undefined) this.#store.put(`Client:${clientId}`, { payload: entry.payload });
  }

  #forgetOldest(): void {
    const unused: { key: string; expires: number }[] = [];
    for (const { key, value } of this.#store.getRange({ start: 'Client:', end: 'Client;' })) {
      if (value.expires !== undefined) unused.push({ key, expires: value.expires });
    }
    if (unused.length < MAX_UNUSED_CLIENTS) return;
    unused.sort((a, b) => a.expires - b.expires);
    for (const { key } of unused.slice(0, unused.length - MAX_UNUSED_CLIENTS + 1)) this.#store.remove(key);
  }
}

import { grantMembers, removeGrant } from '@arleo/core/oauth-state/lmdb/grants';
import type { Adapter, AdapterPayload } from 'oidc-provider';
import { withinGrace } from '../refresh-rules.ts';
import { Reused } from '../reused.ts';
import { storageKey, withId, withoutId } from '../stored-form.ts';
import type { Entry, Store } from './entry.ts';
import { makeRoomForPage } from './open-pages.ts';
import { createRefreshFamily, type RefreshFamily } from './refresh-family.ts';
import { keepForGood, keepWhileConnecting, makeRoom, newClient } from './registration-limit.ts';

/** What belongs to a grant and goes with it. */
const grantable = new Set(['AccessToken', 'AuthorizationCode', 'RefreshToken']);

/** oidc-provider's storage in LMDB: one entry a thing, and one for each thing of a grant that says so. */
export class LmdbAdapter implements Adapter {
  readonly #model: string;
  readonly #store: Store;
  readonly #now: () => number;
  readonly #network: () => string;
  readonly #family: RefreshFamily;

  /** @throws Error for a model without a name: everything would be stored in one place */
  constructor(model: string, store: Store, now: () => number, network: () => string) {
    if (!/^[A-Z][A-Za-z]+$/.test(model)) throw new Error(`no model can be called "${model}"`);
    this.#model = model;
    this.#store = store;
    this.#now = now;
    this.#network = network;
    this.#family = createRefreshFamily(store, now);
  }

  /** @throws {@link RegistrationsFull} for a client when there is no place for it */
  async upsert(id: string, payload: AdapterPayload, expiresIn?: number): Promise<void> {
    const key = storageKey(this.#model, id);
    const entry: Entry = {
      payload: withoutId(this.#model, id, payload),
      ...(expiresIn ? { expires: this.#now() + expiresIn * 1000 } : {}),
    };
    const network = this.#network();
    await this.#store.transaction(() => this.#put(key, entry, network));
  }

  #put(key: string, entry: Entry, network: string): void {
    const store = this.#store;
    const { payload } = entry;
    if (this.#model === 'Client' && !store.doesExist(key)) {
      // Before anything is written: what was stays when this throws.
      makeRoom(store, network, this.#now());
      store.put(key, newClient(payload, network, this.#now()));
      return;
    }
    if (this.#model === 'Interaction') this.#putPage(key, entry, network);
    else store.put(key, entry);
    const { clientId, grantId, params, uid } = payload;
    if (this.#model === 'Session' && uid) store.put(`session-uid:${uid}`, { ...entry, payload: { key } });
    if (this.#model === 'Interaction') keepWhileConnecting(store, String(params?.client_id), this.#now());
    if (this.#model === 'Grant' && typeof clientId === 'string') keepForGood(store, clientId);
    if (grantable.has(this.#model) && grantId) this.#addMember(grantId, key, entry);
    if (this.#model === 'RefreshToken' && grantId) {
      this.#family.add(grantId, key, entry.expires);
      this.#keepGrant(grantId, entry);
    }
  }

  #putPage(key: string, entry: Entry, network: string): void {
    const before = this.#store.get(key);
    if (!before) makeRoomForPage(this.#store, this.#now());
    this.#store.put(key, { ...entry, network: before?.network ?? network });
  }

  async find(id: string): Promise<AdapterPayload | undefined> {
    const stored = this.#get(storageKey(this.#model, id))?.payload;
    if (!stored) return undefined;
    const payload = withId(this.#model, id, stored);
    if (this.#model !== 'RefreshToken' || typeof payload.consumed !== 'number') return payload;
    return withinGrace(payload.consumed, this.#now()) ? { ...payload, consumed: undefined } : payload;
  }

  /** Without the session's id, which nobody knows but its browser. */
  async findByUid(uid: string): Promise<AdapterPayload | undefined> {
    const key = this.#get(`session-uid:${uid}`)?.payload.key;
    return typeof key === 'string' ? this.#get(key)?.payload : undefined;
  }

  async findByUserCode(): Promise<undefined> {
    // The device flow is off.
    return undefined;
  }

  /**
   * Notes the use of a code or refresh token.
   *
   * @throws {@link Reused} for a second use of a code, and for a refresh token that was replaced: several requests may have
   * read it before one of them was here, and only this transaction knows who was first
   */
  async consume(id: string): Promise<void> {
    const key = storageKey(this.#model, id);
    const store = this.#store;
    const reused = await store.transaction(() => {
      const entry = store.get(key);
      if (entry && this.#use(key, entry)) return undefined;
      const grantId = entry?.payload.grantId;
      if (grantId) removeGrant(this.#store, grantId);
      return new Reused(this.#model === 'RefreshToken' ? 'refresh token' : 'authorization code', grantId);
    });
    if (reused) throw reused;
  }

  #use(key: string, entry: Entry): boolean {
    if (this.#model === 'RefreshToken') return this.#family.use(key, entry);
    if (entry.payload.consumed !== undefined) return false;
    this.#store.put(key, { ...entry, payload: { ...entry.payload, consumed: Math.floor(this.#now() / 1000) } });
    return true;
  }

  async destroy(id: string): Promise<void> {
    await this.#store.remove(storageKey(this.#model, id));
  }

  async revokeByGrantId(grantId: string): Promise<void> {
    await this.#store.transaction(() => removeGrant(this.#store, grantId));
  }

  #get(key: string): Entry | undefined {
    const entry = this.#store.get(key);
    return entry?.expires !== undefined && entry.expires <= this.#now() ? undefined : entry;
  }

  #addMember(grantId: string, key: string, { expires }: Entry): void {
    this.#store.put(`${grantMembers(grantId)}${key}`, { payload: {}, ...(expires ? { expires } : {}) });
  }

  /** The owner's consent holds for as long as the newest refresh token: a connection in use never ends by itself. */
  #keepGrant(grantId: string, { expires, payload: { exp } }: Entry): void {
    const key = `Grant:${grantId}`;
    const grant = this.#store.get(key);
    // Revoked while the token was being made: it must stay so.
    if (!grant?.expires || !expires || grant.expires >= expires) return;
    this.#store.put(key, { payload: { ...grant.payload, exp }, expires });
  }
}

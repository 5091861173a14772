import type { RootDatabase } from 'lmdb';

/** A stored value. */
export interface Entry<Payload extends object = Record<string, unknown>> {
  payload: Payload;
  /** Milliseconds since 1970; absent = kept until it is removed. */
  expires?: number;
  /** Until when, in milliseconds since 1970, a registered client is not forgotten for a newer one. */
  keptUntil?: number;
  /** Of a registered client and an open page: the network that it came from. */
  network?: string;
}

/** The store that all of oauth-proxy's state is in; `docs/storage-schema.md` lists its keys. */
export type Store<Payload extends object = Record<string, unknown>> = RootDatabase<Entry<Payload>, string>;

/** All keys that begin with `prefix`, which ends with a colon. */
export function keysUnder(store: Pick<Store, 'getKeys'>, prefix: string): string[] {
  return [...store.getKeys({ start: prefix, end: `${prefix.slice(0, -1)};` })];
}

import type { RootDatabase } from 'lmdb';
import type { AdapterPayload } from 'oidc-provider';

/** A stored value. */
export interface Entry {
  payload: AdapterPayload;
  /** Milliseconds since 1970; absent = kept until it is removed. */
  expires?: number;
  /** Until when, in milliseconds since 1970, a registered client is not forgotten for a newer one. */
  keptUntil?: number;
}

/** The store that all of the state is in. */
export type Store = RootDatabase<Entry, string>;

/** All keys that begin with `prefix`, which ends with a colon. */
export function keysUnder(store: Store, prefix: string): string[] {
  return [...store.getKeys({ start: prefix, end: `${prefix.slice(0, -1)};` })];
}

import type { Entry as CoreEntry, Store as CoreStore } from '@arleo/core/oauth-state/lmdb/entry';
import type { AdapterPayload } from 'oidc-provider';

/** A stored value, as oidc-provider means it. */
export type Entry = CoreEntry<AdapterPayload>;

/** The store that all of the state is in. */
export type Store = CoreStore<AdapterPayload>;

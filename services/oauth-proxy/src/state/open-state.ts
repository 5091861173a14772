import { deriveKey } from '@arleo/core/derive-key';
import { openRedisKeyStore } from '@arleo/core/oauth-state/redis/redis-key-store';
import { openKeyFile } from '@arleo/core/signing-keys/key-file';
import type { KeyStore } from '@arleo/core/signing-keys/key-store';
import type { Log } from '@arleo/runtime/logging/log';
import type { Redis } from 'ioredis';
import { openLmdbState } from './lmdb/open-lmdb-state.ts';
import { BELIEVED_MS } from './redis/hold-cache.ts';
import { openRedisState } from './redis/open-redis-state.ts';
import { openRedisLink } from './redis/redis-link.ts';
import { withSealedClients } from './sealed-clients.ts';
import type { State } from './state.ts';
import { StateUnavailable } from './state-unavailable.ts';

/** What decides where the state is. */
export interface StateConfig {
  STATE_DIR: string;
  STATE_URL?: string | undefined;
  TOKEN_SECRET: string;
}

/** Asks the Redis that is shared. @throws {@link StateUnavailable} */
export type AskRedis = <Answer>(ask: (redis: Redis) => Promise<Answer>) => Promise<Answer>;

/** Everything that is kept: in LMDB and a file of this machine, or in the Redis that several machines share. */
export interface OpenedState {
  state: State;
  keyStore: KeyStore;
  /** The folders that it is in; none when all of it is in Redis. */
  folders: readonly string[];
  /** Absent without a shared Redis. */
  shared?: AskRedis;
}

/**
 * Opens what is kept. A Redis that is away does not keep the service from starting: it waits for it.
 *
 * @param network of whoever sent the request that something is stored for
 * @throws {@link ArleoError} `state_damaged`; `token_secret_differs`
 */
export async function openState(config: StateConfig, log: Log, network: () => string): Promise<OpenedState> {
  const { STATE_DIR, STATE_URL, TOKEN_SECRET } = config;
  const secretKey = deriveKey(TOKEN_SECRET, 'client secrets');
  const sealed = (state: State): State => ({ ...state, adapter: withSealedClients(state.adapter, secretKey, log) });
  if (STATE_URL === undefined) {
    return {
      state: sealed(await openLmdbState(STATE_DIR, secretKey, Date.now, network)),
      keyStore: openKeyFile(STATE_DIR),
      folders: [STATE_DIR],
    };
  }
  const link = openRedisLink(STATE_URL, deriveKey(TOKEN_SECRET, 'state'), log);
  try {
    await link.connected();
  } catch (error) {
    if (!(error instanceof StateUnavailable)) {
      link.close();
      throw error;
    }
    log.warn('waiting for Redis: everything that needs it is answered with 503 until it is there');
  }
  const keyStore = openRedisKeyStore(link.run, deriveKey(TOKEN_SECRET, 'signing keys'));
  const state = sealed(openRedisState(link, Date.now, BELIEVED_MS, network));
  return { state, keyStore, folders: [], shared: link.run };
}

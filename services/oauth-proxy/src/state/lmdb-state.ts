import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { open, type RootDatabaseOptionsWithPath } from 'lmdb';
import type { Store } from './entry.ts';
import { LmdbAdapter } from './lmdb-adapter.ts';
import { checkLmdbFile } from './lmdb-file.ts';
import type { State } from './state.ts';
import { hasClearIds, hashStoredIds } from './upgrade.ts';

const sweepEveryMs = 10 * 60_000;

/**
 * Opens the state in `folder`/oauth.lmdb.
 *
 * @throws {@link ArleoError} `state_damaged`
 * @throws Error when the folder cannot be made or the file not be opened
 */
export async function openLmdbState(folder: string, now: () => number = Date.now): Promise<State> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = path.join(folder, 'oauth.lmdb');
  checkLmdbFile(file);
  let store: Store = open(options(file));
  if (hasClearIds(store)) {
    await hashStoredIds(store, file, options);
    store = open(options(file));
  }
  await sweep(store, now());
  const sweeper = setInterval(() => void sweep(store, now()), sweepEveryMs).unref();

  const alive = (key: string): boolean => {
    const entry = store.get(key);
    return entry !== undefined && (entry.expires === undefined || entry.expires > now());
  };
  return {
    adapter: (model) => new LmdbAdapter(model, store, now),
    grantAlive: (grantId) => alive(`Grant:${grantId}`),
    accessTokenRevoked: (jti) => alive(`revoked:${jti}`),
    async revokeAccessToken(jti, seconds) {
      await store.put(`revoked:${jti}`, { payload: {}, expires: now() + seconds * 1000 });
    },
    async close() {
      clearInterval(sweeper);
      await store.close();
    },
  };
}

/** The file holds client secrets: nobody else may read it, whatever the folder's mode. */
function options(file: string): RootDatabaseOptionsWithPath & { permissionsMode: number } {
  return { path: file, noSubdir: true, permissionsMode: 0o600 };
}

/** Removes what has expired: nothing else would ever remove a code that nobody used. */
async function sweep(store: Store, time: number): Promise<void> {
  const expired: string[] = [];
  for (const { key, value } of store.getRange({ snapshot: false })) {
    if (value.expires !== undefined && value.expires <= time) expired.push(key);
  }
  await store.batch(() => {
    for (const key of expired) store.remove(key);
  });
}

import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { RevocationNotice } from '@arleo/core/oauth-state/connections';
import { keysUnder } from '@arleo/core/oauth-state/lmdb/entry';
import { lastUse } from '@arleo/core/oauth-state/lmdb/grants';
import { REVOCATION_NOTICES } from '@arleo/core/oauth-state/lmdb/lmdb-connections';
import { openStore, STATE_FILE } from '@arleo/core/oauth-state/lmdb/open-store';
import { createUseNote } from '../noted-use.ts';
import type { State } from '../state.ts';
import type { Store } from './entry.ts';
import { LmdbAdapter } from './lmdb-adapter.ts';
import { hasSecretsInClear, hideSecrets } from './upgrade.ts';

const sweepEveryMs = 10 * 60_000;

/**
 * Opens the state in `folder`/oauth.lmdb.
 *
 * @param secretKey 32 bytes, from `TOKEN_SECRET`, to encrypt what an earlier version left in clear
 * @param network of whoever sent the request that something is stored for
 * @throws {@link ArleoError} `state_damaged`
 * @throws Error when the folder cannot be made or the file not be opened
 */
export async function openLmdbState(
  folder: string,
  secretKey: Buffer,
  now: () => number = Date.now,
  network: () => string = () => '',
): Promise<State> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const file = path.join(folder, STATE_FILE);
  let store: Store = openStore(file);
  if (hasSecretsInClear(store)) {
    await hideSecrets(store, file, secretKey);
    store = openStore(file);
  }
  await sweep(store, now());
  const sweeper = setInterval(() => void sweep(store, now()), sweepEveryMs).unref();

  const noteUse = createUseNote(now, (grantId, time, keepMs) =>
    store.put(lastUse(grantId), { payload: { last: time }, expires: time + keepMs }),
  );

  const alive = (key: string): boolean => {
    const entry = store.get(key);
    return entry !== undefined && (entry.expires === undefined || entry.expires > now());
  };
  return {
    adapter: (model) => new LmdbAdapter(model, store, now, network),
    accessHolds: (grantId, jti) => alive(`Grant:${grantId}`) && !alive(`revoked:${jti}`),
    async revokeAccessToken(jti, seconds) {
      await store.put(`revoked:${jti}`, { payload: {}, expires: now() + seconds * 1000 });
    },
    async claim(name, seconds) {
      const key = `claimed:${name}`;
      return store.transaction(() => {
        if (alive(key)) return false;
        store.put(key, { payload: {}, expires: now() + seconds * 1000 });
        return true;
      });
    },
    noteUse: noteUse.note,
    async revocationNotices() {
      const keys = keysUnder(store, REVOCATION_NOTICES);
      return keys.map((key) => store.get(key)?.payload as unknown as RevocationNotice);
    },
    async removeRevocationNotice(grantId) {
      await store.remove(`${REVOCATION_NOTICES}${grantId}`);
    },
    problem: async () => undefined,
    async close() {
      clearInterval(sweeper);
      await store.close();
    },
  };
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

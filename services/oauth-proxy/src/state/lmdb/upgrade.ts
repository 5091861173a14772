import { open as openFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { hasClearSecret, sealClient } from '@arleo/core/oauth-state/client-secret';
import { grantMembers } from '@arleo/core/oauth-state/lmdb/grants';
import { openStore } from '@arleo/core/oauth-state/lmdb/open-store';
import { clearKey, storageKey, withoutId } from '../stored-form.ts';
import type { Entry, Store } from './entry.ts';
import { createRefreshFamily } from './refresh-family.ts';

const member = /^grant-member:([^:]+):(.+)$/s;

/** True for a state in which secret ids or the secrets of clients stand in clear, as versions before 1.0 wrote it. */
export function hasSecretsInClear(store: Store): boolean {
  for (const key of store.getKeys()) if (clearKey(key) !== undefined) return true;
  for (const { value } of store.getRange(clients)) if (hasClearSecret(value.payload)) return true;
  return false;
}

const clients = { start: 'Client:', end: 'Client;' };

/**
 * Writes such a state anew, ids as hashes and secrets encrypted, and closes it; every connection goes on. It goes into a new file that takes the
 * place of the old one, since LMDB leaves what it removes in free pages, where it could still be read.
 */
export async function hideSecrets(old: Store, file: string, secretKey: Buffer): Promise<void> {
  const fresh = `${file}.new`;
  // Of an upgrade that was interrupted.
  await rm(fresh, { force: true });
  await rm(`${fresh}-lock`, { force: true });
  const store: Store = openStore(fresh);
  await store.transaction(() => {
    for (const { key, value } of old.getRange()) putHidden(store, key, value, secretKey);
  });
  await store.flushed;
  await store.close();
  await old.close();
  await sync(fresh);
  await rename(fresh, file);
  await sync(path.dirname(file));
  await rm(`${fresh}-lock`, { force: true });
}

function putHidden(store: Store, key: string, entry: Entry, secretKey: Buffer): void {
  const thing = clearKey(key);
  const [, grantId = '', memberKey = ''] = member.exec(key) ?? [];
  const memberOf = clearKey(memberKey);
  if (memberOf) {
    store.put(`${grantMembers(grantId)}${storageKey(memberOf.model, memberOf.id)}`, entry);
  } else if (key.startsWith('session-uid:') && typeof entry.payload.id === 'string') {
    store.put(key, { ...entry, payload: { key: storageKey('Session', entry.payload.id) } });
  } else if (thing) {
    const hashedKey = storageKey(thing.model, thing.id);
    const payload = withoutId(thing.model, thing.id, entry.payload);
    store.put(hashedKey, { ...entry, payload });
    if (thing.model !== 'RefreshToken' || payload.grantId === undefined || payload.consumed !== undefined) return;
    createRefreshFamily(store, () => Number(payload.iat ?? 0) * 1000).add(payload.grantId, hashedKey, entry.expires);
  } else if (key.startsWith('Client:')) {
    store.put(key, { ...entry, payload: sealClient(secretKey, key.slice('Client:'.length), entry.payload) });
  } else {
    store.put(key, entry);
  }
}

async function sync(target: string): Promise<void> {
  const handle = await openFile(target, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

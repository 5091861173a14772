import { keysUnder } from '@arleo/core/oauth-state/lmdb/entry';
import { byNetwork, fullest } from '../by-network.ts';
import { KEPT_OPEN_PAGES, MAX_OPEN_PAGES } from '../page-rules.ts';
import type { Store } from './entry.ts';

/** Makes room for one more page of an authorization that waits for the owner. Call it in a transaction. */
export function makeRoomForPage(store: Store, now: number): void {
  const keys = keysUnder(store, 'Interaction:');
  if (keys.length < MAX_OPEN_PAGES) return;
  const open: { key: string; network: string; expires: number }[] = [];
  for (const key of keys) {
    const { expires = now, network = '' } = store.get(key) ?? {};
    if (expires > now) open.push({ key, network, expires });
    else store.remove(key);
  }
  if (open.length < MAX_OPEN_PAGES) return;
  const networks = byNetwork(open.sort((a, b) => a.expires - b.expires));
  for (let left = open.length; left > KEPT_OPEN_PAGES; left -= 1) {
    const oldest = fullest(networks).shift();
    if (oldest) store.remove(oldest.key);
  }
}

import { keysUnder } from '@arleo/core/oauth-state/lmdb/entry';
import { byNetwork, fullest } from '../by-network.ts';
import {
  CONNECTING_SECONDS,
  MAX_CONNECTING_SECONDS,
  MAX_UNUSED_CLIENTS,
  RegistrationsFull,
  UNUSED_CLIENT_SECONDS,
} from '../registration-rules.ts';
import type { Entry, Store } from './entry.ts';

const prefix = 'Client:';

/** A registered client that was never used. */
interface Unused {
  key: string;
  expires: number;
  keptUntil: number;
  network: string;
}

/** What a new client is stored as, until the owner approves it. */
export function newClient(payload: Entry['payload'], network: string, now: number): Entry {
  const expires = now + UNUSED_CLIENT_SECONDS * 1000;
  return { payload, expires, keptUntil: now + CONNECTING_SECONDS * 1000, network };
}

/**
 * Makes room for one more client, of `network`. One with which the owner may be connecting at this moment is forgotten for it
 * only if its network has more than the newcomer's, and of that one first those that nobody has opened a page for.
 *
 * @throws {@link RegistrationsFull}
 */
export function makeRoom(store: Store, network: string, now: number): void {
  const unused: Unused[] = [];
  for (const key of keysUnder(store, prefix)) {
    const { expires, keptUntil = 0, network: own = '' } = store.get(key) ?? {};
    if (expires !== undefined && expires > now) unused.push({ key, expires, keptUntil, network: own });
  }
  const excess = unused.length - MAX_UNUSED_CLIENTS + 1;
  if (excess <= 0) return;
  unused.sort((a, b) => a.expires - b.expires);
  const idle = unused.filter(({ keptUntil }) => keptUntil <= now);
  if (idle.length < excess) {
    const loser = excess === 1 ? loserOf(unused, network) : undefined;
    if (loser) {
      store.remove(loser.key);
      return;
    }
    const next = Math.min(...unused.filter(({ keptUntil }) => keptUntil > now).map(({ keptUntil }) => keptUntil));
    throw new RegistrationsFull(Math.max(1, Math.ceil((next - now) / 1000)));
  }
  for (const { key } of idle.slice(0, excess)) store.remove(key);
}

/** Whose place is given to a newcomer of `network`; nobody's if that network has as many as any. */
function loserOf(unused: readonly Unused[], network: string): Unused | undefined {
  const networks = byNetwork(unused);
  const most = fullest(networks);
  if (most.length <= (networks.get(network)?.length ?? 0) + 1) return undefined;
  const withoutPage = ({ expires, keptUntil }: Unused): boolean =>
    keptUntil <= expires + (CONNECTING_SECONDS - UNUSED_CLIENT_SECONDS) * 1000;
  return most.find(withoutPage) ?? most[0];
}

/** Notes that a page of an authorization for the client was opened. */
export function keepWhileConnecting(store: Store, clientId: string, now: number): void {
  const entry = store.get(`${prefix}${clientId}`);
  if (entry?.expires === undefined) return;
  const registered = entry.expires - UNUSED_CLIENT_SECONDS * 1000;
  const until = Math.min(now + CONNECTING_SECONDS * 1000, registered + MAX_CONNECTING_SECONDS * 1000);
  if (until > (entry.keptUntil ?? 0)) store.put(`${prefix}${clientId}`, { ...entry, keptUntil: until });
}

/** A client that the owner approved once is kept for good. */
export function keepForGood(store: Store, clientId: string): void {
  const entry = store.get(`${prefix}${clientId}`);
  if (entry?.expires !== undefined) store.put(`${prefix}${clientId}`, { payload: entry.payload });
}

import { keysUnder } from '@arleo/core/oauth-state/lmdb/entry';
import {
  CONNECTING_SECONDS,
  MAX_CONNECTING_SECONDS,
  MAX_UNUSED_CLIENTS,
  RegistrationsFull,
  UNUSED_CLIENT_SECONDS,
} from '../registration-rules.ts';
import type { Entry, Store } from './entry.ts';

const prefix = 'Client:';

/** What a new client is stored as, until the owner approves it. */
export function newClient(payload: Entry['payload'], now: number): Entry {
  return { payload, expires: now + UNUSED_CLIENT_SECONDS * 1000, keptUntil: now + CONNECTING_SECONDS * 1000 };
}

/**
 * Makes room for one more client. One with which the owner may be connecting at this moment is never forgotten for it.
 *
 * @throws {@link RegistrationsFull}
 */
export function makeRoom(store: Store, now: number): void {
  const unused: { key: string; expires: number; keptUntil: number }[] = [];
  for (const key of keysUnder(store, prefix)) {
    const { expires, keptUntil = 0 } = store.get(key) ?? {};
    if (expires !== undefined && expires > now) unused.push({ key, expires, keptUntil });
  }
  const excess = unused.length - MAX_UNUSED_CLIENTS + 1;
  if (excess <= 0) return;
  const idle = unused.filter(({ keptUntil }) => keptUntil <= now).sort((a, b) => a.expires - b.expires);
  if (idle.length < excess) {
    const next = Math.min(...unused.filter(({ keptUntil }) => keptUntil > now).map(({ keptUntil }) => keptUntil));
    throw new RegistrationsFull(Math.max(1, Math.ceil((next - now) / 1000)));
  }
  for (const { key } of idle.slice(0, excess)) store.remove(key);
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

import { keysUnder } from '@arleo/core/oauth-state/entry';
import { errors } from 'oidc-provider';
import type { Entry, Store } from './entry.ts';

/** A registered client that was never used is forgotten after this many seconds. */
export const UNUSED_CLIENT_SECONDS = 24 * 60 * 60;

/** At most this many registered clients that were never used; one more makes the oldest be forgotten. */
export const MAX_UNUSED_CLIENTS = 500;

/** For this many seconds after it registered, and after a page of an authorization was opened, no client is forgotten. */
export const CONNECTING_SECONDS = 15 * 60;

/** But for no longer than this many seconds after it registered: whoever keeps pages open would keep all places. */
const maxConnectingSeconds = 60 * 60;

const prefix = 'Client:';

/** So many clients are just connecting that there is no place for one more. Answered with 429. */
export class RegistrationsFull extends errors.OIDCProviderError {
  /** When the next place may be free. */
  readonly retryAfterSeconds: number;

  constructor(retryAfterSeconds: number) {
    super(429, 'temporarily_unavailable');
    this.error_description = 'too many clients are registering at the moment, try again later';
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

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
  const until = Math.min(now + CONNECTING_SECONDS * 1000, registered + maxConnectingSeconds * 1000);
  if (until > (entry.keptUntil ?? 0)) store.put(`${prefix}${clientId}`, { ...entry, keptUntil: until });
}

/** A client that the owner approved once is kept for good. */
export function keepForGood(store: Store, clientId: string): void {
  const entry = store.get(`${prefix}${clientId}`);
  if (entry?.expires !== undefined) store.put(`${prefix}${clientId}`, { payload: entry.payload });
}

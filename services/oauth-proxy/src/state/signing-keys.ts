import { createPublicKey } from 'node:crypto';
import {
  formatKeySet,
  type KeySet,
  keysAt,
  makeKey,
  type PrivateJwk,
  parseKeySet,
  type TimedKey,
} from '@arleo/core/signing-keys/key-set';
import type { KeyStore } from '@arleo/core/signing-keys/key-store';
import type { AuditLog } from '@arleo/runtime/logging/audit-log';
import type { Log } from '@arleo/runtime/logging/log';
import { type CryptoKey, importJWK, type JWK } from 'jose';

/** The keys that access tokens are signed with. They change while the service runs (`arleo keys rotate`). */
export interface SigningKeys {
  /** Private keys, for the authorization server: the first signs, all are published. */
  readonly jwks: { keys: PrivateJwk[] };
  /** The public key of that `kid`, as long as tokens that it signed are taken. */
  verificationKey(kid: string): CryptoKey | undefined;
  /** Calls `listener` each time after {@link jwks} changed. */
  onChange(listener: () => void): void;
  close(): void;
}

/** What {@link openSigningKeys} needs. */
export interface SigningKeysOptions {
  store: KeyStore;
  audit: AuditLog;
  log: Log;
  now?: () => number;
  /** How often it is looked whether another key is due, in milliseconds. */
  everyMs?: number;
}

interface View {
  /** The same for the same keys that do the same. */
  id: string;
  keys: PrivateJwk[];
  verification: Map<string, CryptoKey>;
}

/**
 * Reads the keys and follows them: what is changed in the store, and what is due by the time, acts a second later at
 * most. Makes the first key where there is none. While the store cannot be read or is damaged, what was read last stays.
 *
 * @throws {@link ArleoError} `signing_keys_damaged` (nothing is ever replaced by itself: every token would die), and what
 *   the store throws
 */
export async function openSigningKeys(options: SigningKeysOptions): Promise<SigningKeys> {
  const { store, audit, log, now = Date.now, everyMs = 500 } = options;
  let text = await firstText(store, now());
  let stored = parseKeySet(text, store.where);
  let view = await viewOf(keysAt(stored, now()), undefined);
  let stale = false;
  let problem: string | undefined;
  const listeners: (() => void)[] = [];

  const read = async (): Promise<void> => {
    stale = false;
    try {
      const found = await store.read();
      if (found === undefined) throw new Error('they are gone');
      stored = parseKeySet(found, store.where);
      text = found;
      problem = undefined;
    } catch (error) {
      stale = true;
      if (String(error) === problem) return;
      problem = String(error);
      log.error('the signing keys cannot be read again: the last ones stay', { where: store.where, error });
    }
  };
  const look = async (): Promise<void> => {
    if (stale) await read();
    const timed = keysAt(stored, now());
    const next = await viewOf(timed, view);
    if (next !== view) {
      view = next;
      const [signer] = view.keys;
      const details = { published: view.keys.length };
      audit.record({ event_type: 'signing_keys.changed', result: 'success', resource: signer?.kid ?? null, details });
      for (const listener of listeners) listener();
    }
    // What is over need not lie on the disk. If another was faster, it has written the same.
    if (timed.length < stored.length && problem === undefined) {
      const rest = timed.map(({ jwk, signsFrom }) => ({ jwk, signsFrom })) as unknown as KeySet;
      if (await store.replace(text, formatKeySet(rest))) stored = rest;
      stale = true;
    }
  };

  let looking = false;
  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    look()
      .catch((error: unknown) => log.error('the signing keys could not be followed', { error }))
      .finally(() => {
        looking = false;
      });
  }, everyMs).unref();
  const unwatch = store.watch(() => {
    stale = true;
  });
  return {
    get jwks() {
      return { keys: view.keys };
    },
    verificationKey: (kid) => view.verification.get(kid),
    onChange(listener) {
      listeners.push(listener);
    },
    close() {
      clearInterval(timer);
      unwatch();
    },
  };
}

/** What is stored; the first key is put where there is nothing, by one of all who try. */
async function firstText(store: KeyStore, now: number): Promise<string> {
  const found = await store.read();
  if (found !== undefined) return found;
  const made = formatKeySet([makeKey(now)]);
  return (await store.replace(undefined, made)) ? made : firstText(store, now);
}

/** @returns `before` if nothing is different */
async function viewOf(timed: TimedKey[], before: View | undefined): Promise<View> {
  const signer = timed.filter(({ phase }) => phase === 'signing');
  const keys = [...signer, ...timed.filter(({ phase }) => phase !== 'signing')].map(({ jwk }) => jwk);
  const id = keys.map(({ kid }) => kid).join(' ');
  if (id === before?.id) return before;
  const verification = new Map<string, CryptoKey>();
  for (const key of keys) verification.set(key.kid, before?.verification.get(key.kid) ?? (await publicKey(key)));
  return { id, keys, verification };
}

async function publicKey({ kty, crv, x, y, d }: PrivateJwk): Promise<CryptoKey> {
  const jwk = createPublicKey({ key: { kty, crv, x, y, d }, format: 'jwk' }).export({ format: 'jwk' }) as JWK;
  return (await importJWK({ ...jwk, alg: 'ES256' }, 'ES256')) as CryptoKey;
}

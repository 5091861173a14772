import { ArleoError } from '../errors.ts';
import { formatKeySet, type KeySet, keysAt, makeKey, parseKeySet, type TimedKey, withNextKey } from './key-set.ts';
import type { KeyStore } from './key-store.ts';

/** As often as a change is tried that others were faster than. */
const maxAttempts = 20;

/** How a rotation ended. */
export interface Rotation {
  /** `under_way`: a new key waits to sign already, nothing was changed. */
  state: 'begun' | 'under_way' | 'replaced';
  /** All keys, as they are now. */
  keys: TimedKey[];
}

/**
 * The keys as they are now.
 *
 * @throws {@link ArleoError} `state_missing` where there are none, `signing_keys_damaged`, and what the store throws
 */
export async function listKeys(store: KeyStore, now: number): Promise<TimedKey[]> {
  return keysAt(await readKeys(store), now);
}

/**
 * Begins a rotation: a new key is published at once, signs {@link PUBLISHED_FIRST_SECONDS} later, and the one before it
 * is dropped when no token of its can be valid any more. All of it follows from this one change of the store and the time,
 * so that a crash leaves nothing half done. Asked again before the new key signs, it changes nothing.
 *
 * @throws as {@link listKeys}, and {@link ArleoError} `signing_keys_busy`
 */
export async function rotateKeys(store: KeyStore, now: number): Promise<Rotation> {
  const { changed, keys } = await changeKeys(store, (before) => withNextKey(before, now));
  return { state: changed ? 'begun' : 'under_way', keys: keysAt(keys, now) };
}

/**
 * Drops all keys for one new one, for when a key is known to others: every access token is refused from then on, and
 * clients get new ones by their refresh tokens.
 *
 * @throws as {@link rotateKeys}
 */
export async function replaceKeys(store: KeyStore, now: number): Promise<Rotation> {
  const { keys } = await changeKeys(store, () => [makeKey(now)]);
  return { state: 'replaced', keys: keysAt(keys, now) };
}

async function readKeys(store: KeyStore): Promise<KeySet> {
  return parsed(store, await store.read());
}

function parsed(store: KeyStore, text: string | undefined): KeySet {
  if (text !== undefined) return parseKeySet(text, store.where);
  throw new ArleoError('state_missing', `There are no signing keys in ${store.where}.`, {
    hint: 'Name the STATE_DIR of oauth-proxy with --state; it makes its keys when it starts for the first time.',
  });
}

async function changeKeys(
  store: KeyStore,
  change: (keys: KeySet) => KeySet | undefined,
): Promise<{ changed: boolean; keys: KeySet }> {
  for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
    const text = await store.read();
    const before = parsed(store, text);
    const after = change(before);
    if (after === undefined) return { changed: false, keys: before };
    if (await store.replace(text, formatKeySet(after))) return { changed: true, keys: after };
  }
  throw new ArleoError('signing_keys_busy', `The signing keys in ${store.where} are changed by others all the time.`, {
    hint: 'Try again.',
  });
}

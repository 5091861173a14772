import { keysUnder } from '@arleo/core/oauth-state/lmdb/entry';
import { unusedRefreshTokens } from '@arleo/core/oauth-state/lmdb/grants';
import { GIVEN_UP, MAX_UNUSED_REFRESH_TOKENS, REFRESH_GRACE_SECONDS, withinGrace } from '../refresh-rules.ts';
import type { Entry, Store } from './entry.ts';

/**
 * The refresh tokens of one grant. Using one within the grace once more gives another successor, so that there can be
 * several; the first one that is used after the grace is the client's, and the others are given up. Whoever then comes
 * with one of those is not who the client is: it counts as a replay. So two holders never go on beside each other.
 */
export interface RefreshFamily {
  /** Puts a new one in, stored under `key`; beyond {@link MAX_UNUSED_REFRESH_TOKENS} the oldest is given up. */
  add(grantId: string, key: string, expires: number | undefined): void;
  /**
   * Notes the use of one.
   *
   * @returns false for a replay: it was used longer ago than the grace, or given up
   */
  use(key: string, entry: Entry): boolean;
}

/** The family as it is kept in LMDB: `unused-refresh:GRANT:KEY` for each that was not used. Call it in a transaction. */
export function createRefreshFamily(store: Store, now: () => number): RefreshFamily {
  const graceMs = REFRESH_GRACE_SECONDS * 1000;

  const unused = (grantId: string): { key: string; index: string; issued: number }[] =>
    keysUnder(store, unusedRefreshTokens(grantId)).map((index) => ({
      key: index.slice(unusedRefreshTokens(grantId).length),
      index,
      issued: Number(store.get(index)?.payload.issued ?? 0),
    }));

  const markUsed = (key: string, entry: Entry | undefined, index: string, consumed: number): void => {
    if (entry) store.put(key, { ...entry, payload: { ...entry.payload, consumed } });
    store.remove(index);
  };

  return {
    add(grantId, key, expires) {
      const excess = unused(grantId).sort((a, b) => a.issued - b.issued);
      for (const one of excess.slice(0, Math.max(0, excess.length - MAX_UNUSED_REFRESH_TOKENS + 1))) {
        markUsed(one.key, store.get(one.key), one.index, GIVEN_UP);
      }
      store.put(`${unusedRefreshTokens(grantId)}${key}`, { payload: { issued: now() }, ...(expires && { expires }) });
    },
    use(key, entry) {
      const { grantId, consumed } = entry.payload;
      if (typeof consumed === 'number' && !withinGrace(consumed, now())) return false;
      if (grantId === undefined) throw new TypeError('a refresh token belongs to a grant');
      // The time of the first use counts: the grace must end.
      if (consumed === undefined)
        markUsed(key, entry, `${unusedRefreshTokens(grantId)}${key}`, Math.floor(now() / 1000));
      for (const other of unused(grantId)) {
        if (other.issued + graceMs <= now()) markUsed(other.key, store.get(other.key), other.index, GIVEN_UP);
      }
      return true;
    },
  };
}

import { keysUnder, type Store } from './entry.ts';

/** Where it stands which codes and tokens belong to a grant; the rest of the key is theirs. */
export const grantMembers = (grantId: string): string => `grant-member:${grantId}:`;

/** Where it stands which refresh tokens of a grant were not used yet; the rest of the key is theirs. */
export const unusedRefreshTokens = (grantId: string): string => `unused-refresh:${grantId}:`;

/** When access by a grant was last used. */
export const lastUse = (grantId: string): string => `last-use:${grantId}`;

/** Takes a grant out, with all that came from it: from then on no token of it is good. To be called in a transaction. */
export function removeGrant(store: Pick<Store, 'getKeys' | 'remove'>, grantId: string): void {
  const members = grantMembers(grantId);
  for (const member of keysUnder(store, members)) {
    store.remove(member.slice(members.length));
    store.remove(member);
  }
  for (const index of keysUnder(store, unusedRefreshTokens(grantId))) store.remove(index);
  store.remove(lastUse(grantId));
  store.remove(`Grant:${grantId}`);
}

import type { RevocationNotice } from '@arleo/core/oauth-state/connections';
import type { Adapter } from 'oidc-provider';

/** One kind of thing that the authorization server stores, as oidc-provider wants it. */
export type AdapterFactory = (model: string) => Adapter;

/**
 * What outlives a request: clients, grants, codes, tokens, sessions. Everything acknowledged survives a kill -9.
 * LMDB implements it on one machine, Redis for several.
 * Everything that waits may throw {@link StateUnavailable} where the state is not on this machine.
 */
export interface State {
  readonly adapter: AdapterFactory;
  /**
   * True while an access token may be used: the owner's consent behind it holds, and this one token was not revoked. Asked
   * for every request on `/mcp`: at once in LMDB, at most one round trip to a shared store. A revocation acts within 1 s.
   */
  accessHolds(grantId: string, jti: string): boolean | Promise<boolean>;
  /** Refuses one access token from now on. `seconds`: as long as it would be valid. */
  revokeAccessToken(jti: string, seconds: number): Promise<void>;
  /**
   * True for the first to claim a name, false for all others until it is given free after `seconds`: what may be used
   * once (a one-time code) is claimed before it counts. Atomic.
   */
  claim(name: string, seconds: number): Promise<boolean>;
  /** Notes that access by a grant was used, at most once a minute. */
  noteUse(grantId: string): void;
  /** What the owner revoked with `arleo connections revoke`, until it is removed. */
  revocationNotices(): Promise<RevocationNotice[]>;
  /** Removes the notice of a grant, once it was recorded. */
  removeRevocationNotice(grantId: string): Promise<void>;
  /** Why it cannot be used at the moment; undefined if it can. */
  problem(): Promise<string | undefined>;
  close(): Promise<void>;
}

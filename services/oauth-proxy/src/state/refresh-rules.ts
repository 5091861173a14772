/**
 * For how long, in seconds, a refresh token that was already used still succeeds. Clients refresh in parallel, and a
 * loser of that race that got `invalid_grant` would be a dead connector; a replay after this revokes the grant.
 */
export const REFRESH_GRACE_SECONDS = 60;

/**
 * As many refresh tokens of one grant as may be unused at the same time: more than clients refresh with at once (some tens
 * were seen), since whichever of the answers such a client keeps must go on working.
 */
export const MAX_UNUSED_REFRESH_TOKENS = 128;

/** Stands for the time of its use in a refresh token that was given up: long ago. */
export const GIVEN_UP = 1;

/** True if a refresh token that was first used at `consumed`, in seconds since 1970, still succeeds. */
export function withinGrace(consumed: number, now: number): boolean {
  return now / 1000 - consumed < REFRESH_GRACE_SECONDS;
}

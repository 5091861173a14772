import { expandTokenScopes, LEGACY_SCOPE, type TokenScope } from '../scopes.ts';
import { parseTime, type TokenEntry, type TokenFile } from './token-file.ts';

/** One entry of the token file in the form that the hot path needs. */
export interface KnownToken {
  id: string;
  label: string;
  hash: string;
  scopes: ReadonlySet<TokenScope>;
  revoked: boolean;
  /** Milliseconds since 1970; infinite if it does not expire. */
  expiresAt: number;
}

/** One state of the token file. */
export interface TokenSnapshot {
  /** By the public part of the token; entries of the system before, which have none, are not here. */
  byLookup: ReadonlyMap<string, KnownToken>;
  entries: ReadonlyMap<string, TokenEntry>;
}

/** What changed from one state of the file to the next. */
export interface TokenChange {
  type: 'created' | 'revoked' | 'rotated';
  id: string;
  label: string;
}

/** The state of the token file before it was ever read. */
export const EMPTY_SNAPSHOT: TokenSnapshot = { byLookup: new Map(), entries: new Map() };

/** Indexes the content of a token file. */
export function snapshotOf(content: TokenFile): TokenSnapshot {
  const byLookup = new Map<string, KnownToken>();
  for (const entry of content.tokens) {
    if (entry.lookup !== undefined) byLookup.set(entry.lookup, knownToken(entry));
  }
  return { byLookup, entries: new Map(content.tokens.map((entry) => [entry.id, entry])) };
}

/** Why a token is not accepted at a time whatever its secret is, or undefined if that is up to the secret. */
export function refusal(token: KnownToken | undefined, now: number): 'unknown' | 'revoked' | 'expired' | undefined {
  if (token === undefined) return 'unknown';
  if (token.revoked) return 'revoked';
  return now >= token.expiresAt ? 'expired' : undefined;
}

/** What an administrator did between two states. A rotation without grace is both a rotation and a revocation. */
export function changesBetween(before: TokenSnapshot, after: TokenSnapshot): TokenChange[] {
  const changes: TokenChange[] = [];
  for (const { id, label, revoked_at, rotated_to } of after.entries.values()) {
    const old = before.entries.get(id);
    if (old === undefined) changes.push({ type: 'created', id, label });
    else if (rotated_to != null && old.rotated_to == null) changes.push({ type: 'rotated', id, label });
    if (old !== undefined && revoked_at != null && old.revoked_at == null) changes.push({ type: 'revoked', id, label });
  }
  for (const { id, label, revoked_at } of before.entries.values()) {
    if (revoked_at == null && !after.entries.has(id)) changes.push({ type: 'revoked', id, label });
  }
  return changes;
}

function knownToken(entry: TokenEntry): KnownToken {
  return {
    id: entry.id,
    label: entry.label,
    hash: entry.hash,
    scopes: expandTokenScopes(entry.scopes ?? LEGACY_SCOPE),
    revoked: entry.revoked_at != null,
    expiresAt: entry.expires_at == null ? Number.POSITIVE_INFINITY : parseTime(entry.expires_at),
  };
}

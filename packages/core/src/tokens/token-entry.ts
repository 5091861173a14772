import { SCOPES, TOKEN_SCOPES, type TokenScope } from '../scopes.ts';
import { formatTime, parseTime, type TokenEntry, type TokenFile } from './token-file.ts';

/** `legacy`: made by the system before this one; it is not accepted and must be rotated. */
export type TokenStatus = 'active' | 'expired' | 'revoked' | 'legacy';

/** What may be shown about a token; never its hash. */
export interface TokenListing {
  id: string;
  label: string;
  created_at: string;
  expires_at: string | null;
  revoked_at: string | null;
  rotated_to: string | null;
  /** Null for an entry that names none. */
  scopes: string[] | null;
  status: TokenStatus;
}

/** A new token. `token` exists here alone: only its hash was stored. */
export interface CreatedToken {
  token: string;
  id: string;
  label: string;
  created_at: string;
  expires_at: string | null;
  scopes: TokenScope[];
}

/** What a token is made with. */
export interface TokenRequest {
  /** For people: 1 to 100 characters. */
  label: string;
  /** The middle word of the id. If absent: `main` in an empty file, else the first word of the label. */
  name?: string | undefined;
  /** Milliseconds until it expires; if absent it does not. */
  expiresInMs?: number | undefined;
  /** What it may do at most; if absent everything that an actor can, since the signed actor of each request narrows it. */
  scopes?: readonly TokenScope[] | undefined;
}

/** What a token is worth at a time. */
export function tokenStatus(entry: TokenEntry, now: number): TokenStatus {
  if (entry.revoked_at != null) return 'revoked';
  if (entry.expires_at != null && parseTime(entry.expires_at) <= now) return 'expired';
  return entry.lookup === undefined ? 'legacy' : 'active';
}

/** The entry that a request adds to a file. */
export function newEntry(
  file: TokenFile,
  { label, name, expiresInMs, scopes = SCOPES }: TokenRequest,
  secret: { lookup: string; hash: string },
  now: number,
): TokenEntry {
  return {
    id: nextId(file, label, name),
    hash: secret.hash,
    created_at: formatTime(now),
    label,
    lookup: secret.lookup,
    ...(expiresInMs === undefined ? {} : { expires_at: formatTime(now + expiresInMs) }),
    scopes: TOKEN_SCOPES.filter((scope) => scopes.includes(scope)),
  };
}

/** `tok_main_001`: the number goes on over the whole file, so that no id is ever given twice. */
function nextId(file: TokenFile, label: string, name: string | undefined): string {
  const numbers = file.tokens.map(({ id }) => Number(/_(\d{1,9})$/.exec(id)?.[1] ?? 0));
  const number = Math.max(0, file.tokens.length, ...numbers) + 1;
  const word = name ?? (file.tokens.length === 0 ? 'main' : firstWord(label));
  return `tok_${word}_${String(number).padStart(3, '0')}`;
}

function firstWord(label: string): string {
  const plain = label.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  return /[a-z0-9]+/.exec(plain)?.[0].slice(0, 20) ?? 'token';
}

/** The request for the token that takes the place of one: label, id's word, scopes and length of life stay. */
export function successorRequest(entry: TokenEntry): TokenRequest {
  const lifetime = entry.expires_at == null ? undefined : parseTime(entry.expires_at) - parseTime(entry.created_at);
  return {
    label: entry.label,
    name: /^tok_([a-z0-9]{1,20})_\d+$/.exec(entry.id)?.[1],
    expiresInMs: lifetime,
    scopes:
      entry.scopes == null
        ? ['content:read', 'content:write']
        : TOKEN_SCOPES.filter((scope) => entry.scopes?.includes(scope)),
  };
}

/** How a rotated token ends: after the grace (never later than it would have), or at once. */
export function ending(
  entry: TokenEntry,
  graceMs: number,
  now: number,
): { expires_at: string } | { revoked_at: string } {
  if (graceMs <= 0) return { revoked_at: formatTime(now) };
  const end = now + graceMs;
  return { expires_at: formatTime(entry.expires_at == null ? end : Math.min(end, parseTime(entry.expires_at))) };
}

/** What may be shown of an entry. */
export function listing(entry: TokenEntry, now: number): TokenListing {
  return {
    id: entry.id,
    label: entry.label,
    created_at: entry.created_at,
    expires_at: entry.expires_at ?? null,
    revoked_at: entry.revoked_at ?? null,
    rotated_to: entry.rotated_to ?? null,
    scopes: entry.scopes ?? null,
    status: tokenStatus(entry, now),
  };
}

/** What is shown of a new entry, with its token, this once. */
export function created(entry: TokenEntry, token: string): CreatedToken {
  return {
    token,
    id: entry.id,
    label: entry.label,
    created_at: entry.created_at,
    expires_at: entry.expires_at ?? null,
    scopes: TOKEN_SCOPES.filter((scope) => entry.scopes?.includes(scope)),
  };
}

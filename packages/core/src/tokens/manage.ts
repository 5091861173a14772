import { deceptiveCharacter } from '../content/text.ts';
import { ArleoError } from '../errors.ts';
import type { Bcrypt } from './bcrypt.ts';
import { guardByCode } from './mfa/prove-code.ts';
import { mintToken } from './token.ts';
import {
  type CreatedToken,
  created,
  ending,
  listing,
  newEntry,
  successorRequest,
  type TokenListing,
  type TokenRequest,
} from './token-entry.ts';
import {
  changeTokenFile,
  formatTime,
  LABEL_MAX_LENGTH,
  readTokenFile,
  type TokenEntry,
  type TokenFile,
} from './token-file.ts';

export type { CreatedToken, TokenListing, TokenRequest } from './token-entry.ts';

/** The longest life of a token that expires, in milliseconds: 10 years. */
export const MAX_LIFETIME_MS = 3653 * 24 * 3_600_000;

/** What the operations need from outside. */
export interface TokenTools {
  bcrypt: Bcrypt;
  /** Milliseconds since 1970. */
  now: () => number;
  /** Of the app, or a recovery code, where the file is guarded by a second factor. */
  code?: string | undefined;
}

/**
 * Makes a token and adds it to the file, which is made if it is missing.
 *
 * @throws {@link ArleoError} `label_invalid`, `name_invalid`, `expiry_invalid`, what {@link guardByCode} and
 *   `changeTokenFile` throw
 */
export async function createToken(
  file: string,
  request: TokenRequest,
  { bcrypt, now, code }: TokenTools,
): Promise<CreatedToken> {
  checkRequest(request);
  const minted = mintToken();
  // Before the lock is taken: it is held for milliseconds, not for a bcrypt.
  const hash = await bcrypt.hash(minted.secret);
  return changeTokenFile(
    file,
    (current) => {
      const entry = newEntry(current, request, { lookup: minted.lookup, hash }, now());
      return { next: { ...current, tokens: [...current.tokens, entry] }, result: created(entry, minted.token) };
    },
    { create: true, guard: guardByCode(code, now()) },
  );
}

/** All tokens in the order of the file. Throws what `readTokenFile` throws. */
export async function listTokens(file: string, now: number): Promise<TokenListing[]> {
  const { content } = await readTokenFile(file);
  return content.tokens.map((entry) => listing(entry, now));
}

/**
 * Revokes a token. It stays in the file, so that its id is never used again.
 *
 * @throws {@link ArleoError} `token_unknown`, `token_revoked`, what {@link guardByCode} and `changeTokenFile` throw
 */
export function revokeToken(file: string, id: string, now: number, code?: string): Promise<TokenListing> {
  return changeTokenFile(
    file,
    (current) => {
      const entry = find(current, id);
      refuseRevoked(entry);
      const revoked = { ...entry, revoked_at: formatTime(now) };
      return { next: replace(current, revoked), result: listing(revoked, now) };
    },
    { guard: guardByCode(code, now) },
  );
}

/** What {@link rotateToken} did. `old.expires_at` or `old.revoked_at` says when the old token ends. */
export interface RotatedToken {
  created: CreatedToken;
  old: TokenListing;
}

/**
 * Makes a new token with the label, scopes and length of life of an old one. The old one ends after `graceMs`
 * milliseconds (never later than it would have), or at once without it.
 *
 * @throws {@link ArleoError} `token_unknown`, `token_revoked`, `token_rotated`, what {@link guardByCode} and `changeTokenFile`
 *   throw
 */
export async function rotateToken(
  file: string,
  id: string,
  options: { graceMs?: number | undefined },
  { bcrypt, now, code }: TokenTools,
): Promise<RotatedToken> {
  // Looked at before a bcrypt is spent; what counts is the second look, under the lock.
  refuseRotation(find((await readTokenFile(file)).content, id));
  const minted = mintToken();
  const hash = await bcrypt.hash(minted.secret);
  return changeTokenFile(
    file,
    (current) => {
      const entry = find(current, id);
      refuseRotation(entry);
      const time = now();
      const next = newEntry(current, successorRequest(entry), { lookup: minted.lookup, hash }, time);
      const old = { ...entry, ...ending(entry, options.graceMs ?? 0, time), rotated_to: next.id };
      const tokens = [...replace(current, old).tokens, next];
      return {
        next: { ...current, tokens },
        result: { created: created(next, minted.token), old: listing(old, time) },
      };
    },
    { guard: guardByCode(code, now()) },
  );
}

function checkRequest({ label, name, expiresInMs }: TokenRequest): void {
  const problem =
    label.trim() === ''
      ? 'The label is empty.'
      : label.length > LABEL_MAX_LENGTH
        ? `The label is longer than ${LABEL_MAX_LENGTH} characters.`
        : deceptiveCharacter(label) === undefined
          ? undefined
          : 'The label contains a control or invisible character.';
  if (problem !== undefined) {
    throw new ArleoError('label_invalid', problem, {
      hint: `Give 1 to ${LABEL_MAX_LENGTH} visible characters that say what the token is for, like "claude.ai production".`,
    });
  }
  if (name !== undefined && !/^[a-z0-9]{1,20}$/.test(name)) {
    throw new ArleoError('name_invalid', 'The name is not 1 to 20 lower-case letters and digits.', {
      hint: 'Give a short word like "main".',
    });
  }
  if (expiresInMs !== undefined && !(expiresInMs > 0 && expiresInMs <= MAX_LIFETIME_MS)) {
    throw new ArleoError('expiry_invalid', 'A token lives at least a moment and at most 10 years.', {
      hint: 'Give a time like 90d, or none for a token that does not expire.',
    });
  }
}

function find(file: TokenFile, id: string): TokenEntry {
  const entry = file.tokens.find((token) => token.id === id);
  if (entry !== undefined) return entry;
  throw new ArleoError('token_unknown', `There is no token ${JSON.stringify(id.slice(0, 100))}.`, {
    hint: 'See all ids with: token-mgr list',
  });
}

function replace(file: TokenFile, entry: TokenEntry): TokenFile {
  return { ...file, tokens: file.tokens.map((token) => (token.id === entry.id ? entry : token)) };
}

function refuseRevoked({ id, revoked_at }: TokenEntry): void {
  if (revoked_at == null) return;
  throw new ArleoError('token_revoked', `Token ${id} was revoked already, at ${revoked_at}.`, {
    hint: 'Nothing is left to do. Make a new token with: token-mgr create --label LABEL',
  });
}

function refuseRotation(entry: TokenEntry): void {
  refuseRevoked(entry);
  if (entry.rotated_to == null) return;
  throw new ArleoError('token_rotated', `Token ${entry.id} was rotated already, to ${entry.rotated_to}.`, {
    hint: `Rotate ${entry.rotated_to} instead, or end the old one now with: token-mgr revoke ${entry.id}`,
  });
}

import { ArleoError } from '../errors.ts';
import { expandTokenScopes, type TokenScope } from '../scopes.ts';
import type { Bcrypt } from './bcrypt.ts';
import { guardByCode } from './mfa/prove-code.ts';
import { parseToken } from './token.ts';
import { newEntry, tokenStatus } from './token-entry.ts';
import { changeTokenFile, formatTime, readTokenFile, type TokenEntry, type TokenFile } from './token-file.ts';

/** A token that another place made, as much of it as has to be known to check it. */
export interface AdoptedToken {
  /** What the token is for: of one label one token is active. */
  label: string;
  scopes: readonly TokenScope[];
  /** The public part of the token. */
  lookup: string;
  /** bcrypt hash of its secret part. */
  hash: string;
}

/** What became of one of them. */
export interface Adoption {
  id: string;
  label: string;
  state: 'kept' | 'added' | 'changed';
  /** The ids of the tokens of this label that were active until now. */
  revoked: string[];
}

/**
 * What has to be known of a token to check it. A hash that the file has of this token is taken, so that the same token
 * gives the same result again.
 *
 * @param file the token file; it may be missing
 * @throws {@link ArleoError} `token_malformed`, what `readTokenFile` throws
 */
export async function describeToken(
  file: string,
  presented: string,
  { label, scopes }: Pick<AdoptedToken, 'label' | 'scopes'>,
  bcrypt: Bcrypt,
): Promise<AdoptedToken> {
  const parts = parseToken(presented);
  if (parts === undefined) {
    throw new ArleoError('token_malformed', 'That is not a token.', {
      hint: 'A token is hmcp_, 16 hex digits, _ and 64 hex digits.',
    });
  }
  const { lookup, secret } = parts;
  const known = (await readIfThere(file)).find((entry) => entry.lookup === lookup);
  const hash = known && (await bcrypt.verify(secret, known.hash)) ? known.hash : await bcrypt.hash(secret);
  return { label, scopes, lookup, hash };
}

/** The active tokens of a file. @throws what `readTokenFile` throws */
export async function activeTokens(file: string, now: number): Promise<AdoptedToken[]> {
  const { content } = await readTokenFile(file);
  return content.tokens.flatMap((entry) =>
    entry.lookup === undefined || tokenStatus(entry, now) !== 'active'
      ? []
      : [{ label: entry.label, scopes: scopesOf(entry), lookup: entry.lookup, hash: entry.hash }],
  );
}

/**
 * Makes each token the one of its label: added where it is missing, and every other active token of that label revoked.
 * The file is made if it is missing, and left as it is, to the byte, if all is so already.
 *
 * @param now milliseconds since 1970
 * @param code of the app, or a recovery code, where the file is guarded by a second factor
 * @throws {@link ArleoError} `token_ended` for one that was revoked or has expired, what `guardByCode` and `changeTokenFile` throw
 */
export async function adoptTokens(
  file: string,
  wanted: readonly AdoptedToken[],
  now: number,
  code?: string,
): Promise<Adoption[]> {
  const adopt = (current: TokenFile) => adoptInto(current, wanted, now);
  const before = { tokens: await readIfThere(file) };
  const { adoptions } = adopt(before);
  if (adoptions.every(({ state, revoked }) => state === 'kept' && revoked.length === 0)) return adoptions;
  return changeTokenFile(
    file,
    (current) => {
      const { tokens, adoptions: result } = adopt(current);
      return { next: { ...current, tokens }, result };
    },
    { create: true, guard: guardByCode(code, now) },
  );
}

function adoptInto(
  current: TokenFile,
  wanted: readonly AdoptedToken[],
  now: number,
): { tokens: TokenEntry[]; adoptions: Adoption[] } {
  let { tokens } = current;
  const adoptions = wanted.map((token): Adoption => {
    const { label, scopes, lookup, hash } = token;
    const others = tokens.filter((entry) => entry.label === label && entry.lookup !== lookup && isActive(entry, now));
    const revoked = others.map(({ id }) => id);
    const ended = tokens.map((entry) => (others.includes(entry) ? { ...entry, revoked_at: formatTime(now) } : entry));
    const known = ended.find((entry) => entry.lookup === lookup);
    if (known === undefined) {
      const entry = newEntry({ ...current, tokens: ended }, { label, scopes }, { lookup, hash }, now);
      tokens = [...ended, entry];
      return { id: entry.id, label, state: 'added', revoked };
    }
    if (!isActive(known, now)) {
      throw new ArleoError('token_ended', `The token ${known.id} was revoked, or has expired.`, {
        hint: 'Make another in its place: install.sh --force-rotate-tokens, on the host that presents it.',
      });
    }
    const same = known.label === label && known.hash === hash;
    tokens = same ? ended : ended.map((entry) => (entry === known ? { ...entry, label, hash } : entry));
    return { id: known.id, label, state: same ? 'kept' : 'changed', revoked };
  });
  return { tokens, adoptions };
}

function isActive(entry: TokenEntry, now: number): boolean {
  return tokenStatus(entry, now) === 'active';
}

function scopesOf({ scopes }: TokenEntry): TokenScope[] {
  return [...expandTokenScopes(scopes ?? ['mcp'])];
}

async function readIfThere(file: string): Promise<TokenEntry[]> {
  try {
    return (await readTokenFile(file)).content.tokens;
  } catch (error) {
    if (error instanceof ArleoError && error.code === 'token_file_missing') return [];
    throw error;
  }
}

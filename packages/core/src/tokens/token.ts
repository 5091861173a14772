import { createHash, randomBytes } from 'node:crypto';

/** The two parts of a token. */
export interface TokenParts {
  /** 16 lower-case hex digits, public: it finds the one entry of the token file to compare with. */
  lookup: string;
  /** 64 lower-case hex digits: 256 random bits. Only its bcrypt hash is stored. */
  secret: string;
}

const form = /^hmcp_([0-9a-f]{16})_([0-9a-f]{64})$/;

/** The number of characters of every token. */
export const TOKEN_LENGTH = 'hmcp_'.length + 16 + 1 + 64;

/** A new token from the system's random source. `token` is what the caller presents; it is shown once and never stored. */
export function mintToken(): TokenParts & { token: string } {
  const lookup = randomBytes(8).toString('hex');
  const secret = randomBytes(32).toString('hex');
  return { lookup, secret, token: `hmcp_${lookup}_${secret}` };
}

/**
 * The parts of a presented token, or undefined if it does not have exactly the form
 * `hmcp_<16 hex>_<64 hex>`, lower case. Nothing is trimmed or repaired.
 */
export function parseToken(presented: string): TokenParts | undefined {
  // The length first: a megabyte in the header costs nothing.
  if (presented.length !== TOKEN_LENGTH) return undefined;
  const match = form.exec(presented);
  const [, lookup, secret] = match ?? [];
  return lookup === undefined || secret === undefined ? undefined : { lookup, secret };
}

/** SHA-256 of a token, as lower-case hex: what `MCP_TOKEN_SHA256` holds and what a verified token is remembered by. */
export function tokenSha256(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}

import { createHash } from 'node:crypto';
import { type CryptoKey, errors, jwtVerify } from 'jose';
import { isSameResource } from '../provider/resource.ts';

/** What a valid access token says. */
export interface AccessToken {
  sub: string;
  clientId: string;
  scope: string;
  grantId: string;
  jti: string;
  /** The key that signed it. */
  kid: string;
  /** Seconds since 1970. */
  exp: number;
}

/** Why an access token is refused; for the audit log, never for the caller. */
export type TokenRefusal =
  | 'malformed'
  | 'wrong_key'
  | 'wrong_issuer'
  | 'wrong_audience'
  | 'bad_signature'
  /** Its signature is ours. */
  | 'expired'
  | 'wrong_claims'
  | 'revoked';

/** The verdict of a check. */
export type TokenVerdict = { token: AccessToken } | { refusal: TokenRefusal };

/** What the check needs to know of the authorization server. */
export interface TokenAuthority {
  issuer: string;
  mcpUrl: string;
  verificationKey(kid: string): CryptoKey | undefined;
  /** @see State.accessHolds */
  accessHolds(grantId: string, jti: string): boolean | Promise<boolean>;
}

/** Checks access tokens; one that was verified before is checked at once, unless the state has to be asked first. */
export type CheckAccessToken = (token: string) => TokenVerdict | Promise<TokenVerdict>;

/** Longer tokens are none of ours. */
const maxLength = 4096;
/** As many verified tokens as are remembered. */
const maxRemembered = 1000;

/**
 * Checks JWT access tokens (RFC 9068 section 4): ES256 only, `typ` at+jwt, a key of ours, exact issuer, our resource as
 * audience, not expired, and the owner's consent behind it not revoked. What can be told without cryptography is told
 * first, so that a flood of wrong tokens costs next to nothing. A token that passed is remembered by its SHA-256 until
 * it expires; whether its grant still holds is looked up every time.
 */
export function createAccessTokenCheck(authority: TokenAuthority, now: () => number = Date.now): CheckAccessToken {
  const remembered = new Map<string, AccessToken>();

  /** A map keeps the order of insertion: the first is the one that was unused for longest. */
  const remember = (digest: string, token: AccessToken): void => {
    remembered.delete(digest);
    if (remembered.size >= maxRemembered) remembered.delete(remembered.keys().next().value ?? '');
    remembered.set(digest, token);
  };

  const settle = (token: AccessToken, digest: string, holds: boolean): TokenVerdict => {
    if (holds) remember(digest, token);
    else remembered.delete(digest);
    return holds ? { token } : { refusal: 'revoked' };
  };
  const standing = (token: AccessToken, digest: string): TokenVerdict | Promise<TokenVerdict> => {
    // A key that was dropped takes along what it signed (`arleo keys rotate --now`).
    const dead: TokenRefusal | undefined =
      token.exp * 1000 <= now() ? 'expired' : authority.verificationKey(token.kid) ? undefined : 'wrong_key';
    if (dead) {
      remembered.delete(digest);
      return { refusal: dead };
    }
    const holds = authority.accessHolds(token.grantId, token.jti);
    return typeof holds === 'boolean'
      ? settle(token, digest, holds)
      : holds.then((late) => settle(token, digest, late));
  };

  const verify = async (jwt: string, digest: string, key: CryptoKey): Promise<TokenVerdict> => {
    let token: AccessToken;
    try {
      const { payload, protectedHeader } = await jwtVerify(jwt, key, {
        algorithms: ['ES256'],
        typ: 'at+jwt',
        issuer: authority.issuer,
        requiredClaims: ['sub', 'client_id', 'grant_id', 'jti', 'iat', 'exp', 'aud'],
        currentDate: new Date(now()),
      });
      token = {
        sub: String(payload.sub),
        clientId: String(payload.client_id),
        scope: typeof payload.scope === 'string' ? payload.scope : '',
        grantId: String(payload.grant_id),
        jti: String(payload.jti),
        kid: String(protectedHeader.kid),
        exp: Number(payload.exp),
      };
    } catch (error) {
      if (error instanceof errors.JWTExpired) return { refusal: 'expired' };
      return { refusal: error instanceof errors.JWTClaimValidationFailed ? 'wrong_claims' : 'bad_signature' };
    }
    return standing(token, digest);
  };

  return (jwt) => {
    if (jwt.length > maxLength) return { refusal: 'malformed' };
    const digest = createHash('sha256').update(jwt).digest('base64');
    const known = remembered.get(digest);
    if (known) return standing(known, digest);
    const read = readUnverified(jwt, authority);
    return 'refusal' in read ? read : verify(jwt, digest, read.key);
  };
}

/** All that shows without checking the signature. */
function readUnverified(jwt: string, authority: TokenAuthority): { key: CryptoKey } | { refusal: TokenRefusal } {
  const parts = jwt.split('.');
  const header = parts.length === 3 ? json(parts[0]) : undefined;
  const payload = header && json(parts[1]);
  if (!header || !payload) return { refusal: 'malformed' };
  const { alg, typ, kid } = header;
  if (alg !== 'ES256' || typeof typ !== 'string' || typ.toLowerCase() !== 'at+jwt') return { refusal: 'malformed' };
  const key = typeof kid === 'string' ? authority.verificationKey(kid) : undefined;
  if (!key) return { refusal: 'wrong_key' };
  if (payload.iss !== authority.issuer) return { refusal: 'wrong_issuer' };
  const audiences = [payload.aud].flat();
  const ours = audiences.some((one) => typeof one === 'string' && isSameResource(one, authority.mcpUrl));
  if (!ours) return { refusal: 'wrong_audience' };
  return { key };
}

function json(part: string | undefined): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part ?? '', 'base64url').toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

import { type JWTPayload, jwtVerify } from 'jose';
import { errors, type KoaContextWithOIDC } from 'oidc-provider';
import type { SigningKeys } from '../state/signing-keys.ts';
import type { State } from '../state/state.ts';

/** Event of the provider: an access token was revoked, by a client whose own it was. */
export const ACCESS_TOKEN_REVOKED = 'access_token.revoked';

/**
 * Koa middleware around oidc-provider's revocation, which knows no JWTs: an access token of the authenticated client is
 * put on the list of revoked ones until it would expire. Anything else of that form answers 200 and changes nothing
 * (RFC 7009 section 2.2: an invalid token is no error).
 */
export function createAccessTokenRevocation(issuer: string, keys: SigningKeys, state: State) {
  return async (ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> => {
    await next();
    const body = ctx.body as { error?: string } | undefined;
    const token = ctx.oidc?.params?.token;
    const client = ctx.oidc?.client;
    if (ctx.oidc?.route !== 'revocation' || body?.error !== 'unsupported_token_type' || !client) return;
    if (typeof token === 'string' && (await revoke(token, client.clientId))) {
      ctx.oidc.provider.emit(ACCESS_TOKEN_REVOKED, ctx);
    }
    ctx.status = 200;
    ctx.body = '';
  };

  /** @returns whether the token was valid and the client's own */
  async function revoke(token: string, clientId: string): Promise<boolean> {
    let payload: JWTPayload;
    try {
      ({ payload } = await jwtVerify(
        token,
        ({ kid }) => {
          const key = keys.verificationKey(kid ?? '');
          if (!key) throw new errors.InvalidToken('unknown key');
          return key;
        },
        { issuer, algorithms: ['ES256'], typ: 'at+jwt' },
      ));
    } catch {
      return false;
    }
    if (payload.client_id !== clientId || payload.jti === undefined || payload.exp === undefined) return false;
    // Outside of the try: a revocation that cannot be stored must not be answered as done.
    await state.revokeAccessToken(payload.jti, Math.max(1, payload.exp - Math.floor(Date.now() / 1000)));
    return true;
  }
}

import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { RequestContext } from '@arleo/runtime/http/request-context';
import { sendError } from '@arleo/runtime/http/respond';
import express, { type RequestHandler } from 'express';
import { decodeJwt } from 'jose';
import type { Provider } from 'oidc-provider';
import type { CheckAccessToken } from '../mcp/access-token.ts';
import { readBearer } from '../mcp/bearer.ts';

/** Where local tools ask about a token. It stands in no metadata document: it is not for the world. */
export const INTROSPECTION_PATH = '/introspect';

/** Longer ones are none of ours. */
const maxTokenLength = 4096;

/** What {@link createIntrospection} needs. */
export interface IntrospectionOptions {
  issuer: string;
  mcpUrl: string;
  check: CheckAccessToken;
  provider: Pick<Provider, 'RefreshToken' | 'Grant' | 'Client'>;
  /** The bearer token of whoever may ask. */
  introspectionToken: string;
  contextOf: (request: IncomingMessage) => RequestContext;
}

/**
 * `POST /introspect` for tools on this host: what a token is good for, right now. The edge lets no one else here. Who asks has
 * to show `MCP_TOKEN` as bearer, since section 2.1 demands more than an address: it is the one secret that an installation
 * always has and that stands for the protected resource. Whatever is not good is `{"active":false}`, without a reason.
 *
 * @see [RFC 7662 section 2](https://www.rfc-editor.org/rfc/rfc7662#section-2)
 */
export function createIntrospection(options: IntrospectionOptions): RequestHandler[] {
  const { check, contextOf } = options;
  const expected = digest(options.introspectionToken);

  const authorize: RequestHandler = (request, response, next) => {
    const bearer = readBearer(request);
    if (typeof bearer === 'object' && timingSafeEqual(digest(bearer.token), expected)) return next();
    sendError(response, 'oauth-proxy', bearer === 'missing' ? 'token_missing' : 'token_invalid', {
      requestId: contextOf(request).requestId,
      headers: { 'WWW-Authenticate': 'Bearer realm="introspection"' },
    });
  };
  const answer: RequestHandler = async (request, response) => {
    response.set('Cache-Control', 'no-store');
    const token: unknown = request.body?.token;
    if (typeof token !== 'string' || token === '') {
      response.status(400).json({ error: 'invalid_request', error_description: 'one token must be given' });
      return;
    }
    const found =
      token.length > maxTokenLength
        ? undefined
        : token.includes('.')
          ? await aboutAccessToken(token, check)
          : await aboutRefreshToken(token, options);
    response.json(found === undefined ? { active: false } : { active: true, ...found });
  };
  return [authorize, express.urlencoded({ extended: false }), answer];
}

async function aboutAccessToken(jwt: string, check: CheckAccessToken): Promise<object | undefined> {
  const verdict = await check(jwt);
  if ('refusal' in verdict) return undefined;
  const { iss, aud, sub, client_id, scope, iat, exp, jti } = decodeJwt(jwt);
  return { token_type: 'Bearer', iss, aud, sub, client_id, scope, iat, exp, jti };
}

/** Without its id, which is the token itself. */
async function aboutRefreshToken(
  value: string,
  { issuer, mcpUrl, provider }: IntrospectionOptions,
): Promise<object | undefined> {
  const token = await provider.RefreshToken.find(value);
  if (!token?.isValid || token.grantId === undefined || token.clientId === undefined) return undefined;
  const [grant, client] = await Promise.all([provider.Grant.find(token.grantId), provider.Client.find(token.clientId)]);
  if (!grant || !client || grant.clientId !== token.clientId) return undefined;
  const { accountId: sub, clientId: client_id, scope, iat, exp } = token;
  return { iss: issuer, aud: mcpUrl, sub, client_id, scope, iat, exp };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

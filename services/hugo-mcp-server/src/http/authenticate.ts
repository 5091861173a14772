import type { IncomingMessage } from 'node:http';
import type { ActorVerifier } from '@arleo/core/actor';
import { ArleoError } from '@arleo/core/errors';
import { isReason } from '@arleo/core/reasons';
import { intersectScopes } from '@arleo/core/scopes';
import type { TokenStore } from '@arleo/core/tokens/token-store';
import type { RequestContext } from '@arleo/runtime/http/request-context';
import type { Caller } from '../tools/tool.ts';
import { checkToken, type Refusal } from './check-token.ts';

/** Tells who calls. */
export type Authenticate = (request: IncomingMessage, context: RequestContext) => Promise<Caller | Refusal>;

/**
 * Two proofs are needed: a hop token of the token store, and oauth-proxy's signed note of who acts for exactly this
 * request. The caller may do what both allow, so that neither a stolen token nor the hop between can do more.
 */
export function createAuthenticate(tokens: TokenStore, actors: ActorVerifier): Authenticate {
  return async (request, context) => {
    const { requestId } = context;
    const token = await checkToken(tokens, request, context);
    if ('reason' in token) return token;
    const { 'arleo-actor': assertion } = request.headers;
    try {
      const actor = await actors.verify(typeof assertion === 'string' ? assertion : undefined);
      // An assertion is for one request: another one that carries it is a replay.
      if (actor.requestId !== requestId) return { reason: 'actor_invalid', why: 'actor_of_another_request' };
      const scopes = intersectScopes(token.scopes, actor.scopes);
      const { sub, clientId, clientAddress = context.clientAddress } = actor;
      return { sub, clientId, tokenId: token.id, scopes, clientAddress };
    } catch (error) {
      if (!(error instanceof ArleoError) || !isReason(error.code)) throw error;
      return { reason: error.code, why: error.code };
    }
  };
}

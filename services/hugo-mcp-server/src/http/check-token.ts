import type { IncomingMessage } from 'node:http';
import type { Reason } from '@arleo/core/reasons';
import type { TokenScope } from '@arleo/core/scopes';
import type { TokenStore } from '@arleo/core/tokens/token-store';
import type { RequestContext } from '@arleo/runtime/http/request-context';

/** Why a caller is refused: what it is told, and what the audit log is told. */
export interface Refusal {
  reason: Reason;
  why: string;
  retryAfterSeconds?: number;
}

/** The hop token of a request, once it was found good. */
export interface HopToken {
  id: string;
  scopes: ReadonlySet<TokenScope>;
}

/** Checks the bearer token of a request against the token store. */
export async function checkToken(
  tokens: TokenStore,
  request: IncomingMessage,
  { clientAddress }: RequestContext,
): Promise<HopToken | Refusal> {
  const { authorization } = request.headers;
  if (authorization === undefined) return { reason: 'token_missing', why: 'token_missing' };
  if (!authorization.startsWith('Bearer ')) return { reason: 'token_invalid', why: 'malformed' };
  const token = await tokens.verify(authorization.slice('Bearer '.length), clientAddress);
  if (token.ok) return token;
  const { reason: why, retryAfterSeconds = 1 } = token;
  return why === 'limited' ? { reason: 'rate_limited', why, retryAfterSeconds } : { reason: 'token_invalid', why };
}

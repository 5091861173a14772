import type { KeyObject } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { signActor } from '@arleo/core/actor';
import { addressKey } from '@arleo/core/tokens/attempt-limiter';
import { auditCall } from '@arleo/runtime/http/audit-call';
import type { EdgeHandler } from '@arleo/runtime/http/edge';
import type { RequestContext } from '@arleo/runtime/http/request-context';
import { sendError } from '@arleo/runtime/http/respond';
import type { MinuteLimit } from '@arleo/runtime/limits/minute-limit';
import type { AuditLog } from '@arleo/runtime/logging/audit-log';
import type { Log } from '@arleo/runtime/logging/log';
import type { Forward } from '@arleo/runtime/proxy/forward';
import { RETRY_UNAVAILABLE } from '../http/answer-unavailable.ts';
import { StateUnavailable } from '../state/state-unavailable.ts';
import type { AccessToken, CheckAccessToken, TokenRefusal, TokenVerdict } from './access-token.ts';
import { readBearer } from './bearer.ts';
import { challenges, IN_QUERY } from './challenge.ts';
import type { RefusalTrail } from './refusal-trail.ts';

/** What `/mcp` is made of. */
export interface McpOptions {
  issuer: string;
  check: CheckAccessToken;
  /** Requests with a token that nobody knows, by the block of the client's address. */
  failures: MinuteLimit;
  /** The same of those that have done nothing wrong: without a token, or with one of ours whose time is over. */
  beginnings: MinuteLimit;
  /** Calls, by subject and client. */
  calls: MinuteLimit;
  /** Notes that access by a grant was used. */
  noteUse(grantId: string): void;
  forward: Forward;
  mcpToken: string;
  actorKey: KeyObject;
  audit: AuditLog;
  /** Records the requests without a good token. */
  trail: RefusalTrail;
  log: Log;
}

const hop = 'oauth-proxy';

/**
 * `/mcp`, behind the edge (which refuses heads that two hops could read differently): well formed, authenticated, within
 * the limits, then forwarded with this service's own token and a signed note of who acts. The client's token ends here.
 * A token is checked before any limit of its address is, so that whoever shares an address with an attacker is not
 * slowed.
 */
export function createMcpHandler(options: McpOptions): EdgeHandler {
  const { issuer, check, calls, forward, actorKey, audit, log } = options;
  const authorization = `Bearer ${options.mcpToken}`;
  const challenge = challenges(issuer);
  const refuse = createRefusal(options);

  const pass = (
    token: AccessToken,
    request: IncomingMessage,
    response: ServerResponse,
    context: RequestContext,
  ): void => {
    const caller = { sub: token.sub, client_id: token.clientId };
    const limited = calls.count(`${token.sub} ${token.clientId}`);
    if (limited) {
      if (limited.first) {
        audit.record({
          event_type: 'call.refused',
          actor: caller,
          result: 'denied',
          reason: 'rate_limited',
          client_ip: context.clientAddress,
          user_agent: request.headers['user-agent'] ?? null,
          request_id: context.requestId,
        });
      }
      const headers = { 'Retry-After': String(limited.retryAfterSeconds) };
      sendError(response, hop, 'rate_limited', { requestId: context.requestId, headers });
      return;
    }
    options.noteUse(token.grantId);
    const actor = signActor(actorKey, {
      ...caller,
      scope: token.scope,
      request_id: context.requestId,
      client_ip: context.clientAddress,
      aud: 'hugo-mcp-server',
    });
    const headers = ['authorization', authorization, 'arleo-actor', actor, 'x-request-id', context.requestId];
    auditCall(audit, request, response, context, caller);
    forward(request, response, context, headers);
  };

  const decide = (
    verdict: TokenVerdict,
    request: IncomingMessage,
    response: ServerResponse,
    context: RequestContext,
  ): void => {
    // The client may have gone while its token was being verified.
    if (response.destroyed) return;
    if ('refusal' in verdict) refuse('token_invalid', verdict.refusal, request, response, context);
    else pass(verdict.token, request, response, context);
  };

  /** Whatever goes wrong here is this service's fault: neither the client's token nor the process may die of it. */
  const failed = (error: unknown, response: ServerResponse, { requestId }: RequestContext): void => {
    if (error instanceof StateUnavailable) {
      sendError(response, hop, 'state_unavailable', { requestId, headers: RETRY_UNAVAILABLE });
      return;
    }
    log.error('a call could not be checked', { request_id: requestId, error });
    sendError(response, hop, 'internal', { requestId });
  };

  const authenticate: EdgeHandler = (request, response, context) => {
    const bearer = readBearer(request);
    if (bearer === 'missing') return refuse('token_missing', undefined, request, response, context);
    if (bearer === 'malformed') return decide({ refusal: 'malformed' }, request, response, context);
    if (bearer === 'in_query') {
      const headers = { 'WWW-Authenticate': challenge.inQuery };
      return sendError(response, hop, 'bad_request', { requestId: context.requestId, message: IN_QUERY, headers });
    }
    const verdict = check(bearer.token);
    if (!(verdict instanceof Promise)) return decide(verdict, request, response, context);
    verdict
      .then((late) => decide(late, request, response, context))
      .catch((error: unknown) => failed(error, response, context));
  };

  return (request, response, context) => {
    try {
      if (!refusedForm(request, response, context)) authenticate(request, response, context);
    } catch (error) {
      failed(error, response, context);
    }
  };
}

/** Answers what no caller may send, whoever it is. @returns whether it did */
function refusedForm(request: IncomingMessage, response: ServerResponse, { requestId }: RequestContext): boolean {
  const { method, headers } = request;
  if (method === 'POST' && !/^application\/json\s*(;|$)/i.test(headers['content-type'] ?? '')) {
    sendError(response, hop, 'unsupported_media_type', { requestId });
    return true;
  }
  if (method !== 'POST' && method !== 'GET' && method !== 'DELETE') {
    sendError(response, hop, 'method_not_allowed', { requestId, headers: { Allow: 'POST' } });
    return true;
  }
  return false;
}

function createRefusal({ issuer, failures, beginnings, trail }: McpOptions) {
  const challenge = challenges(issuer);
  return (
    reason: 'token_missing' | 'token_invalid',
    why: TokenRefusal | undefined,
    request: IncomingMessage,
    response: ServerResponse,
    { requestId, clientAddress }: RequestContext,
  ): void => {
    const userAgent = request.headers['user-agent'] ?? null;
    // A client has to get its 401 to go on from, whoever else is at its address and tries tokens.
    const innocent = reason === 'token_missing' || why === 'expired' || why === 'revoked';
    const limited = (innocent ? beginnings : failures).count(addressKey(clientAddress));
    if (limited) {
      if (limited.first) trail.record({ reason: 'rate_limited', clientAddress, userAgent, requestId });
      else trail.count(clientAddress);
      const headers = { 'Retry-After': String(limited.retryAfterSeconds) };
      sendError(response, hop, 'rate_limited', { requestId, headers });
      return;
    }
    // A request without a token is how every client begins: nothing to record.
    if (reason === 'token_invalid') trail.record({ reason: why ?? reason, clientAddress, userAgent, requestId });
    const value = reason === 'token_missing' ? challenge.missing : challenge.invalid;
    sendError(response, hop, reason, { requestId, headers: { 'WWW-Authenticate': value } });
  };
}

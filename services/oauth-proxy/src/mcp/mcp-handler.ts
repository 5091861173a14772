import type { KeyObject } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { signActor } from '@arleo/core/actor';
import { auditCall } from '@arleo/runtime/http/audit-call';
import type { EdgeHandler } from '@arleo/runtime/http/edge';
import type { RequestContext } from '@arleo/runtime/http/request-context';
import { sendError } from '@arleo/runtime/http/respond';
import type { MinuteLimit } from '@arleo/runtime/limits/minute-limit';
import type { AuditLog } from '@arleo/runtime/logging/audit-log';
import type { Forward } from '@arleo/runtime/proxy/forward';
import { duplicateHeader } from '@arleo/runtime/proxy/headers';
import type { AccessToken, CheckAccessToken, TokenRefusal } from './access-token.ts';
import { readBearer } from './bearer.ts';
import { challenges } from './challenge.ts';

/** What `/mcp` is made of. */
export interface McpOptions {
  issuer: string;
  check: CheckAccessToken;
  /** Requests without a good token, by client address. */
  failures: MinuteLimit;
  /** Calls, by subject and client. */
  calls: MinuteLimit;
  forward: Forward;
  mcpToken: string;
  actorKey: KeyObject;
  audit: AuditLog;
}

const hop = 'oauth-proxy';

/**
 * `/mcp`: well formed, authenticated, within the limits, then forwarded with this service's own token and a signed note
 * of who acts. The client's token ends here. A token is checked before any limit of its address is, so that whoever
 * shares an address with an attacker is not slowed.
 */
export function createMcpHandler(options: McpOptions): EdgeHandler {
  const { check, calls, forward, actorKey, audit } = options;
  const authorization = `Bearer ${options.mcpToken}`;
  const refuse = createRefusal(options);

  const pass = (
    token: AccessToken,
    request: IncomingMessage,
    response: ServerResponse,
    context: RequestContext,
  ): void => {
    const limited = calls.count(`${token.sub} ${token.clientId}`);
    if (limited) {
      const headers = { 'Retry-After': String(limited.retryAfterSeconds) };
      sendError(response, hop, 'rate_limited', { requestId: context.requestId, headers });
      return;
    }
    const actor = signActor(actorKey, {
      sub: token.sub,
      client_id: token.clientId,
      scope: token.scope,
      request_id: context.requestId,
      aud: 'hugo-mcp-server',
    });
    const headers = ['authorization', authorization, 'arleo-actor', actor, 'x-request-id', context.requestId];
    auditCall(audit, request, response, context, { sub: token.sub, client_id: token.clientId });
    forward(request, response, context, headers);
  };

  const decide = (
    verdict: { token: AccessToken } | { refusal: TokenRefusal },
    request: IncomingMessage,
    response: ServerResponse,
    context: RequestContext,
  ): void => {
    if ('refusal' in verdict) refuse('token_invalid', verdict.refusal, request, response, context);
    else pass(verdict.token, request, response, context);
  };

  return (request, response, context) => {
    if (refuseMalformed(request, response, context)) return;
    const bearer = readBearer(request);
    if (bearer === 'missing') return refuse('token_missing', undefined, request, response, context);
    if (bearer === 'malformed') return decide({ refusal: 'malformed' }, request, response, context);
    if (bearer === 'in_query') {
      const message = 'An access token belongs into the Authorization header, never into the URL.';
      return sendError(response, hop, 'bad_request', { requestId: context.requestId, message });
    }
    const verdict = check(bearer.token);
    if (verdict instanceof Promise) verdict.then((late) => decide(late, request, response, context));
    else decide(verdict, request, response, context);
  };
}

/** Answers what no caller may send, whoever it is. @returns whether it did */
function refuseMalformed(request: IncomingMessage, response: ServerResponse, { requestId }: RequestContext): boolean {
  const twice = duplicateHeader(request);
  if (twice !== undefined) {
    sendError(response, hop, 'bad_request', { requestId, message: `The header ${twice} stands twice.` });
    return true;
  }
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

function createRefusal({ issuer, failures, audit }: McpOptions) {
  const challenge = challenges(issuer);
  return (
    reason: 'token_missing' | 'token_invalid',
    why: TokenRefusal | undefined,
    request: IncomingMessage,
    response: ServerResponse,
    { requestId, clientAddress }: RequestContext,
  ): void => {
    const limited = failures.count(clientAddress);
    // A flood is recorded once a minute and address: its lines would fill the disk and hide the rest.
    if (limited ? limited.first : reason === 'token_invalid') {
      audit.record({
        event_type: 'access_token.refused',
        result: 'denied',
        reason: limited ? 'rate_limited' : (why ?? reason),
        client_ip: clientAddress,
        user_agent: request.headers['user-agent'] ?? null,
        request_id: requestId,
      });
    }
    if (limited) {
      const headers = { 'Retry-After': String(limited.retryAfterSeconds) };
      sendError(response, hop, 'rate_limited', { requestId, headers });
      return;
    }
    const value = reason === 'token_missing' ? challenge.missing : challenge.invalid;
    sendError(response, hop, reason, { requestId, headers: { 'WWW-Authenticate': value } });
  };
}

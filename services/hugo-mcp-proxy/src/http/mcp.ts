import { auditCall } from '@arleo/runtime/http/audit-call';
import type { EdgeHandler } from '@arleo/runtime/http/edge';
import { sendError } from '@arleo/runtime/http/respond';
import type { MinuteLimit } from '@arleo/runtime/limits/minute-limit';
import type { AuditLog } from '@arleo/runtime/logging/audit-log';
import type { Forward } from '@arleo/runtime/proxy/forward';
import type { CallerCheck } from './caller-check.ts';

/** What `/mcp` is made of. */
export interface McpOptions {
  checkCaller: CallerCheck;
  failures: MinuteLimit;
  forward: Forward;
  audit: AuditLog;
}

const hop = 'hugo-mcp-proxy';

/**
 * `/mcp`: nobody but hop 1 gets through. The token and the actor go on as they came, since only hugo-mcp-server decides
 * what they allow.
 */
export function createMcp({ checkCaller, failures, forward, audit }: McpOptions): EdgeHandler {
  return (request, response, context) => {
    const { requestId, clientAddress } = context;
    const refused = checkCaller(request);
    if (refused === undefined) {
      const { authorization, 'arleo-actor': actor } = request.headers;
      const headers = ['authorization', authorization ?? '', 'x-request-id', requestId];
      if (typeof actor === 'string') headers.push('arleo-actor', actor);
      auditCall(audit, request, response, context);
      return forward(request, response, context, headers);
    }

    const limited = failures.count(clientAddress);
    // Once an address is told to wait, its further attempts are not recorded one by one: a flood must not fill the disk.
    if (!limited || limited.first) {
      audit.record({
        event_type: 'caller.refused',
        result: 'denied',
        reason: limited ? 'rate_limited' : refused,
        client_ip: clientAddress,
        user_agent: request.headers['user-agent'] ?? null,
        request_id: requestId,
      });
    }
    if (limited) {
      const headers = { 'Retry-After': String(limited.retryAfterSeconds) };
      return sendError(response, hop, 'rate_limited', { requestId, headers });
    }
    return sendError(response, hop, refused, { requestId, headers: { 'WWW-Authenticate': 'Bearer' } });
  };
}

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestContext } from '@arleo/runtime/http/request-context';
import { sendError } from '@arleo/runtime/http/respond';
import type { MinuteLimit } from '@arleo/runtime/limits/minute-limit';
import type { AuditLog } from '@arleo/runtime/logging/audit-log';
import type { Refusal } from './check-token.ts';

/** Answers a caller that is refused, and records it: a flood is counted, not written line by line. */
export type RefuseCaller = (
  refusal: Refusal,
  request: IncomingMessage,
  response: ServerResponse,
  context: RequestContext,
) => void;

/** @see {@link RefuseCaller} */
export function createCallerRefusal({ failures, audit }: { failures: MinuteLimit; audit: AuditLog }): RefuseCaller {
  return (refusal, request, response, { requestId, clientAddress }) => {
    const limited = failures.count(clientAddress);
    if (!limited || limited.first) {
      audit.record({
        event_type: 'caller.refused',
        result: 'denied',
        reason: refusal.why,
        client_ip: clientAddress,
        user_agent: request.headers['user-agent'] ?? null,
        request_id: requestId,
      });
    }
    // hugo-mcp-proxy is one address for everybody: its calls are refused for what they are, and only told to wait
    // when the token store itself had no room to look.
    const headers: Record<string, string> =
      refusal.reason === 'rate_limited'
        ? { 'Retry-After': String(refusal.retryAfterSeconds ?? 1) }
        : { 'WWW-Authenticate': 'Bearer' };
    sendError(response, 'hugo-mcp-server', refusal.reason, { requestId, headers });
  };
}

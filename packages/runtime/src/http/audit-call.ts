import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AuditActor } from '@arleo/core/audit/event';
import type { AuditLog } from '../logging/audit-log.ts';
import type { RequestContext } from './request-context.ts';

/**
 * Records a forwarded call once it is over: who, what, how it ended and how long it took. The same request id stands in
 * every hop's log, so that one call can be followed through all of them.
 */
export function auditCall(
  audit: AuditLog,
  request: IncomingMessage,
  response: ServerResponse,
  context: RequestContext,
  actor: AuditActor | null = null,
): void {
  response.once('close', () => {
    const { statusCode: status, writableFinished } = response;
    const failure = context.failure ?? (writableFinished ? undefined : 'client_gone');
    audit.record({
      event_type: 'call.forwarded',
      actor,
      resource: called(request),
      result: !writableFinished || status >= 500 ? 'failure' : status === 401 || status === 403 ? 'denied' : 'success',
      ...(failure === undefined ? {} : { reason: failure }),
      client_ip: context.clientAddress,
      user_agent: request.headers['user-agent'] ?? null,
      request_id: context.requestId,
      duration_ms: performance.now() - context.startedAt,
      details: { status },
    });
  });
}

/** The revision since which `Mcp-Method` and `Mcp-Name` must say what the body says, which hugo-mcp-server checks. */
const namesCallsInHeaders = '2026-07-28';

/** What a call says that it is; the body is not read for it. Earlier revisions let the headers say anything. */
function called({ headers }: IncomingMessage): string | null {
  const { 'mcp-method': method, 'mcp-name': name, 'mcp-protocol-version': revision } = headers;
  if (typeof method !== 'string' || typeof revision !== 'string' || revision < namesCallsInHeaders) return null;
  return typeof name === 'string' ? `${method} ${name}` : method;
}

import type { IncomingMessage } from 'node:http';
import type { AuditInput } from '@arleo/core/audit/event';
import type { RequestContext } from '@arleo/runtime/http/request-context';

const contexts = new WeakMap<IncomingMessage, RequestContext>();

/** Keeps what the edge knows of a request where oidc-provider's events can find it. */
export function rememberContext(request: IncomingMessage, context: RequestContext): void {
  contexts.set(request, context);
}

/** What an audit event says of the request it belongs to. */
export function requestFacts(request: IncomingMessage): Pick<AuditInput, 'client_ip' | 'user_agent' | 'request_id'> {
  // A request whose body was replaced has the original one as its prototype.
  const context = contexts.get(request) ?? contexts.get(Object.getPrototypeOf(request));
  return {
    client_ip: context?.clientAddress ?? null,
    user_agent: request.headers['user-agent'] ?? null,
    request_id: context?.requestId ?? null,
  };
}

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Hop } from '@arleo/core/errors';
import type { Metrics } from '../metrics/metrics.ts';
import { isLocalCaller } from './local-caller.ts';
import type { ReadyDetails } from './ready-details.ts';
import type { RequestContext } from './request-context.ts';
import { sendError, sendJson } from './respond.ts';

/** Whether a service can do its job; `problems` says in a line each why not. */
export interface Readiness {
  ready: boolean;
  problems?: readonly string[];
  /** What it stands on: disks, clock, certificate. */
  details?: ReadyDetails;
}

/** What {@link answerHealth} asks. */
export interface HealthOptions {
  hop: Hop;
  ready: () => Readiness | Promise<Readiness>;
  metrics: Metrics;
  /** Who else is told problems and details, beside callers on this host. */
  insider?: (request: IncomingMessage, context: RequestContext) => Promise<boolean>;
}

const paths = new Set(['/healthz', '/readyz', '/metrics']);

/** True for the paths that {@link answerHealth} answers. */
export function isHealthPath(path: string): boolean {
  return paths.has(path);
}

/** `/healthz`: the process is alive; `/readyz`: it can do its job, its upstream included; `/metrics`: to loopback only. */
export async function answerHealth(
  path: string,
  request: IncomingMessage,
  response: ServerResponse,
  context: RequestContext,
  { hop, ready, metrics, insider }: HealthOptions,
): Promise<void> {
  const { requestId } = context;
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    sendError(response, hop, 'method_not_allowed', { requestId, headers: { Allow: 'GET, HEAD' } });
    return;
  }
  if (path === '/healthz') return sendJson(response, 200, requestId, { status: 'ok', hop });
  if (path === '/readyz') {
    const state = await ready();
    // What is wrong inside is told to those on the host, not to the world.
    const told = isLocalCaller(request, context) || (await insider?.(request, context)) === true;
    const { problems = [], details } = state;
    return sendJson(response, state.ready ? 200 : 503, requestId, {
      status: state.ready ? 'ready' : 'not_ready',
      hop,
      ...(told && { problems, ...(details && { details }) }),
    });
  }
  if (!isLocalCaller(request, context)) return sendError(response, hop, 'not_found', { requestId });
  const body = await metrics.text();
  response.writeHead(200, { 'Content-Type': metrics.contentType, 'X-Request-Id': requestId }).end(body);
}

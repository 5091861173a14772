import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Hop } from '@arleo/core/errors';
import type { Metrics } from '../metrics/metrics.ts';
import { duplicateHeader } from '../proxy/headers.ts';
import type { ClientAddress } from './client-address.ts';
import { answerHealth, type HealthOptions, isHealthPath, type Readiness } from './health.ts';
import { isLocalCaller } from './local-caller.ts';
import { type OriginGuardOptions, refusedHost, refusedOrigin } from './origin-guard.ts';
import type { RequestContext } from './request-context.ts';
import { acceptRequestId, newRequestId } from './request-id.ts';
import { requestTarget } from './request-target.ts';
import { sendError } from './respond.ts';

/** A handler that sits behind the edge. */
export type EdgeHandler = (request: IncomingMessage, response: ServerResponse, context: RequestContext) => void;

/** What {@link createEdge} composes. */
export interface EdgeOptions {
  hop: Hop;
  /** True where the caller is another hop: its `X-Request-Id` is kept. The first hop makes its own. */
  trustRequestId: boolean;
  clientAddress: ClientAddress;
  guard: OriginGuardOptions;
  ready: () => Readiness | Promise<Readiness>;
  metrics: Metrics;
  /** Who may know of `/readyz` what callers on this host may. */
  insider?: HealthOptions['insider'];
  /** `/mcp`, the hot path: plain node:http. It must send `X-Request-Id` itself. */
  mcp: EdgeHandler;
  /**
   * Paths of `rest` that are for callers on this host alone, by whatever name they call it; 404 for others. `rest` must
   * not answer them in another spelling.
   */
  localPaths?: ReadonlySet<string>;
  /** Everything else; 404 if absent. `X-Request-Id` is set on the response; the Origin is the handler's own matter. */
  rest?: EdgeHandler;
}

/**
 * The way every request goes in every service: request id, a head that can be read in one way only, health, Host and
 * Origin, `/mcp` to its handler, the rest to the application.
 */
export function createEdge(options: EdgeOptions): RequestListener {
  const { hop, metrics, guard } = options;
  return (request, response) => {
    const startedAt = performance.now();
    const target = requestTarget(request);
    const context: RequestContext = {
      requestId: options.trustRequestId ? acceptRequestId(request.headers['x-request-id']) : newRequestId(),
      startedAt,
      clientAddress: options.clientAddress(request),
      path: target?.path ?? '',
    };
    const { path } = context;
    const route = path === '/mcp' || isHealthPath(path) ? path : 'other';
    metrics.inFlight(1);
    response.once('close', () => {
      metrics.inFlight(-1);
      metrics.observe(route, response.headersSent ? response.statusCode : CLIENT_GONE, performance.now() - startedAt);
    });

    const malformed = malformedHead(request);
    if (malformed !== undefined || target === undefined) {
      const message = malformed ?? 'The address cannot be read.';
      return sendError(response, hop, 'bad_request', { requestId: context.requestId, message });
    }
    // Routers have views of their own on addresses: they see what is guarded here.
    request.url = target.path + target.query;
    if (route !== '/mcp' && route !== 'other') {
      answerHealth(path, request, response, context, options).catch(() =>
        sendError(response, hop, 'internal', { requestId: context.requestId }),
      );
      return;
    }
    const local = options.localPaths?.has(path) === true;
    if (local && !isLocalCaller(request, context)) {
      return sendError(response, hop, 'not_found', { requestId: context.requestId });
    }
    const refused =
      (local ? undefined : refusedHost(request, guard)) ??
      (route === '/mcp' ? refusedOrigin(request, guard) : undefined);
    if (refused) return sendError(response, hop, refused, { requestId: context.requestId });
    if (route === '/mcp') return options.mcp(request, response, context);
    if (!options.rest) return sendError(response, hop, 'not_found', { requestId: context.requestId });
    response.setHeader('X-Request-Id', context.requestId);
    options.rest(request, response, context);
  };
}

/** Stands for the status in the metrics when the client went away before there was an answer, as in nginx's logs. */
const CLIENT_GONE = 499;

/** As many headers as a request may have; Node leaves out those beyond 2,000, where the next hop might not. */
const maxHeaders = 100;

/** What is wrong with a request's head, if two hops could read it differently (request smuggling). */
function malformedHead(request: IncomingMessage): string | undefined {
  if (request.rawHeaders.length > 2 * maxHeaders) return `There are more than ${maxHeaders} headers.`;
  const twice = duplicateHeader(request);
  if (twice !== undefined) return `The header ${twice} stands twice.`;
  // RFC 9112 section 3.2
  return request.headers.host === undefined && request.httpVersion === '1.1'
    ? 'The Host header is missing.'
    : undefined;
}

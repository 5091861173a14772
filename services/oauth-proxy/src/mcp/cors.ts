import type { IncomingMessage, ServerResponse } from 'node:http';
import type { EdgeHandler } from '@arleo/runtime/http/edge';

/** What a client may send beside what every page may (Fetch: CORS-safelisted), with every `Mcp-Param-*`. */
const sent = new Set([
  'authorization',
  'content-type',
  'accept',
  'mcp-protocol-version',
  'mcp-method',
  'mcp-name',
  'mcp-session-id',
  'last-event-id',
]);

/** What a client must be able to read of an answer. */
const read = 'WWW-Authenticate, Retry-After, X-Request-Id, Server-Timing, Mcp-Session-Id, MCP-Protocol-Version';

/**
 * Lets the pages of the allowed origins call `handler` and read its answers (CORS), and answers their preflights. Never with
 * credentials: a page has to bring a token of its own. What comes from elsewhere, the edge has refused before.
 *
 * @param origins allowed ones, as a browser sends them
 * @see [Fetch: CORS protocol](https://fetch.spec.whatwg.org/#http-cors-protocol)
 */
export function allowOrigins(origins: ReadonlySet<string>, handler: EdgeHandler): EdgeHandler {
  return (request, response, context) => {
    const { origin } = request.headers;
    if (origin === undefined || !origins.has(origin)) return handler(request, response, context);
    response.setHeader('Access-Control-Allow-Origin', origin);
    response.setHeader('Vary', 'Origin');
    if (isPreflight(request)) return answerPreflight(request, response, context.requestId);
    response.setHeader('Access-Control-Expose-Headers', read);
    handler(request, response, context);
  };
}

function isPreflight({ method, headers }: IncomingMessage): boolean {
  return method === 'OPTIONS' && headers['access-control-request-method'] !== undefined;
}

function answerPreflight(request: IncomingMessage, response: ServerResponse, requestId: string): void {
  const asked = String(request.headers['access-control-request-headers'] ?? '').toLowerCase();
  const parameters = asked.split(/\s*,\s*/).filter((name) => /^mcp-param-[a-z0-9-]{1,100}$/.test(name));
  response.writeHead(204, {
    'Access-Control-Allow-Methods': 'POST, GET, DELETE',
    'Access-Control-Allow-Headers': [...sent, ...parameters].join(', '),
    'Access-Control-Max-Age': '3600',
    'X-Request-Id': requestId,
  });
  response.end();
}

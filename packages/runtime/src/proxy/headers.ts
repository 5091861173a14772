import type { IncomingMessage } from 'node:http';
import type { Hop } from '@arleo/core/errors';
import type { RequestContext } from '../http/request-context.ts';
import { serverTiming } from '../http/server-timing.ts';

/** Request headers that pass through every hop as they came; every `Mcp-Param-*` passes too. */
const requestPassed = new Set([
  'accept',
  'content-type',
  'content-length',
  'user-agent',
  'mcp-protocol-version',
  'mcp-method',
  'mcp-name',
  'mcp-session-id',
  'last-event-id',
]);

/** Answer headers that pass back through every hop; every `Mcp-*` passes too, and `WWW-Authenticate` of a 403. */
const answerPassed = new Set([
  'content-type',
  'content-length',
  'retry-after',
  'cache-control',
  // A 405 without it would not be one (RFC 9110 section 15.5.6).
  'allow',
]);

/** Headers of which a second one means that two hops could read the request differently (request smuggling). */
const single = new Set([
  'authorization',
  'content-length',
  'content-type',
  'host',
  'transfer-encoding',
  'arleo-actor',
  'x-request-id',
  'origin',
]);

/**
 * The name of a header that stands twice although it may not, or undefined.
 *
 * @see [RFC 9112 section 11.2](https://www.rfc-editor.org/rfc/rfc9112#section-11.2)
 */
export function duplicateHeader(request: IncomingMessage): string | undefined {
  const raw = request.rawHeaders;
  let seen: string[] | undefined;
  for (let index = 0; index < raw.length; index += 2) {
    const name = (raw[index] ?? '').toLowerCase();
    if (!single.has(name)) continue;
    if (seen?.includes(name)) return name;
    seen ??= [];
    seen.push(name);
  }
  return undefined;
}

/**
 * The headers of the request to the next hop, flat as in `rawHeaders`: its own Host, what passes through, and `added`.
 */
export function requestHeaders(request: IncomingMessage, host: string, added: readonly string[]): string[] {
  const raw = request.rawHeaders;
  const headers = ['host', host];
  for (let index = 0; index < raw.length; index += 2) {
    const name = (raw[index] ?? '').toLowerCase();
    if (requestPassed.has(name) || name.startsWith('mcp-param-')) headers.push(name, raw[index + 1] ?? '');
  }
  // A POST of neither length nor chunks has no body; without this, ours would be sent in chunks.
  const { 'content-length': length, 'transfer-encoding': coding } = request.headers;
  if (request.method === 'POST' && length === undefined && coding === undefined) headers.push('content-length', '0');
  for (const part of added) headers.push(part);
  return headers;
}

/** The headers of the answer to the client, flat as in `rawHeaders`: what passes back, the request's id, and the time. */
export function answerHeaders(answer: IncomingMessage, hop: Hop, context: RequestContext): string[] {
  const raw = answer.rawHeaders;
  const headers: string[] = [];
  for (let index = 0; index < raw.length; index += 2) {
    const name = (raw[index] ?? '').toLowerCase();
    if (
      answerPassed.has(name) ||
      name.startsWith('mcp-') ||
      (name === 'www-authenticate' && answer.statusCode === 403)
    ) {
      headers.push(name, raw[index + 1] ?? '');
    }
  }
  headers.push('x-request-id', context.requestId);
  headers.push('server-timing', serverTiming(answer.headers['server-timing'], hop, context.startedAt));
  return headers;
}

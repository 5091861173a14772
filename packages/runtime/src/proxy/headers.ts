import type { IncomingMessage } from 'node:http';

/** Request headers that pass through every hop as they came; every `Mcp-Param-*` passes too. */
const requestPassed = new Set([
  'accept',
  'content-type',
  'content-length',
  'transfer-encoding',
  'user-agent',
  'mcp-protocol-version',
  'mcp-method',
  'mcp-name',
  'mcp-session-id',
  'last-event-id',
]);

/** Response headers that pass back through every hop; every `Mcp-*` passes too. */
const responsePassed = new Set([
  'content-type',
  'content-length',
  'retry-after',
  'cache-control',
  'allow',
  'www-authenticate',
]);

/** Headers of which a second one means that two hops could read the request differently (request smuggling). */
const single = new Set(['authorization', 'content-length', 'content-type', 'host', 'transfer-encoding', 'arleo-actor']);

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

/** The headers of a request that the next hop is given, flat as in `rawHeaders`. */
export function passedRequestHeaders(request: IncomingMessage): string[] {
  const raw = request.rawHeaders;
  const passed: string[] = [];
  for (let index = 0; index < raw.length; index += 2) {
    const name = (raw[index] ?? '').toLowerCase();
    if (requestPassed.has(name) || name.startsWith('mcp-param-')) passed.push(name, raw[index + 1] ?? '');
  }
  return passed;
}

/** The headers of an answer that the client is given, flat as in `rawHeaders`. */
export function passedResponseHeaders(answer: IncomingMessage): string[] {
  const raw = answer.rawHeaders;
  const passed: string[] = [];
  for (let index = 0; index < raw.length; index += 2) {
    const name = (raw[index] ?? '').toLowerCase();
    if (responsePassed.has(name) || name.startsWith('mcp-')) passed.push(name, raw[index + 1] ?? '');
  }
  return passed;
}

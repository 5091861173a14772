import type { IncomingMessage, ServerResponse } from 'node:http';
import { isArleoError } from '@arleo/core/errors';
import { isReason } from '@arleo/core/reasons';
import { discardBody } from '@arleo/runtime/http/discard-body';
import type { EdgeHandler } from '@arleo/runtime/http/edge';
import type { RequestContext } from '@arleo/runtime/http/request-context';
import { sendError } from '@arleo/runtime/http/respond';
import { serverTiming } from '@arleo/runtime/http/server-timing';
import { createMcpHandler } from '@modelcontextprotocol/server';
import type { Authenticate } from '../http/authenticate.ts';
import { type Message, readMessage } from '../http/read-message.ts';
import type { RefuseCaller } from '../http/refuse-caller.ts';
import { actorOf, type Caller } from '../tools/tool.ts';
import { believeBody } from './believe-body.ts';
import { createServer, readScope, type ServedRequest, type ServerOptions } from './create-server.ts';
import { abortedByClient, sendWebResponse, toWebRequest } from './web-exchange.ts';

/** What the endpoint is made of. */
export interface EndpointOptions extends ServerOptions {
  authenticate: Authenticate;
  refuseCaller: RefuseCaller;
  maxBodyBytes: number;
  /** `TOLERANT_PROTOCOL_HEADER` */
  bodyDecidesVersion: boolean;
}

const hop = 'hugo-mcp-server';

/** Milliseconds between two comments on a stream that has nothing to say: well below every limit on the way. */
const keepAliveMs = 8_000;

/** As much of a refused body as is still read, so that whoever sends it gets to see the refusal. */
const discardBytes = 64 * 1024 * 1024;

/** Methods beside tools that give what stands in pages, and what their refusal is recorded as. */
const readsPages: ReadonlyMap<string, string> = new Map([
  ['resources/read', 'resource.read'],
  ['prompts/get', 'prompt.get'],
  ['completion/complete', 'completion'],
]);

/** JSON-RPC codes of what is refused before the SDK sees it (JSON-RPC 2.0, 5.1). */
const rpcCodes: Readonly<Record<string, number>> = { bad_json: -32700, batch_refused: -32600 };

/**
 * `/mcp` for both protocol eras: who calls, then what they send, then whether they may, then the SDK. Calls that write
 * or build are answered as a stream that begins at once; everything else as plain JSON where the client's era allows.
 */
export function createMcpEndpoint(options: EndpointOptions): EdgeHandler {
  const { authenticate, refuseCaller, maxBodyBytes, bodyDecidesVersion, tools, log } = options;
  const recordRefused = (event_type: string, caller: Caller, request: IncomingMessage, context: RequestContext): void =>
    options.audit.record({
      event_type,
      result: 'denied',
      reason: 'insufficient_scope',
      actor: actorOf(caller),
      client_ip: caller.clientAddress,
      user_agent: request.headers['user-agent'] ?? null,
      request_id: context.requestId,
    });
  const serve = (responseMode: 'auto' | 'sse') =>
    createMcpHandler((context) => createServer(context.authInfo?.extra?.served as ServedRequest, options), {
      responseMode,
      keepAliveMs,
      onerror: (error) => log.debug('the MCP handler refused a request', { error }),
    });
  const quick = serve('auto');
  const slow = serve('sse');

  const answer = async (request: IncomingMessage, response: ServerResponse, context: RequestContext): Promise<void> => {
    const { requestId, startedAt } = context;
    const caller = await authenticate(request, context);
    if ('reason' in caller) return refuseCaller(caller, request, response, context);
    if (request.method !== 'POST') {
      return sendError(response, hop, 'method_not_allowed', { requestId, startedAt, headers: { Allow: 'POST' } });
    }
    if (!/^application\/json\s*(;|$)/i.test(request.headers['content-type'] ?? '')) {
      return sendError(response, hop, 'unsupported_media_type', { requestId, startedAt });
    }
    const message = await readMessage(request, maxBodyBytes);
    const tool = calledTool(message, tools);
    if (tool && !caller.scopes.has(tool.scope)) {
      recordRefused(`tool.${tool.name}`, caller, request, context);
      return refuseScope(tool.scope, caller, message, response, context);
    }
    const reads = typeof message.method === 'string' ? readsPages.get(message.method) : undefined;
    if (reads !== undefined && !caller.scopes.has(readScope)) {
      recordRefused(reads, caller, request, context);
      return refuseScope(readScope, caller, message, response, context);
    }

    const served: ServedRequest = {
      caller,
      requestId,
      userAgent: request.headers['user-agent'],
    };
    const authInfo = { token: '', clientId: caller.clientId, scopes: [...caller.scopes], extra: { served } };
    const handler = tool?.slow ? slow : quick;
    const webRequest = toWebRequest(request, abortedByClient(response));
    if (bodyDecidesVersion) believeBody(message, webRequest.headers);
    const result = await handler.fetch(webRequest, {
      authInfo,
      parsedBody: message,
    });
    response.setHeader('X-Request-Id', requestId);
    response.setHeader('Server-Timing', serverTiming(undefined, hop, startedAt));
    await sendWebResponse(result, response, requestId);
  };

  return (request, response, context) => {
    const { requestId, startedAt } = context;
    const failed = (error: unknown): void => {
      if (isArleoError(error) && isReason(error.code)) {
        const code = rpcCodes[error.code];
        sendError(response, hop, error.code, { requestId, startedAt, message: error.message, ...(code && { code }) });
        return;
      }
      const gone = request.destroyed && !request.complete;
      log[gone ? 'debug' : 'error']('a request failed', { error, request_id: requestId });
      if (response.headersSent) response.destroy();
      else sendError(response, hop, 'internal', { requestId, startedAt });
    };
    answer(request, response, context)
      .catch(failed)
      .finally(() => discardBody(request, discardBytes));
  };
}

function calledTool(message: Message, tools: EndpointOptions['tools']) {
  if (message.method !== 'tools/call') return undefined;
  const { name } = (message.params ?? {}) as { name?: unknown };
  return tools.find((tool) => tool.name === name);
}

/**
 * A tool outside the caller's scopes: 403 with the scopes that are needed, so that the client can ask the owner for
 * more (RFC 6750 section 3.1). oauth-proxy adds where to ask.
 */
function refuseScope(
  scope: string,
  caller: Caller,
  message: Message,
  response: ServerResponse,
  { requestId, startedAt }: RequestContext,
): void {
  const needed = [...new Set([...caller.scopes, scope])].join(' ');
  const id = typeof message.id === 'string' || typeof message.id === 'number' ? message.id : null;
  sendError(response, hop, 'insufficient_scope', {
    requestId,
    startedAt,
    id,
    message: `This tool needs the scope ${scope}, which the owner has not granted to this client.`,
    data: { scope: needed },
    headers: { 'WWW-Authenticate': `Bearer error="insufficient_scope", scope="${needed}"` },
  });
}

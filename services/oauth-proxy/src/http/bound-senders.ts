import type { IncomingMessage } from 'node:http';
import { addressKey } from '@arleo/core/tokens/attempt-limiter';
import { discardBody } from '@arleo/runtime/http/discard-body';
import type { EdgeHandler } from '@arleo/runtime/http/edge';
import { sendError } from '@arleo/runtime/http/respond';

/** Milliseconds in which a body has to be there where it is a form or a registration; a browser sends it at once. */
export const FORM_MS = 10_000;

/**
 * As many requests of one address as may wait for the rest of their bodies, of the 1,024 sockets that a service has: several
 * times what all users of Claude together were seen to send from one.
 */
const sendersPerAddress = 200;

/** As much of a refused body as is read so that its sender comes to see the answer, in bytes. */
const discardBytes = 64 * 1024;

/** Bounds who sends slowly in front of a handler; all handlers of one share its count. */
export type BoundSenders = (handler: EdgeHandler, options?: { bodyMs?: number }) => EdgeHandler;

/**
 * Leaves room for others whoever sends slowly: an address whose bodies do not end is refused further ones (429), and a body
 * that is not there within `bodyMs` ends its connection, with 408 if there was no answer yet.
 */
export function createBoundSenders(perAddress = sendersPerAddress): BoundSenders {
  const sending = new Map<string, Set<IncomingMessage>>();
  return (handler, { bodyMs } = {}) =>
    (request, response, context) => {
      const { 'content-length': length = '0', 'transfer-encoding': coding } = request.headers;
      if (length === '0' && coding === undefined) return handler(request, response, context);
      const { requestId, clientAddress } = context;
      const key = addressKey(clientAddress);
      const open = sending.get(key) ?? new Set();
      for (const one of open) if (one.complete) open.delete(one);
      if (open.size >= perAddress) {
        discardBody(request, discardBytes);
        const headers = { 'Retry-After': '10', Connection: 'close' };
        return sendError(response, 'oauth-proxy', 'rate_limited', { requestId, headers });
      }
      sending.set(key, open.add(request));
      const late = (): void => {
        if (request.complete) return;
        // An answer that is there already does not end the connection: the body's rest is still awaited.
        if (response.headersSent) request.destroy();
        else sendError(response, 'oauth-proxy', 'request_timeout', { requestId, headers: { Connection: 'close' } });
      };
      const timer = bodyMs === undefined ? undefined : setTimeout(late, bodyMs);
      request.socket.once('close', ended);
      request.once('close', ended);
      function ended(): void {
        // What was answered early is closed for Node while its body is still to come.
        if (!request.complete && !request.socket.destroyed) return;
        clearTimeout(timer);
        request.socket.removeListener('close', ended);
        open.delete(request);
        if (open.size === 0 && sending.get(key) === open) sending.delete(key);
      }
      handler(request, response, context);
    };
}

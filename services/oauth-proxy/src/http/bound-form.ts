import type { IncomingMessage } from 'node:http';
import { discardBody } from '@arleo/runtime/http/discard-body';
import type { RequestContext } from '@arleo/runtime/http/request-context';
import { sendError } from '@arleo/runtime/http/respond';
import type { RequestHandler } from 'express';

/** As much of a refused body as is read so that its sender comes to see the answer, in bytes; then it is cut off. */
const discardBytes = 1024 * 1024;

/**
 * Refuses a form that is larger than `maxBytes`, or does not say how large it is, which no browser does, before it is read:
 * the form reader itself would hear out whoever never ends.
 */
export function boundForm(maxBytes: number, contextOf: (request: IncomingMessage) => RequestContext): RequestHandler {
  return (request, response, next) => {
    const { 'content-length': length, 'transfer-encoding': coding } = request.headers;
    if (coding === undefined && Number(length ?? 0) <= maxBytes) return next();
    discardBody(request, discardBytes);
    const { requestId } = contextOf(request);
    sendError(response, 'oauth-proxy', 'body_too_large', { requestId, headers: { Connection: 'close' } });
  };
}

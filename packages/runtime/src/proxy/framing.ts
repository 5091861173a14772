import type { IncomingMessage } from 'node:http';
import type { Reason } from '@arleo/core/reasons';

/** Why a request is not forwarded, before anything of its body was read. */
export interface FramingRefusal {
  reason: Extract<Reason, 'bad_request' | 'body_too_large' | 'method_not_allowed'>;
  message?: string;
  /** Value of the `Allow` header. */
  allow?: string;
}

/** The length of a body that comes in chunks: nobody knows it before its end. */
export const UNKNOWN_LENGTH = -1;

const methods = new Set(['POST', 'GET', 'DELETE']);

/**
 * The length of a request's body in bytes, {@link UNKNOWN_LENGTH} for a chunked one, 0 for none; or why the request is
 * refused. GET and DELETE (sessions of the 2025 revisions) have no body: two hops could disagree on where it ends.
 *
 * @see [RFC 9112 section 6.3](https://www.rfc-editor.org/rfc/rfc9112#section-6.3)
 */
export function bodyOf(request: IncomingMessage, maxBytes: number): number | FramingRefusal {
  const { method = '' } = request;
  const { 'content-length': text, 'transfer-encoding': coding } = request.headers;
  if (!methods.has(method)) return { reason: 'method_not_allowed', allow: 'POST, GET, DELETE' };
  if (coding !== undefined && (text !== undefined || coding.toLowerCase() !== 'chunked')) {
    return { reason: 'bad_request', message: 'Of the transfer codings only chunked is accepted, without a length.' };
  }
  const length = coding === undefined ? Number(text ?? 0) : UNKNOWN_LENGTH;
  if (length > maxBytes) return { reason: 'body_too_large' };
  if (length !== 0 && method !== 'POST') {
    return { reason: 'bad_request', message: `A ${method} request has no body.` };
  }
  return length;
}

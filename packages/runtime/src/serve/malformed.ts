import { type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { errorBody } from '@arleo/core/error-body';
import type { Hop } from '@arleo/core/errors';
import { REASONS, type Reason } from '@arleo/core/reasons';
import { newRequestId } from '../http/request-id.ts';

const answers: Readonly<Record<string, { status: number; reason: Reason }>> = {
  HPE_HEADER_OVERFLOW: { status: 431, reason: 'bad_request' },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, reason: 'request_timeout' },
};

/** Milliseconds for which a sender may take its answer before the connection is cut. */
const lingerMs = 1_000;

/**
 * Answers bytes that never became a request: malformed HTTP, headers over the limit, a sender that is too slow. Where
 * an answer has begun on the connection, more bytes could be taken for its end: then the connection is cut.
 */
export function answerMalformed(hop: Hop, error: NodeJS.ErrnoException, socket: Socket): void {
  // What still comes from a sender that is being answered is of no interest.
  if (socket.writableEnded) return;
  const answer = (socket as Socket & { _httpMessage?: ServerResponse | null })._httpMessage;
  if (error.code === 'ECONNRESET' || !socket.writable || answer?.headersSent) {
    socket.destroy(error);
    return;
  }
  const { status, reason } = answers[error.code ?? ''] ?? { status: 400, reason: 'bad_request' };
  writeRefusal(hop, status, reason, socket);
}

/** Writes an error answer to a connection for which node:http has made no response, and closes it. */
export function writeRefusal(hop: Hop, status: number, reason: Reason, socket: Socket): void {
  const requestId = newRequestId();
  const { message, ...rest } = REASONS[reason];
  const hint = 'hint' in rest ? rest.hint : undefined;
  const body = JSON.stringify(errorBody({ hop, reason, message, requestId, ...(hint === undefined ? {} : { hint }) }));
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Connection: close',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Cache-Control: no-store',
    'X-Content-Type-Options: nosniff',
    `X-Request-Id: ${requestId}`,
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  // Closing at once would reset the connection of a client that still sends: it would never see the answer.
  socket.resume();
  setTimeout(() => socket.destroy(), lingerMs).unref();
}

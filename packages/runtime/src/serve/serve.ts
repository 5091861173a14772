import http, { type RequestListener, type Server, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { errorBody } from '@arleo/core/error-body';
import type { Hop } from '@arleo/core/errors';
import { REASONS, type Reason } from '@arleo/core/reasons';
import { newRequestId } from '../http/request-id.ts';

/** What {@link serve} needs. */
export interface ServeOptions {
  hop: Hop;
  listener: RequestListener;
  host: string;
  port: number;
  /** PEM; https only when given, TLS 1.2 at least. */
  tls?: { key: string; cert: string };
  /** Milliseconds that requests in flight are given to end when the server closes. */
  drainMs: number;
  /** Sockets at the same time at most; 1,024 if absent. */
  maxConnections?: number;
}

/** A server that listens. */
export interface RunningServer {
  url: string;
  port: number;
  /** True from the moment that {@link close} was called. */
  draining(): boolean;
  /**
   * Stops: nothing new is accepted once every answer in flight has ended, each of them closes its connection, and after
   * `drainMs` what is left is cut off. Resolves when all sockets are closed.
   */
  close(): Promise<void>;
}

/** Milliseconds that an idle kept-alive connection stays open while the server stops: a request may be on its way. */
const idleGraceMs = 250;

/** Listens, with bounded headers, sockets and slow senders. @throws Error of `listen`, such as EADDRINUSE */
export async function serve(options: ServeOptions): Promise<RunningServer> {
  let closing: Promise<void> | undefined;
  const busy = new Set<ServerResponse>();
  const listener: RequestListener = (request, response) => {
    if (closing) response.shouldKeepAlive = false;
    busy.add(response);
    response.once('close', () => busy.delete(response));
    options.listener(request, response);
  };
  const limits: http.ServerOptions = {
    maxHeaderSize: 16 * 1024,
    headersTimeout: 10_000,
    requestTimeout: 60_000,
    keepAliveTimeout: 75_000,
    connectionsCheckingInterval: 2_000,
    // Which of two lengths is meant must never be a question between two hops.
    insecureHTTPParser: false,
    requireHostHeader: true,
  };
  const server: Server = options.tls
    ? https.createServer({ ...limits, ...options.tls, minVersion: 'TLSv1.2', handshakeTimeout: 10_000 }, listener)
    : http.createServer(limits, listener);
  server.maxConnections = options.maxConnections ?? 1024;
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => answerMalformed(options.hop, error, socket));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
  const { port } = server.address() as AddressInfo;
  const authority = options.host.includes(':') ? `[${options.host}]` : options.host;
  return {
    url: `${options.tls ? 'https' : 'http'}://${authority}:${port}`,
    port,
    draining: () => closing !== undefined,
    close() {
      closing ??= drain(server, busy, options.drainMs);
      return closing;
    },
  };
}

async function drain(server: Server, busy: ReadonlySet<ServerResponse>, drainMs: number): Promise<void> {
  for (const response of busy) if (!response.headersSent) response.shouldKeepAlive = false;
  const deadline = setTimeout(() => server.closeAllConnections(), drainMs);
  // Connections that wait to be accepted, and requests already on their way on idle ones, are still answered.
  await new Promise((resolve) => setTimeout(resolve, Math.min(idleGraceMs, drainMs)));
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  // An answer that began before the drain promised to keep its connection: close it as soon as it falls idle.
  const idle = setInterval(() => server.closeIdleConnections(), 50);
  await closed;
  clearInterval(idle);
  clearTimeout(deadline);
}

const malformed: Readonly<Record<string, { status: number; reason: Reason }>> = {
  HPE_HEADER_OVERFLOW: { status: 431, reason: 'bad_request' },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, reason: 'request_timeout' },
};

function answerMalformed(hop: Hop, error: NodeJS.ErrnoException, socket: Duplex): void {
  const { bytesWritten } = socket as Socket;
  // Once an answer has begun on this connection, more bytes could be taken for its end.
  if (error.code === 'ECONNRESET' || !socket.writable || bytesWritten > 0) {
    socket.destroy();
    return;
  }
  const { status, reason } = malformed[error.code ?? ''] ?? { status: 400, reason: 'bad_request' };
  const requestId = newRequestId();
  const body = JSON.stringify(errorBody({ hop, reason, message: REASONS[reason].message, requestId }));
  socket.end(
    `HTTP/1.1 ${status} ${http.STATUS_CODES[status]}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nX-Request-Id: ${requestId}\r\nConnection: close\r\n\r\n${body}`,
    () => socket.destroy(),
  );
}

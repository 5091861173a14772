import http, { type RequestListener, type Server } from 'node:http';
import https from 'node:https';
import net, { type AddressInfo, type Socket } from 'node:net';
import type { SecureContext } from 'node:tls';
import type { Hop } from '@arleo/core/errors';
import { type Connections, watchConnections } from './connections.ts';
import { answerMalformed, writeRefusal } from './malformed.ts';

/** What {@link serve} needs. */
export interface ServeOptions {
  hop: Hop;
  listener: RequestListener;
  host: string;
  port: number;
  /** https only when given, TLS 1.2 at least. */
  tls?: ServedIdentity & {
    /** What a client that names a server (SNI) is shown; undefined: the same as everybody. */
    byName?: (serverName: string) => SecureContext | undefined;
  };
  /** Milliseconds that requests in flight are given to end when the server closes. */
  drainMs: number;
  limits?: Partial<ServeLimits>;
}

/** What an https server shows to its clients, PEM. */
export interface ServedIdentity {
  key: string;
  cert: string;
}

/** What one client may take of a server. */
export interface ServeLimits {
  /** Sockets at the same time; more are closed at once. */
  maxConnections: number;
  /** Requests on one connection, which then is closed after its answer. */
  maxRequestsPerSocket: number;
  /** Bytes of a request's head. */
  maxHeaderBytes: number;
  /** Milliseconds for a request's head. */
  headersMs: number;
  /** Milliseconds for a whole request, body included. */
  requestMs: number;
  /**
   * Milliseconds for which an unused connection is kept: longer than nginx (60 s) and our own agents (30 s) keep theirs,
   * so that it is the client who closes and never meets a closing connection.
   */
  keepAliveMs: number;
  /** Milliseconds that an unused connection stays open while the server stops: a request may be on its way. */
  idleGraceMs: number;
  /** How often slow senders are looked for, in milliseconds. */
  checkMs: number;
}

/** The limits of every service. */
export const SERVE_LIMITS: Readonly<ServeLimits> = {
  maxConnections: 1024,
  maxRequestsPerSocket: 100_000,
  maxHeaderBytes: 16 * 1024,
  headersMs: 10_000,
  requestMs: 60_000,
  keepAliveMs: 75_000,
  idleGraceMs: 500,
  checkMs: 2_000,
};

/** A server that listens. */
export interface RunningServer {
  url: string;
  port: number;
  /** Shows another certificate to new connections; those that are open live on. Of an https server alone. */
  show(identity: ServedIdentity): void;
  /** True from the moment that {@link close} was called. */
  draining(): boolean;
  /**
   * Stops: nothing new is accepted, every request in flight is answered, also one that still arrives on a kept-alive
   * connection, each answer closes its connection, and after `drainMs` what is left is cut off. Resolves when all
   * sockets are closed.
   */
  close(): Promise<void>;
}

/** Listens, with bounded headers, sockets and slow senders. @throws Error of `listen`, such as EADDRINUSE */
export async function serve(options: ServeOptions): Promise<RunningServer> {
  const { hop, listener, host, drainMs } = options;
  const limits = { ...SERVE_LIMITS, ...options.limits };
  let closing: Promise<void> | undefined;
  const server = createServer(options, limits, (request, response) => {
    connections.begin(request, response);
    listener(request, response);
  });
  const connections = watchConnections(server);
  server.maxConnections = limits.maxConnections;
  server.maxRequestsPerSocket = limits.maxRequestsPerSocket;
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => answerMalformed(hop, error, socket as Socket));
  server.on('connect', (_request, socket) => writeRefusal(hop, 405, 'method_not_allowed', socket as Socket));
  // Whatever a client expects, it gets an answer with a request id, from the listener like everybody else.
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  await listening(server, options.port, host);

  const { port } = server.address() as AddressInfo;
  const authority = host.includes(':') ? `[${host}]` : host;
  return {
    url: `${options.tls ? 'https' : 'http'}://${authority}:${port}`,
    port,
    show: ({ key, cert }) => {
      if (server instanceof https.Server) server.setSecureContext({ key, cert, ...TLS });
    },
    draining: () => closing !== undefined,
    close() {
      closing ??= drain(server, connections, drainMs, limits.idleGraceMs);
      return closing;
    },
  };
}

const TLS = { minVersion: 'TLSv1.2' } as const;

type SniDone = (error: Error | null, context?: SecureContext) => void;

function createServer({ tls }: ServeOptions, limits: ServeLimits, listener: RequestListener): Server {
  const options: http.ServerOptions = {
    maxHeaderSize: limits.maxHeaderBytes,
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    keepAliveTimeout: limits.keepAliveMs,
    connectionsCheckingInterval: limits.checkMs,
    // Which of two lengths is meant must never be a question between two hops.
    insecureHTTPParser: false,
    // The edge looks at Host itself: node's own refusal would carry neither request id nor error body.
    requireHostHeader: false,
    noDelay: true,
  };
  if (tls === undefined) return http.createServer(options, listener);
  const { key, cert, byName } = tls;
  // Without a context the handshake goes on with what everybody is shown.
  const SNICallback = byName && ((name: string, done: SniDone) => done(null, byName(name)));
  return https.createServer(
    { ...options, ...TLS, key, cert, ...(SNICallback && { SNICallback }), handshakeTimeout: limits.headersMs },
    listener,
  );
}

function listening(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.removeListener('error', reject);
      resolve();
    });
  });
}

/** Rounds of the event loop in which connections that the kernel has taken before the stop are still accepted. */
const acceptRounds = 3;

async function drain(server: Server, connections: Connections, drainMs: number, idleGraceMs: number): Promise<void> {
  connections.drain();
  for (let round = 0; round < acceptRounds; round += 1) await new Promise((resolve) => setImmediate(resolve));
  // Not http's own close: that one cuts off idle connections at once, and with them requests that are on their way.
  const closed = new Promise<void>((resolve) => net.Server.prototype.close.call(server, () => resolve()));
  const grace = Math.min(idleGraceMs, drainMs);
  const idle = setInterval(() => connections.closeIdle(grace), Math.max(5, grace / 5));
  const deadline = setTimeout(() => connections.cutAll(), drainMs);
  await closed;
  // The server counts a connection as closed before those who wait for its end are told.
  await connections.gone();
  clearInterval(idle);
  clearTimeout(deadline);
}

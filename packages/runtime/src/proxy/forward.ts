import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { Hop } from '@arleo/core/errors';
import type { Reason } from '@arleo/core/reasons';
import type { RequestContext } from '../http/request-context.ts';
import { sendError } from '../http/respond.ts';
import { serverTiming } from '../http/server-timing.ts';
import { reasonOf } from './failure.ts';
import { passedRequestHeaders, passedResponseHeaders } from './headers.ts';
import { answerRefusedCredentials } from './upstream-auth.ts';

/** Time limits in milliseconds, and the largest request body in bytes. */
export interface ForwardLimits {
  connectMs: number;
  /** From the start of the call to the head of the answer. */
  firstByteMs: number;
  /** Between two chunks of the answer. */
  idleMs: number;
  /** The whole call. */
  callMs: number;
  maxBodyBytes: number;
}

/** No silent 30 seconds: see the limits of each phase. */
export const FORWARD_LIMITS: Readonly<ForwardLimits> = {
  connectMs: 2_000,
  firstByteMs: 10_000,
  idleMs: 30_000,
  callMs: 120_000,
  maxBodyBytes: 4 * 1024 * 1024,
};

/** What {@link createForwarder} needs. */
export interface ForwarderOptions {
  /** The hop that forwards; it is named in the errors that it makes. */
  hop: Hop;
  /** Where to: origin and path. */
  target: URL;
  /** Keep-alive agent of the target's protocol. */
  agent: http.Agent;
  limits?: Partial<ForwardLimits>;
  /** Changes the flat list of answer headers before it is sent; for example adds to `WWW-Authenticate`. */
  mapAnswerHeaders?: (status: number, headers: string[]) => string[];
  /** Is told of every call that this hop could not complete. */
  onFailure?: (reason: Reason, error: Error | undefined, context: RequestContext) => void;
}

/** Forwards one request; `headers` (flat, as in `rawHeaders`) are added to those that pass through. */
export type Forward = (
  request: IncomingMessage,
  response: ServerResponse,
  context: RequestContext,
  headers: readonly string[],
) => void;

/**
 * Streams requests to the next hop and answers back: bodies untouched, only the headers of the contract, event streams
 * flushed at once. Whatever fails before the answer has begun becomes an error body that names this hop; what fails
 * later breaks the client's connection, so that half an answer is never taken for a whole one. Nothing is ever sent
 * twice.
 */
export function createForwarder(options: ForwarderOptions): Forward {
  const settings: Settings = {
    ...options,
    limits: { ...FORWARD_LIMITS, ...options.limits },
    start: options.target.protocol === 'https:' ? https.request : http.request,
    request: {
      agent: options.agent,
      host: options.target.hostname.replace(/^\[|\]$/g, ''),
      port: options.target.port || (options.target.protocol === 'https:' ? 443 : 80),
      path: options.target.pathname + options.target.search,
    },
  };
  return (request, response, context, headers) => {
    // The client may have gone while its caller was being checked.
    if (response.destroyed) return;
    const length = Number(request.headers['content-length'] ?? -1);
    if (length > settings.limits.maxBodyBytes) {
      refuseBody(settings.hop, response, context);
      return;
    }
    new Call(settings, request, response, context, headers, length);
  };
}

interface Settings extends ForwarderOptions {
  limits: ForwardLimits;
  start: typeof http.request;
  request: http.RequestOptions;
}

function refuseBody(hop: Hop, response: ServerResponse, context: RequestContext): void {
  // The rest of the body is not read: the connection cannot be used again.
  response.shouldKeepAlive = false;
  sendError(response, hop, 'body_too_large', { requestId: context.requestId });
}

/** One forwarded request: a small state machine, since closures for each event would cost more than the work itself. */
class Call {
  readonly #settings: Settings;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #context: RequestContext;
  readonly #outgoing: http.ClientRequest;
  readonly #callEnds: number;
  #timer: NodeJS.Timeout;
  #connectTimer: NodeJS.Timeout | undefined;
  #received = 0;
  #answered = false;
  #done = false;

  constructor(
    settings: Settings,
    request: IncomingMessage,
    response: ServerResponse,
    context: RequestContext,
    headers: readonly string[],
    length: number,
  ) {
    this.#settings = settings;
    this.#request = request;
    this.#response = response;
    this.#context = context;
    this.#callEnds = performance.now() + settings.limits.callMs;
    this.#outgoing = settings.start({
      ...settings.request,
      method: request.method,
      headers: ['host', settings.target.host, ...passedRequestHeaders(request), ...headers] as never,
    });
    this.#outgoing
      .on('response', (answer) => this.#onAnswer(answer))
      .on('error', (error) => this.#fail(reasonOf(error), error))
      .once('socket', (socket) => {
        if (!socket.connecting) return;
        this.#connectTimer = setTimeout(() => this.#fail('connect_timeout'), settings.limits.connectMs);
        socket.once('connect', () => clearTimeout(this.#connectTimer));
      });
    this.#timer = setTimeout(() => this.#fail('first_byte_timeout'), settings.limits.firstByteMs);
    response.once('close', () => this.#onClientGone());
    this.#sendBody(length);
  }

  #sendBody(length: number): void {
    const request = this.#request;
    const outgoing = this.#outgoing;
    request.on('data', (chunk: Buffer) => {
      this.#received += chunk.length;
      if (this.#received > this.#settings.limits.maxBodyBytes) {
        this.#finish();
        outgoing.destroy();
        if (this.#response.headersSent) this.#response.destroy();
        else refuseBody(this.#settings.hop, this.#response, this.#context);
        return;
      }
      if (this.#received === length) outgoing.end(chunk);
      else if (!outgoing.write(chunk)) {
        request.pause();
        outgoing.once('drain', () => request.resume());
      }
    });
    request.once('end', () => {
      if (!outgoing.writableEnded) outgoing.end();
    });
  }

  #onAnswer(answer: IncomingMessage): void {
    if (this.#done) {
      answer.destroy();
      return;
    }
    const { hop, mapAnswerHeaders } = this.#settings;
    const status = answer.statusCode ?? 502;
    clearTimeout(this.#timer);
    if (status === 401) {
      this.#finish();
      answerRefusedCredentials(answer, this.#response, hop, this.#context);
      this.#settings.onFailure?.('upstream_auth', undefined, this.#context);
      return;
    }
    this.#answered = true;
    this.#timer = setTimeout(() => this.#onIdle(), this.#settings.limits.idleMs);
    let headers = passedResponseHeaders(answer);
    if (mapAnswerHeaders) headers = mapAnswerHeaders(status, headers);
    headers.push('X-Request-Id', this.#context.requestId);
    headers.push('Server-Timing', serverTiming(answer.headers['server-timing'], hop, this.#context.startedAt));
    const response = this.#response;
    response.writeHead(status, headers);
    if (answer.headers['content-length'] === undefined) response.flushHeaders();
    this.#passAnswer(answer);
  }

  #passAnswer(answer: IncomingMessage): void {
    const response = this.#response;
    const length = Number(answer.headers['content-length'] ?? -1);
    let sent = 0;
    answer.on('data', (chunk: Buffer) => {
      sent += chunk.length;
      if (sent === length) {
        response.end(chunk);
        return;
      }
      if (performance.now() > this.#callEnds) return this.#fail('call_timeout');
      this.#timer.refresh();
      if (!response.write(chunk)) {
        answer.pause();
        response.once('drain', () => answer.resume());
      }
    });
    answer.once('end', () => {
      this.#finish();
      if (!response.writableEnded) response.end();
    });
    answer.once('error', (error) => this.#fail(reasonOf(error), error));
  }

  #onIdle(): void {
    this.#fail(performance.now() > this.#callEnds ? 'call_timeout' : 'idle_timeout');
  }

  #onClientGone(): void {
    if (this.#done) return;
    this.#finish();
    if (!this.#response.writableFinished) this.#outgoing.destroy();
  }

  #finish(): void {
    this.#done = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#connectTimer);
  }

  #fail(reason: Reason, error?: Error): void {
    if (this.#done) return;
    this.#finish();
    this.#outgoing.destroy();
    this.#settings.onFailure?.(reason, error, this.#context);
    if (this.#answered) {
      this.#response.destroy();
      return;
    }
    if (!this.#request.complete) this.#response.shouldKeepAlive = false;
    sendError(this.#response, this.#settings.hop, reason, { requestId: this.#context.requestId });
  }
}

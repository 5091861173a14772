import http, { type ClientRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Reason } from '@arleo/core/reasons';
import { discardBody } from '../http/discard-body.ts';
import type { RequestContext } from '../http/request-context.ts';
import { sendError } from '../http/respond.ts';
import { breakOff } from './break-off.ts';
import type { Deadlines, Timed } from './deadlines.ts';
import { endWith } from './end-with.ts';
import { reasonOf } from './failure.ts';
import type { ForwarderOptions, ForwardLimits } from './forward.ts';
import { UNKNOWN_LENGTH } from './framing.ts';
import { answerHeaders, requestHeaders } from './headers.ts';
import { passAnswer } from './pass-answer.ts';
import { LATE, type Phase } from './phase.ts';
import { answerRefusedCredentials } from './upstream-auth.ts';

/** What all calls of a forwarder share. */
export interface CallSettings extends ForwarderOptions {
  limits: ForwardLimits;
  deadlines: Deadlines;
  protocol: string;
  host: string;
  port: number;
  /** Value of the Host header. */
  authority: string;
  path: string;
}

/**
 * A body up to this many bytes is read whole before the next hop is called: it then goes out together with the head in
 * one write, and a client that sends slowly occupies no connection of the next hop.
 */
const wholeBytes = 64 * 1024;

/** One forwarded request, from its body to the end of its answer. */
export class Call implements Timed {
  deadline = 0;
  readonly #settings: CallSettings;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  readonly #context: RequestContext;
  readonly #headers: readonly string[];
  readonly #ends: number;
  #phase: Phase = 'body';
  /** When the next hop was called, or was sent the last byte of a body that took its time. */
  #since = 0;
  #outgoing: ClientRequest | undefined;
  #bodySent = false;
  #answering = false;
  #done = false;

  constructor(
    settings: CallSettings,
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
    this.#headers = headers;
    this.#ends = performance.now() + settings.limits.callMs;
    this.#enter('body', settings.limits.idleMs);
    settings.deadlines.add(this);
    response.on('close', () => this.#clientGone());
    if (length === 0) this.#send(undefined);
    else if (length === UNKNOWN_LENGTH || length > wholeBytes) this.#streamBody();
    else this.#gatherBody(length);
  }

  /** @see {@link Timed} */
  expired(now: number): void {
    if (now >= this.#ends) this.#fail('call_timeout');
    else if (this.#phase === 'connect') this.#lookAtConnection(now);
    else this.#fail(LATE[this.#phase]);
  }

  /** Only the clock looks whether the connection is there: a listener for it would be a cost of every request. */
  #lookAtConnection(now: number): void {
    const { connectMs, firstByteMs, idleMs } = this.#settings.limits;
    const socket = this.#outgoing?.socket;
    if (socket != null && !socket.connecting) {
      if (this.#bodySent) this.#enter('answer', this.#since + firstByteMs - now);
      else this.#enter('body', idleMs);
    } else if (now - this.#since >= connectMs) this.#fail('connect_timeout');
    else this.#enter('connect', this.#since + connectMs - now);
  }

  #enter(phase: Phase, limitMs: number): void {
    this.#phase = phase;
    this.deadline = Math.min(performance.now() + limitMs, this.#ends);
  }

  #gatherBody(length: number): void {
    let first: Buffer | undefined;
    let rest: Buffer[] | undefined;
    let received = 0;
    this.#request.on('data', (chunk: Buffer) => {
      received += chunk.length;
      if (first === undefined) first = chunk;
      else {
        rest ??= [first];
        rest.push(chunk);
      }
      if (received === length && !this.#done) this.#send(rest === undefined ? first : Buffer.concat(rest, length));
      else this.#enter('body', this.#settings.limits.idleMs);
    });
  }

  #send(body: Buffer | undefined): void {
    const outgoing = this.#open();
    this.#bodySent = true;
    if (body === undefined) outgoing.end();
    else endWith(outgoing, body);
  }

  #streamBody(): void {
    const request = this.#request;
    const { maxBodyBytes, idleMs } = this.#settings.limits;
    const outgoing = this.#open();
    let received = 0;
    request.on('data', (chunk: Buffer) => {
      received += chunk.length;
      if (received > maxBodyBytes) {
        if (this.#answering) request.destroy();
        else this.#fail('body_too_large');
        return;
      }
      // After an early answer, or a failure, the rest is only read so that the client comes to read its answer.
      if (this.#done || outgoing.destroyed) return;
      if (this.#phase === 'body') this.#enter('body', idleMs);
      if (!outgoing.write(chunk)) {
        request.pause();
        outgoing.once('drain', () => request.resume());
      }
    });
    request.on('end', () => {
      if (this.#done || outgoing.destroyed) return;
      this.#bodySent = true;
      this.#since = performance.now();
      outgoing.end();
      if (this.#phase === 'body') this.#enter('answer', this.#settings.limits.firstByteMs);
    });
  }

  #open(): ClientRequest {
    const { protocol, host, port, path, agent, authority, limits } = this.#settings;
    this.#since = performance.now();
    this.#enter('connect', Math.min(limits.connectMs, limits.firstByteMs));
    const outgoing = http.request({
      protocol,
      host,
      port,
      path,
      agent,
      method: this.#request.method,
      headers: requestHeaders(this.#request, authority, this.#headers) as never,
    });
    this.#outgoing = outgoing;
    outgoing.on('response', (answer) => this.#answer(answer));
    outgoing.on('error', (error) => this.#upstreamFailed(error));
    return outgoing;
  }

  #answer(answer: IncomingMessage): void {
    if (this.#done) {
      answer.destroy();
      return;
    }
    const { hop, limits, mapAnswerHeaders, onFailure } = this.#settings;
    const status = answer.statusCode ?? 502;
    if (status === 401) {
      this.#finish();
      this.#context.failure = 'upstream_auth';
      onFailure?.('upstream_auth', undefined, this.#context);
      answerRefusedCredentials(answer, this.#response, hop, this.#context);
      this.#leaveBody();
      return;
    }
    this.#answering = true;
    this.#enter('stream', limits.idleMs);
    let headers = answerHeaders(answer, hop, this.#context);
    if (mapAnswerHeaders) headers = mapAnswerHeaders(status, headers);
    passAnswer(answer, this.#response, status, headers, this);
  }

  /** A chunk of the answer went to the client. */
  moved(): void {
    this.#enter('stream', this.#settings.limits.idleMs);
  }

  /** The client does not take more for now: that the next hop is silent is not its fault. */
  clientSlow(): void {
    this.#enter('client', this.#settings.limits.callMs);
  }

  /** The answer has gone to the client, whole. */
  completed(): void {
    this.#finish();
    this.#leaveBody();
  }

  /** The answer broke off. */
  broken(error: Error): void {
    this.#fail(reasonOf(error), error);
  }

  #upstreamFailed(error: Error): void {
    // Once the answer has begun, a body that is no longer taken is no failure; if the answer breaks too, it says so.
    if (this.#answering && !this.#bodySent) return;
    this.#fail(reasonOf(error), error);
  }

  #clientGone(): void {
    if (this.#done) return;
    this.#finish();
    if (!this.#response.writableFinished) this.#outgoing?.destroy();
  }

  /** A request that the next hop did not take whole leaves its connection in the middle of a message. */
  #leaveBody(): void {
    if (this.#bodySent) return;
    this.#outgoing?.destroy();
    discardBody(this.#request, this.#settings.limits.discardBytes);
  }

  #finish(): void {
    this.#done = true;
    this.#settings.deadlines.delete(this);
  }

  #fail(reason: Reason, error?: Error): void {
    if (this.#done) return;
    this.#finish();
    this.#outgoing?.destroy();
    this.#context.failure = reason;
    this.#settings.onFailure?.(reason, error, this.#context);
    const response = this.#response;
    if (response.headersSent) {
      breakOff(this.#request, response);
      return;
    }
    sendError(response, this.#settings.hop, reason, this.#context);
    this.#leaveBody();
  }
}

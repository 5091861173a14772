import type http from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Hop } from '@arleo/core/errors';
import type { Reason } from '@arleo/core/reasons';
import { discardBody } from '../http/discard-body.ts';
import type { RequestContext } from '../http/request-context.ts';
import { sendError } from '../http/respond.ts';
import { DEFAULT_MAX_BODY_BYTES } from '../limits/body-limit.ts';
import { Call, type CallSettings } from './call.ts';
import { createDeadlines } from './deadlines.ts';
import { bodyOf } from './framing.ts';

/** Time limits in milliseconds, and the largest request body in bytes. */
export interface ForwardLimits {
  /** From opening the connection until it is ready, TLS included; also the longest wait for a free one. */
  connectMs: number;
  /** From the last byte of the request to the head of the answer. */
  firstByteMs: number;
  /** Between two chunks of the answer, and between two chunks of the request's body. */
  idleMs: number;
  /** The whole call. */
  callMs: number;
  maxBodyBytes: number;
  /** As much of a refused body as is read so that its sender comes to read the answer; then the connection is cut. */
  discardBytes: number;
}

/** No silent 30 seconds: see the limits of each phase. */
export const FORWARD_LIMITS: Readonly<ForwardLimits> = {
  connectMs: 2_000,
  firstByteMs: 10_000,
  idleMs: 30_000,
  callMs: 120_000,
  maxBodyBytes: DEFAULT_MAX_BODY_BYTES,
  discardBytes: 64 * 1024 * 1024,
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
  /** Changes the flat list of answer headers (names in lower case) before it is sent; for example adds to `www-authenticate`. */
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

/** How late a time limit may be noticed, at most, in milliseconds. */
const maxTickMs = 250;

/**
 * Streams requests to the next hop and answers back: bodies untouched, only the headers of the contract, event streams
 * flushed at once. Whatever fails before the answer has begun becomes an error body that names this hop; what fails
 * later breaks the client's connection, so that half an answer is never taken for a whole one. Nothing is ever sent
 * twice.
 *
 * @throws TypeError for an agent of another protocol than the target's
 */
export function createForwarder(options: ForwarderOptions): Forward {
  const { hop, target, agent } = options;
  if ((agent as { protocol?: string }).protocol !== target.protocol) {
    throw new TypeError(`the agent does not speak ${target.protocol}`);
  }
  const limits = { ...FORWARD_LIMITS, ...options.limits };
  const shortest = Math.min(limits.connectMs, limits.firstByteMs, limits.idleMs, limits.callMs);
  const settings: CallSettings = {
    ...options,
    limits,
    deadlines: createDeadlines(Math.min(maxTickMs, Math.max(5, shortest / 8))),
    protocol: target.protocol,
    host: target.hostname.replace(/^\[|\]$/g, ''),
    port: Number(target.port) || (target.protocol === 'https:' ? 443 : 80),
    authority: target.host,
    path: target.pathname + target.search,
  };

  return (request, response, context, headers) => {
    // The client may have gone while its caller was being checked.
    if (response.destroyed) return;
    const body = bodyOf(request, limits.maxBodyBytes);
    if (typeof body === 'number') new Call(settings, request, response, context, headers, body);
    else refuse(body.reason, request, response, context, body.message, body.allow);
  };

  function refuse(
    reason: Reason,
    request: IncomingMessage,
    response: ServerResponse,
    { requestId, startedAt }: RequestContext,
    message: string | undefined,
    allow: string | undefined,
  ): void {
    const answer = (): void =>
      sendError(response, hop, reason, {
        requestId,
        startedAt,
        ...(message === undefined ? {} : { message }),
        ...(allow === undefined ? {} : { headers: { Allow: allow } }),
      });
    discardBody(request, limits.discardBytes);
    // A connection that ends with its answer would be reset under a client that still sends: it is heard out first.
    if (response.shouldKeepAlive || request.complete) answer();
    else request.once('end', answer);
  }
}

import type { IncomingMessage } from 'node:http';
import { REASONS } from '@arleo/core/reasons';
import { addressKey } from '@arleo/core/tokens/attempt-limiter';
import type { RequestContext } from '@arleo/runtime/http/request-context';
import { sendError } from '@arleo/runtime/http/respond';
import type { RequestHandler } from 'express';
import { rateLimit, type Store } from 'express-rate-limit';

/** What {@link limitPerAddress} may be given. */
export interface AddressLimitOptions {
  /** Where it is counted; in memory if absent. */
  store?: Store | undefined;
  /** Requests that succeed are not counted. */
  failuresOnly?: boolean;
  /** A minute if absent. */
  windowSeconds?: number;
}

/**
 * A limit of requests from one client address, with a bucket of its own: a browser that reads discovery documents does not
 * use up the attempts of a client that registers. Answers 429 with `Retry-After`.
 *
 * @param limit requests in a window
 */
export function limitPerAddress(
  limit: number,
  contextOf: (request: IncomingMessage) => RequestContext,
  { store, failuresOnly = false, windowSeconds = 60 }: AddressLimitOptions = {},
): RequestHandler {
  return rateLimit({
    windowMs: windowSeconds * 1000,
    limit,
    ...(store && { store }),
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    skipSuccessfulRequests: failuresOnly,
    keyGenerator: (request) => addressKey(contextOf(request).clientAddress),
    // Addresses come from our own edge, which knows the trusted proxies; Express's view of them is not used.
    validate: false,
    handler: (request, response) => {
      const { requestId } = contextOf(request);
      sendError(response, 'oauth-proxy', 'rate_limited', { requestId, message: REASONS.rate_limited.message });
    },
  });
}

import type { Reason } from '@arleo/core/reasons';

/** What the edge knows of a request before anybody looks inside. */
export interface RequestContext {
  /** The value of `X-Request-Id`, the same through all hops. */
  requestId: string;
  /** `performance.now()` when the request arrived. */
  startedAt: number;
  /** The client's address, see `client-address.ts`. */
  clientAddress: string;
  /** The request's path in its one spelling, see `request-target.ts`; empty if it has none. */
  path: string;
  /** Why this hop could not complete the call; set by the part that failed, for the record that is made at its end. */
  failure?: Reason;
}

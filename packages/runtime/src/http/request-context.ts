/** What the edge knows of a request before anybody looks inside. */
export interface RequestContext {
  /** The value of `X-Request-Id`, the same through all hops. */
  requestId: string;
  /** `performance.now()` when the request arrived. */
  startedAt: number;
  /** The client's address, see `client-address.ts`. */
  clientAddress: string;
}

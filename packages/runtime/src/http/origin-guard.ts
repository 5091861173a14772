import type { IncomingMessage } from 'node:http';
import type { Reason } from '@arleo/core/reasons';

/** Whose requests are answered at all. */
export interface OriginGuardOptions {
  /** Authorities (`host` or `host:port`) that the Host header may have; undefined allows all (no browser gets there). */
  hosts?: ReadonlySet<string> | undefined;
  /** Origins that a request may carry; a request without `Origin` always passes. */
  origins: ReadonlySet<string>;
}

/**
 * `bad_host` for a request that names another server: a page that rebinds its own name to our address sends one.
 */
export function refusedHost(request: IncomingMessage, { hosts }: OriginGuardOptions): Reason | undefined {
  return hosts === undefined || hosts.has((request.headers.host ?? '').toLowerCase()) ? undefined : 'bad_host';
}

/**
 * `bad_origin` for a request that a foreign page sent. Programs send no `Origin` and pass.
 *
 * @see [MCP, transports: security](https://modelcontextprotocol.io/specification/2025-11-25/basic/transports)
 */
export function refusedOrigin(request: IncomingMessage, { origins }: OriginGuardOptions): Reason | undefined {
  const { origin } = request.headers;
  return origin === undefined || origins.has(origin) ? undefined : 'bad_origin';
}

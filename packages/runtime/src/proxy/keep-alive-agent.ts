import http from 'node:http';

/**
 * Milliseconds after which an unused connection to the next hop is closed: well before any server of ours closes it
 * (75 s), since a request that meets a closing connection is lost, and is never sent twice.
 */
export const UNUSED_CONNECTION_MS = 30_000;

/** Connections to the next hop at most: as many as a server of ours accepts, so that no request has to queue for one. */
export const MAX_CONNECTIONS = 1024;

/** A keep-alive agent for plain HTTP to one next hop; the connection used last is used first, so that the others fall idle. */
export function createKeepAliveAgent({ unusedMs = UNUSED_CONNECTION_MS } = {}): http.Agent {
  return new http.Agent({
    keepAlive: true,
    maxSockets: MAX_CONNECTIONS,
    maxFreeSockets: MAX_CONNECTIONS,
    scheduling: 'lifo',
    timeout: unusedMs,
  });
}

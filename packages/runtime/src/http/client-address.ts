import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import proxyaddr from 'proxy-addr';

/** Gives the address of the client that a request really comes from. */
export type ClientAddress = (request: IncomingMessage) => string;

/**
 * Reads the client's address: the peer's own, or, when the peer is trusted, what it says in `X-Forwarded-For` (the
 * nearest address that is not trusted). Anybody else's word is not taken, and what is no address is not believed.
 *
 * @param trusted addresses, CIDR ranges or the names `loopback`, `linklocal`, `uniquelocal`; empty trusts nobody
 * @throws TypeError for something that is no address
 */
export function openClientAddress(trusted: readonly string[]): ClientAddress {
  if (trusted.length === 0) return (request) => request.socket.remoteAddress ?? '';
  const trust = proxyaddr.compile([...trusted]);
  return (request) => {
    const peer = request.socket.remoteAddress ?? '';
    if (request.headers['x-forwarded-for'] === undefined) return peer;
    const address = proxyaddr(request, trust);
    return isIP(address) ? address : peer;
  };
}

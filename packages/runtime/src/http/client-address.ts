import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import proxyaddr from 'proxy-addr';

/** Gives the address of the client that a request really comes from. */
export type ClientAddress = (request: IncomingMessage) => string;

/**
 * Reads the client's address: the peer's own, or, when the peer is trusted, what it says in `X-Forwarded-For` (the
 * nearest address that is not trusted). Where all of them are trusted, the farthest is a proxy too, such as Cloudflare or its
 * tunnel: then its `CF-Connecting-IP` is taken, which the others pass on. Anybody else's word is not taken, and what is no
 * address is not believed.
 *
 * @param trusted addresses, CIDR ranges or the names `loopback`, `linklocal`, `uniquelocal`; empty trusts nobody
 * @throws TypeError for something that is no address
 */
export function openClientAddress(trusted: readonly string[]): ClientAddress {
  if (trusted.length === 0) return (request) => request.socket.remoteAddress ?? '';
  const trust = proxyaddr.compile([...trusted]);
  return (request) => {
    const peer = request.socket.remoteAddress ?? '';
    const { 'x-forwarded-for': forwarded, 'cf-connecting-ip': connecting } = request.headers;
    if (forwarded === undefined && connecting === undefined) return peer;
    const address = proxyaddr(request, trust);
    if (!isIP(address)) return peer;
    return typeof connecting === 'string' && isIP(connecting) && trust(address, 0) ? connecting : address;
  };
}

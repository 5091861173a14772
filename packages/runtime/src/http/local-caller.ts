import type { IncomingMessage } from 'node:http';
import type { RequestContext } from './request-context.ts';

/**
 * True for a caller on this host. A proxy on this host is one, too, so that what it forwards must be told apart, even
 * where nobody has configured it as trusted.
 */
export function isLocalCaller({ headers, socket }: IncomingMessage, { clientAddress }: RequestContext): boolean {
  // A service may listen on another address of its host than loopback: a call from that very address comes from there, too.
  const own = clientAddress === socket.remoteAddress && clientAddress === socket.localAddress;
  if (!own && clientAddress !== '::1' && !/^(::ffff:)?127\./.test(clientAddress)) return false;
  return !forwardingHeaders.some((name) => headers[name] !== undefined);
}

const forwardingHeaders = ['x-forwarded-for', 'forwarded', 'x-real-ip', 'cf-connecting-ip', 'via'];

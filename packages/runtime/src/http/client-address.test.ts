import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { openClientAddress } from './client-address.ts';

function request(peer: string, forwardedFor?: string): IncomingMessage {
  const socket = Object.defineProperty(new Socket(), 'remoteAddress', { value: peer });
  const incoming = new IncomingMessage(socket);
  if (forwardedFor !== undefined) incoming.headers['x-forwarded-for'] = forwardedFor;
  return incoming;
}

const behindNginx = openClientAddress(['loopback']);

it.each([
  ['the peer itself', '203.0.113.9', undefined, '203.0.113.9'],
  ['what a trusted proxy saw', '127.0.0.1', '203.0.113.9', '203.0.113.9'],
  ['the nearest that is not trusted', '127.0.0.1', '198.51.100.1, 203.0.113.9, 127.0.0.1', '203.0.113.9'],
  ['the peer, when it is not trusted', '203.0.113.9', '198.51.100.1', '203.0.113.9'],
  ['the peer, when there is no address', '127.0.0.1', 'unknown', '127.0.0.1'],
  ['the peer, when there is something else', '127.0.0.1', '<script>, 127.0.0.1', '127.0.0.1'],
])('is %s', (_, peer, forwardedFor, address) => {
  expect(behindNginx(request(peer, forwardedFor))).toBe(address);
});

it('is the peer for everybody when nobody is trusted', () => {
  expect(openClientAddress([])(request('127.0.0.1', '203.0.113.9'))).toBe('127.0.0.1');
});

it('refuses to trust what is no address', () => {
  expect(() => openClientAddress(['nginx'])).toThrow(TypeError);
});

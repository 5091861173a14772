import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { openClientAddress } from './client-address.ts';

function request(peer: string, forwardedFor?: string, connecting?: string): IncomingMessage {
  const socket = Object.defineProperty(new Socket(), 'remoteAddress', { value: peer });
  const incoming = new IncomingMessage(socket);
  if (forwardedFor !== undefined) incoming.headers['x-forwarded-for'] = forwardedFor;
  if (connecting !== undefined) incoming.headers['cf-connecting-ip'] = connecting;
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

const behindCloudflare = openClientAddress(['loopback', '162.158.0.0/15']);

it.each([
  ['what Cloudflare says behind nginx, which saw Cloudflare', '127.0.0.1', '162.158.1.1', '203.0.113.9', '203.0.113.9'],
  ['what a tunnel on this host says', '127.0.0.1', '127.0.0.1', '203.0.113.9', '203.0.113.9'],
  ['the same without another proxy', '162.158.1.1', undefined, '203.0.113.9', '203.0.113.9'],
  ['of version 6', '127.0.0.1', '162.158.1.1', '2001:db8::9', '2001:db8::9'],
  ['what nginx saw, when somebody else says that', '127.0.0.1', '203.0.113.9', '198.51.100.1', '203.0.113.9'],
  ['the peer, when it says that itself', '203.0.113.9', undefined, '198.51.100.1', '203.0.113.9'],
  ['the peer, when it claims to come from Cloudflare', '203.0.113.9', '162.158.1.1', '198.51.100.1', '203.0.113.9'],
  [
    'what nginx saw, when a client wrote the begin of the list',
    '127.0.0.1',
    '162.158.1.1, 203.0.113.9',
    '198.51.100.1',
    '203.0.113.9',
  ],
  ['Cloudflare, when it says no address', '127.0.0.1', '162.158.1.1', 'unknown', '162.158.1.1'],
  ['Cloudflare, when two are said', '127.0.0.1', '162.158.1.1', '203.0.113.9, 203.0.113.8', '162.158.1.1'],
  ['the peer, when the list is none', '127.0.0.1', 'unknown', '203.0.113.9', '127.0.0.1'],
])('is %s', (_, peer, forwardedFor, connecting, address) => {
  expect(behindCloudflare(request(peer, forwardedFor, connecting))).toBe(address);
});

it('is not what a client says to nginx where Cloudflare is not trusted', () => {
  expect(behindNginx(request('127.0.0.1', '162.158.1.1', '198.51.100.1'))).toBe('162.158.1.1');
});

it('is the peer for everybody when nobody is trusted', () => {
  expect(openClientAddress([])(request('127.0.0.1', '203.0.113.9'))).toBe('127.0.0.1');
  expect(openClientAddress([])(request('127.0.0.1', undefined, '203.0.113.9'))).toBe('127.0.0.1');
});

it('refuses to trust what is no address', () => {
  expect(() => openClientAddress(['nginx'])).toThrow(TypeError);
});

import type { IncomingMessage } from 'node:http';
import { isLocalCaller } from './local-caller.ts';
import type { RequestContext } from './request-context.ts';

const caller = (
  clientAddress: string,
  { remoteAddress = clientAddress, localAddress = '192.168.122.69', headers = {} } = {},
): boolean =>
  isLocalCaller(
    { headers, socket: { remoteAddress, localAddress } } as unknown as IncomingMessage,
    { clientAddress } as RequestContext,
  );

test.each(['127.0.0.1', '127.9.9.9', '::1', '::ffff:127.0.0.1'])('%s is on this host', (address) => {
  expect(caller(address)).toBe(true);
});

test('so is the address that was called itself, and no other of the network', () => {
  expect(caller('192.168.122.69')).toBe(true);
  expect(caller('192.168.122.1')).toBe(false);
});

test('an address that a proxy only tells of is not', () => {
  expect(caller('192.168.122.69', { remoteAddress: '192.168.122.1' })).toBe(false);
  for (const name of ['x-forwarded-for', 'forwarded', 'x-real-ip', 'cf-connecting-ip', 'via'])
    expect(caller('192.168.122.69', { headers: { [name]: 'x' } })).toBe(false);
});

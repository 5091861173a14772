import fc from 'fast-check';
import { addressKey, createAttemptLimiter } from './attempt-limiter.ts';

const options = { attempts: 3, windowMs: 60_000, maxAddresses: 100 };

test('so many attempts per window and address, then the time to wait, then anew', () => {
  const limiter = createAttemptLimiter(options);
  for (let i = 0; i < 3; i += 1) expect(limiter.take('a', 1000)).toBeUndefined();
  expect(limiter.take('a', 1000)).toBe(60);
  expect(limiter.take('a', 60_500)).toBe(1);
  expect(limiter.take('b', 1000)).toBeUndefined();
  expect(limiter.take('a', 61_000)).toBeUndefined();
});

test('an attempt given back does not count', () => {
  const limiter = createAttemptLimiter(options);
  for (let i = 0; i < 10; i += 1) {
    expect(limiter.take('a', 0)).toBeUndefined();
    limiter.giveBack('a', 0);
  }
  limiter.giveBack('a', 0);
  for (let i = 0; i < 3; i += 1) expect(limiter.take('a', 0)).toBeUndefined();
  expect(limiter.take('a', 0)).toBeDefined();
});

test('a clock that goes back does not lock an address out', () => {
  const limiter = createAttemptLimiter(options);
  for (let i = 0; i < 4; i += 1) limiter.take('a', 1e9);
  expect(limiter.take('a', 0)).toBeUndefined();
});

test('the number of addresses is bounded, and the oldest go first', () => {
  const limiter = createAttemptLimiter(options);
  for (let i = 0; i < 4; i += 1) limiter.take('first', 0);
  for (let i = 0; i < 99; i += 1) limiter.take(`x${i}`, 0);
  expect(limiter.take('first', 0)).toBeDefined();
  limiter.take('one more', 0);
  expect(limiter.take('first', 0)).toBeUndefined();
});

test.each([
  ['203.0.113.9', '203.0.113.9'],
  ['::ffff:203.0.113.9', '203.0.113.9'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:0DB8:1:2::', '2001:db8:1:2'],
  ['2001:db8::6', '2001:db8:0:0'],
  ['::1', '0:0:0:0'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
  ['64:ff9b::192.0.2.1', '64:ff9b:0:0'],
  ['unknown', 'unknown'],
  ['', ''],
])('%s counts as %s', (address, key) => {
  expect(addressKey(address)).toBe(key);
});

test('all addresses of one /64 count as one, of two as two', () => {
  const group = fc.nat(0xffff).map((n) => n.toString(16));
  const groups = (n: number) => fc.array(group, { minLength: n, maxLength: n });
  fc.assert(
    fc.property(groups(4), groups(4), groups(4), (network, hostA, hostB) => {
      expect(addressKey([...network, ...hostA].join(':'))).toBe(addressKey([...network, ...hostB].join(':')));
      expect(addressKey([...network, ...hostA].join(':'))).toBe(network.join(':'));
    }),
  );
});

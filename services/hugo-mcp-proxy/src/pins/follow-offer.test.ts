import { X509Certificate } from 'node:crypto';
import { certificateSha256 } from '@arleo/core/certificates/certificate';
import { makeIdentity } from '@arleo/core/certificates/make-identity';
import type { Pins } from '@arleo/core/certificates/pin-state';
import { followOffer, type Offer } from './follow-offer.ts';

const DAY_MS = 24 * 3600 * 1000;
const now = Date.now();
/** Each ends a day later than the one before. */
let first: string;
let second: string;
let third: string;
beforeAll(async () => {
  const made = [1, 2, 3].map(async (days) => {
    const wish = { names: ['IP:192.168.122.69'], from: now - DAY_MS, to: now + days * DAY_MS };
    return new X509Certificate((await makeIdentity(wish)).certificate).toString();
  });
  [first = '', second = '', third = ''] = await Promise.all(made);
});

const follow = (held: Pins, offer: Offer, by: string, host = '192.168.122.69') =>
  followOffer(held, offer, { by: certificateSha256(by), host, now });

test('a change in its four steps', () => {
  const begun = follow({ present: first, next: null }, { present: first, next: second }, first);
  expect(begun).toEqual({ present: first, next: second });
  expect(follow(begun, { present: first, next: second }, second)).toBe(begun);
  // In force, yet told over a connection by the old one.
  expect(follow(begun, { present: second, next: null }, first)).toBe(begun);
  expect(follow(begun, { present: second, next: null }, second)).toEqual({ present: second, next: null });
});

test('nothing changes while nothing is offered', () => {
  const held = { present: first, next: null };
  expect(follow(held, { present: first, next: null }, first)).toBe(held);
});

test('a next one that is offered no more, or another in its place, is not waited for', () => {
  const held = { present: first, next: second };
  expect(follow(held, { present: first, next: null }, second)).toEqual({ present: first, next: null });
  expect(follow(held, { present: first, next: third }, first)).toEqual({ present: first, next: third });
});

test('one that came into force unseen is pinned beside the old one, and takes its place when it was seen in use', () => {
  const held = follow({ present: first, next: null }, { present: second, next: null }, first);
  expect(held).toEqual({ present: first, next: second });
  expect(follow(held, { present: second, next: null }, second)).toEqual({ present: second, next: null });
});

test('the change after that may have begun already', () => {
  const held = { present: first, next: second };
  expect(follow(held, { present: second, next: third }, second)).toEqual({ present: second, next: third });
});

test.each<[string, () => Offer]>([
  ['as the next one', () => ({ present: second, next: first })],
  ['as the one in force', () => ({ present: first, next: null })],
])('one that was dropped does not come back %s', (_, offer) => {
  const held = { present: second, next: null };
  expect(() => follow(held, offer(), second)).toThrow(expect.objectContaining({ code: 'next_certificate_refused' }));
});

test('what cannot do the work is refused', () => {
  const held = { present: first, next: null };
  expect(() => follow(held, { present: first, next: second }, first, '192.168.122.70')).toThrow(/address/);
  expect(() => follow(held, { present: first, next: 'nonsense' }, first)).toThrow(
    expect.objectContaining({ code: 'certificate_invalid' }),
  );
  expect(() => follow(held, { present: '', next: null }, first)).toThrow(
    expect.objectContaining({ code: 'certificate_invalid' }),
  );
});

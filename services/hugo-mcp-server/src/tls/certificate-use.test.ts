import { MAX_CLIENTS } from '@arleo/core/certificates/renewal-state';
import { createCertificateUse } from './certificate-use.ts';

const [old, next] = ['a'.repeat(64), 'b'.repeat(64)];
const HOUR_MS = 3_600_000;
const at = (hours: number) => hours * HOUR_MS;
const iso = (hours: number) => new Date(at(hours)).toISOString();

test('a certificate is in use once every caller has come by it, and no more when one goes back', () => {
  const use = createCertificateUse([], 0);
  expect(use.inUseSince(next, at(0))).toBeNull();
  expect(use.called({ address: 'one', by: old, now: at(1) })).toBe(true);
  expect(use.called({ address: 'two', by: old, now: at(1) })).toBe(true);
  expect(use.called({ address: 'one', by: next, now: at(2) })).toBe(true);
  expect(use.called({ address: 'one', by: next, now: at(3) })).toBe(false);
  expect(use.inUseSince(next, at(3))).toBeNull();
  use.called({ address: 'two', by: next, now: at(4) });
  expect(use.inUseSince(next, at(5))).toBe(iso(4));
  use.called({ address: 'one', by: old, now: at(6) });
  expect(use.inUseSince(next, at(6))).toBeNull();
});

test('who has not called for a day is not waited for, and who was known before a restart is', () => {
  const use = createCertificateUse([{ address: 'gone', by: old, pins: [], since: iso(0) }], at(0));
  use.called({ address: 'one', by: next, now: at(1) });
  expect(use.inUseSince(next, at(23))).toBeNull();
  expect(use.inUseSince(next, at(24))).toBe(iso(1));
});

test('what a caller has pinned is kept until it says something else', () => {
  const use = createCertificateUse([], 0);
  use.called({ address: 'one', by: old, pins: [old, next], now: at(1) });
  expect(use.called({ address: 'one', by: old, now: at(2) })).toBe(false);
  expect(use.clients()).toEqual([{ address: 'one', by: old, pins: [old, next], since: iso(1) }]);
  expect(use.called({ address: 'one', by: old, pins: [next], now: at(3) })).toBe(true);
  expect(use.clients()[0]?.pins).toEqual([next]);
});

test('it remembers so many callers and forgets who has called longest ago', () => {
  const use = createCertificateUse([], 0);
  use.called({ address: 'first', by: old, now: 0 });
  for (let count = 1; count < MAX_CLIENTS; count += 1) use.called({ address: `${count}`, by: old, now: count });
  use.called({ address: 'first', by: old, now: MAX_CLIENTS });
  use.called({ address: 'another', by: old, now: MAX_CLIENTS + 1 });
  const addresses = use.clients().map(({ address }) => address);
  expect(addresses).toHaveLength(MAX_CLIENTS);
  expect(addresses).toEqual(expect.arrayContaining(['first', 'another']));
  expect(addresses).not.toContain('1');
});

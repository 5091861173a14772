import { makeIdentity } from '@arleo/core/certificates/make-identity';
import { expiryNotice } from './expiry-notice.ts';

const DAY_MS = 24 * 3600 * 1000;
const end = Math.ceil(Date.now() / 1000) * 1000 + 100 * DAY_MS;
const made = () => makeIdentity({ names: ['IP:127.0.0.1'], from: end - 300 * DAY_MS, to: end });

test.each([
  [30, undefined],
  [29, undefined],
  [28.9, { reason: 'renewal_missing', level: 'warn', days: 28 }],
  [7, { reason: 'renewal_missing', level: 'warn', days: 7 }],
  [6.9, { reason: 'renewal_missing', level: 'error', days: 6 }],
  [-1, { reason: 'certificate_expired', level: 'error', days: -1 }],
])('%d days before the end', async (days, told) => {
  const notice = expiryNotice({ present: await made() }, end - days * DAY_MS);
  expect(notice).toEqual(told && { ...told, notAfter: new Date(end).toISOString() });
});

test('a next certificate that nobody uses is another trouble', async () => {
  const identities = { present: await made(), next: await made() };
  expect(expiryNotice(identities, end - 10 * DAY_MS)).toMatchObject({ reason: 'renewal_not_in_use' });
});

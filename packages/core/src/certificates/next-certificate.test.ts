import { generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import { makeIdentity } from './make-identity.ts';
import { takeNextCertificate } from './next-certificate.ts';

const DAY_MS = 24 * 3600 * 1000;
const now = Date.now();
const make = async (wish: Partial<Parameters<typeof makeIdentity>[0]> = {}) =>
  (await makeIdentity({ names: ['IP:127.0.0.1', 'DNS:localhost'], from: now - DAY_MS, to: now + 9 * DAY_MS, ...wish }))
    .certificate;

let pinned: X509Certificate;
beforeAll(async () => {
  pinned = new X509Certificate(await make({ to: now + 5 * DAY_MS }));
});
const take = (offered: string, host = '127.0.0.1') => takeNextCertificate(offered, { pinned, host, now });

test('one of the same kind that ends later is taken, by address and by name', async () => {
  const next = await make();
  expect(take(next).raw).toEqual(new X509Certificate(next).raw);
  expect(take(`${next.replaceAll('\n', '\r\n')}\n`, 'localhost').raw).toEqual(new X509Certificate(next).raw);
});

test.each<[string, () => Promise<string>, RegExp]>([
  ['ends with the pinned one', () => make({ to: Date.parse(pinned.validTo) }), /does not end later/],
  ['ends before it, as every one that was dropped', () => make({ to: now + DAY_MS }), /does not end later/],
  ['is the pinned one', async () => pinned.toString(), /does not end later/],
  ['is not valid yet', () => make({ from: now + DAY_MS }), /is not in time/],
  ['is made for another address', () => make({ names: ['IP:127.0.0.2'] }), /is not made for the address/],
  ['names no address, but a host', () => make({ names: ['DNS:hugo-mcp.internal'] }), /is not made for the address/],
  [
    'has an RSA key',
    () => make({ key: pem(generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey) }),
    /has no key on EC P-256/,
  ],
  [
    'has a key on another curve',
    () => make({ key: pem(generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey) }),
    /has no key on EC P-256/,
  ],
])('one that %s is refused', async (_, offered, message) => {
  const certificate = await offered();
  expect(() => take(certificate)).toThrow(
    expect.objectContaining({ code: 'next_certificate_refused', message: expect.stringMatching(message) }),
  );
});

test('the name of a host counts as an alternative name alone', async () => {
  const next = await make({ names: ['IP:127.0.0.1'] });
  expect(() => take(next, 'hugo-mcp.internal')).toThrow(/is not made for the address/);
});

test.each<[string, (good: string) => string]>([
  ['nothing', () => ''],
  ['two certificates', (good) => good + good],
  ['a certificate and a text', (good) => `${good}and more`],
  ['a text before it', (good) => `hello\n${good}`],
  ['a private key', () => pem(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)],
  ['one that is cut short', (good) => good.replace(/\n.*\n-----END/, '\n-----END')],
  ['far too much', (good) => good.replace('-----END', `${'\n'.repeat(10_000)}-----END`)],
])('%s is not one certificate', async (_, spoil) => {
  const offered = spoil(await make());
  expect(() => take(offered)).toThrow(expect.objectContaining({ code: 'certificate_invalid' }));
});

function pem(key: KeyObject): string {
  return key.export({ type: 'pkcs8', format: 'pem' }).toString();
}

import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { keepCertificate } from './certificate.ts';

let folder: string;
let key: string;
let cert: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'arleo-cert-'));
  key = path.join(folder, 'server.key');
  cert = path.join(folder, 'server.crt');
});
afterEach(() => rm(folder, { recursive: true }));

test('makes an EC P-256 certificate for loopback, and keeps it', async () => {
  expect(await keepCertificate(key, cert)).toBe('created');
  const made = new X509Certificate(await readFile(cert));
  expect(made.subjectAltName).toBe(
    'DNS:hugo-mcp.internal, DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1',
  );
  expect(made.publicKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
  expect((await stat(key)).mode & 0o777).toBe(0o600);
  const before = await readFile(cert, 'utf8');
  expect(await keepCertificate(key, cert)).toBe('kept');
  expect(await readFile(cert, 'utf8')).toBe(before);
});

test('completes a key that has no certificate yet', async () => {
  await keepCertificate(key, cert);
  const before = await readFile(key, 'utf8');
  await rm(cert);
  expect(await keepCertificate(key, cert)).toBe('created');
  expect(await readFile(key, 'utf8')).toBe(before);
});

test('renews in the last week, with the same key', async () => {
  await keepCertificate(key, cert);
  const before = await readFile(key, 'utf8');
  expect(await keepCertificate(key, cert, Date.now() + 360 * 24 * 3600 * 1000)).toBe('renewed');
  expect(await readFile(key, 'utf8')).toBe(before);
});

test('refuses a certificate of another key, and a key that is cut short', async () => {
  await keepCertificate(key, cert);
  const other = path.join(folder, 'other.key');
  await keepCertificate(other, path.join(folder, 'other.crt'));
  await expect(keepCertificate(other, cert)).rejects.toMatchObject({ code: 'state_damaged' });
  await writeFile(key, (await readFile(key, 'utf8')).slice(0, 60));
  await expect(keepCertificate(key, cert)).rejects.toMatchObject({ code: 'state_damaged' });
});

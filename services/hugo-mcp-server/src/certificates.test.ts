import { X509Certificate } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:tls';
import { certificateServerName, certificateSha256 } from '@arleo/core/certificates/certificate';
import { beginRenewal, createIdentity, finishRenewal } from '@arleo/core/certificates/change-identity';
import { type IdentityFiles, identityFiles } from '@arleo/core/certificates/identity-files';
import { makeIdentity } from '@arleo/core/certificates/make-identity';
import { readRenewalState } from '@arleo/core/certificates/renewal-state';
import { startService, type TestService } from './testing/service-fixture.ts';

const DAY_MS = 24 * 3600 * 1000;
let service: TestService;
let files: IdentityFiles;
let first: string;
beforeAll(async () => {
  service = await startService();
  const { TLS_KEY_FILE: key = '', TLS_CERT_FILE: certificate = '' } = service.environment;
  files = identityFiles({ key, certificate });
  first = certificateSha256(service.cert);
});
afterAll(() => service?.dispose());

const ask = (headers: Record<string, string | undefined> = {}, method = 'GET') =>
  service.send({ path: '/internal/certificates', method, headers: { 'arleo-actor': undefined, ...headers } });
const unknown = { authorization: undefined };
const until = async (holds: () => Promise<boolean>): Promise<void> => {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
};
const offered = async () => (await ask(unknown)).json as { present: string; next: string | null };
const events = async () =>
  (await service.audit())
    .filter(({ event_type }) => event_type.startsWith('certificate.'))
    .map(({ event_type, resource }) => [event_type, resource]);
const state = () => readRenewalState(service.environment.STATE_DIR ?? '');

/** SHA-256 of what a client is shown that names this server. */
function shown(servername?: string): Promise<string> {
  const { port } = new URL(service.url);
  return new Promise((resolve, reject) => {
    const socket = connect({
      port: Number(port),
      host: '127.0.0.1',
      rejectUnauthorized: false,
      ...(servername && { servername }),
    });
    socket.once('error', reject).once('secureConnect', () => {
      const certificate = socket.getPeerX509Certificate();
      socket.destroy();
      resolve(certificate ? certificateSha256(certificate) : '');
    });
  });
}

test('everybody may know the certificate; who says what is pinned needs a token', async () => {
  expect(await offered()).toEqual({ present: service.cert, next: null });
  expect(await ask(unknown)).toMatchObject({ status: 200, headers: { 'cache-control': 'no-store' } });
  // Written behind the start.
  await until(async () => (await state()) !== undefined);
  expect((await state())?.clients).toEqual([]);
  expect((await ask({ 'arleo-pins': first })).status).toBe(200);
  await until(async () => (await state())?.clients.length === 1);
  expect((await state())?.clients).toEqual([
    { address: '127.0.0.1', by: first, pins: [first], since: expect.stringMatching(/Z$/) },
  ]);
});

test.each<[string, Record<string, string | undefined>, string, number]>([
  ['a wrong token', { authorization: `Bearer hmcp_${'0'.repeat(16)}_${'0'.repeat(64)}` }, 'GET', 401],
  ['pins that are none', { 'arleo-pins': 'all' }, 'GET', 400],
  ['too many pins', { 'arleo-pins': Array(5).fill('a'.repeat(64)).join() }, 'GET', 400],
  ['another method', {}, 'POST', 405],
])('%s: refused', async (_, headers, method, status) => {
  expect((await ask(headers, method)).status).toBe(status);
});

test('a next pair is offered, shown to who asks for it, and in force when its files are', async () => {
  const { next } = await beginRenewal(files, { now: Date.now() });
  const sha256 = certificateSha256(next?.certificate ?? '');
  await until(async () => (await offered()).next === next?.certificate);
  expect([await shown(), await shown('localhost'), await shown(certificateServerName(sha256))]).toEqual([
    first,
    first,
    sha256,
  ]);
  // Whoever has no token says nothing by the certificate that it asks for.
  expect((await state())?.next_in_use_since).toBeNull();

  expect(await finishRenewal(files, sha256)).toBe(true);
  await until(async () => (await shown()) === sha256);
  expect(await offered()).toEqual({ present: next?.certificate, next: null });
  await until(async () => (await events()).length === 2);
  expect(await events()).toEqual([
    ['certificate.offered', sha256],
    ['certificate.changed', sha256],
  ]);
});

test.each<[string, () => Promise<void>]>([
  ['a next certificate without its key', () => rm(files.nextKey)],
  ['a next key of another pair', async () => writeFile(files.nextKey, await readFile(files.key, 'utf8'))],
  ['a next certificate that is none', () => writeFile(files.nextCertificate, 'nonsense')],
])('%s is not offered, and the one in force stays', async (_, spoil) => {
  await beginRenewal(files, { now: Date.now() });
  await until(async () => (await offered()).next !== null);
  const before = await shown();
  await spoil();
  await until(async () => (await offered()).next === null);
  expect(await shown()).toBe(before);
  await rm(files.nextCertificate);
});

test('files that are damaged change nothing while it runs', async () => {
  const before = await offered();
  await rename(files.key, `${files.key}.kept`);
  await writeFile(files.key, 'nonsense');
  await until(async () => (await events()).some(([type]) => type === 'certificate.unusable'));
  expect(await offered()).toEqual(before);
  await rename(`${files.key}.kept`, files.key);
});

test('it starts with what an interrupted change has left, and says every day that one is not renewed', async () => {
  for (const file of [files.key, files.certificate]) await rm(file);
  const due = await makeIdentity({
    names: ['IP:127.0.0.1'],
    from: Date.now() - 300 * DAY_MS,
    to: Date.now() + 5 * DAY_MS,
  });
  await writeFile(files.key, due.key);
  await writeFile(files.certificate, due.certificate);
  await service.restart();
  await until(async () => (await events()).some(([type]) => type === 'certificate.expiring'));
  const expiring = (await service.audit()).filter(({ event_type }) => event_type === 'certificate.expiring');
  expect(expiring).toMatchObject([
    { result: 'failure', reason: 'renewal_missing', level: 'error', details: { days: 4 } },
  ]);
  expect((await createIdentity(files, { now: Date.now() })).state).toBe('kept');
  const { next } = await beginRenewal(files, { now: Date.now() });
  await rename(files.nextKey, files.key);
  await service.restart();
  expect(await shown()).toBe(certificateSha256(new X509Certificate(next?.certificate ?? '')));
});

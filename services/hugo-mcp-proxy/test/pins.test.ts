import { X509Certificate } from 'node:crypto';
import { access, mkdtemp } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import path from 'node:path';
import { certificateSha256 } from '@arleo/core/certificates/certificate';
import { makeIdentity } from '@arleo/core/certificates/make-identity';
import { mintToken } from '@arleo/core/tokens/token';
import { openProxyWorkshop, type RunningProxy } from './run-proxy.ts';
import { startUpstream, type Upstream } from './tls-upstream.ts';

const DAY_MS = 24 * 3600 * 1000;
const { token } = mintToken();

let workshop: Awaited<ReturnType<typeof openProxyWorkshop>>;
let upstream: Upstream;
let proxy: RunningProxy;
let stateDir: string;
let cert: string;

beforeAll(async () => {
  workshop = await openProxyWorkshop();
});
afterAll(() => workshop?.dispose());
afterEach(async () => {
  proxy.process.kill('SIGTERM');
  await proxy.ended;
  await upstream.close();
});

const make = async (days: number, names = ['IP:127.0.0.1']) => {
  const { key, certificate } = await makeIdentity({ names, from: Date.now() - DAY_MS, to: Date.now() + days * DAY_MS });
  return { key, cert: certificate };
};

/** A hugo-mcp-server that answers the question for certificates so, and a hugo-mcp-proxy that has pinned it. */
async function start(answer: RequestListener): Promise<void> {
  const identity = await make(10);
  cert = identity.cert;
  stateDir = await mkdtemp(path.join(workshop.folder, 'state-'));
  upstream = await startUpstream(identity, answer);
  proxy = await workshop.start({
    UPSTREAM_URL: upstream.url,
    UPSTREAM_CERT: cert,
    MCP_TOKEN_SHA256: 'a'.repeat(64),
    STATE_DIR: stateDir,
    WEBHOOK_TOKEN: token,
  });
}

const offer =
  (next: string | null): RequestListener =>
  (_request, response) =>
    response.setHeader('Content-Type', 'application/json').end(JSON.stringify({ present: cert, next }));
const nothingPinned = () =>
  access(path.join(stateDir, 'pins.json')).then(
    () => 'pinned',
    () => 'nothing',
  );

test('it asks with its token what is in force, and says what it has pinned', async () => {
  const next = (await make(20)).cert;
  await start((request, response) => offer(next)(request, response));
  const { resource, details } = await proxy.audited(({ event_type: type }) => type === 'certificate.pinned');
  expect({ resource, details }).toEqual({
    resource: certificateSha256(next),
    details: { not_after: new Date(new X509Certificate(next).validTo).toISOString() },
  });
  const [asked] = upstream.requests;
  expect(asked?.url).toBe('/internal/certificates');
  expect(asked?.headers).toMatchObject({ authorization: `Bearer ${token}`, 'arleo-pins': certificateSha256(cert) });
  expect(proxy.output()).not.toContain(token);
});

test.each<[string, () => Promise<string>, string]>([
  ['for another address', async () => (await make(20, ['IP:127.0.0.2'])).cert, 'next_certificate_refused'],
  ['that ends earlier', async () => (await make(5)).cert, 'next_certificate_refused'],
  ['that is none', async () => '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n', 'certificate_invalid'],
])('a next certificate %s is not pinned, and that is on record', async (_, make, reason) => {
  const next = await make();
  await start((request, response) => offer(next)(request, response));
  const event = await proxy.audited(({ event_type: type }) => type === 'certificate.refused');
  expect(event).toMatchObject({ result: 'denied', reason });
  expect(await nothingPinned()).toBe('nothing');
});

test.each<[string, RequestListener]>([
  ['far too long', (_request, response) => response.end('x'.repeat(200_000))],
  ['no JSON', (_request, response) => response.end('<html>')],
  ['of another form', (_request, response) => response.end('{"present":[],"next":1}')],
  ['a redirect', (_request, response) => response.writeHead(307, { Location: '/elsewhere' }).end()],
  ['an error', (_request, response) => response.writeHead(500).end()],
  [
    'torn',
    (_request, response) => response.writeHead(200, { 'Content-Length': 100 }).write('{"pre', () => response.destroy()),
  ],
])('an answer that is %s changes nothing, and is logged', async (_, answer) => {
  await start(answer);
  const line = await proxy.logged(({ message }) => message === 'the certificates of hugo-mcp-server are not known');
  expect(line.level).toBe('warn');
  expect(await nothingPinned()).toBe('nothing');
  expect(upstream.requests).toHaveLength(1);
});

test('where the token is refused it is asked without one', async () => {
  const next = (await make(20)).cert;
  await start((request, response) => {
    if (request.headers.authorization === undefined) offer(next)(request, response);
    else response.writeHead(401).end();
  });
  await proxy.audited(({ event_type: type }) => type === 'certificate.pinned');
  // It is asked again and again, each time in this way.
  const without = upstream.requests.map(({ headers }) => headers.authorization === undefined);
  expect(without).toEqual(without.map((_, index) => index % 2 === 1));
  expect(without.length).toBeGreaterThan(1);
  expect(proxy.output()).toContain('hugo-mcp-server refuses WEBHOOK_TOKEN');
});

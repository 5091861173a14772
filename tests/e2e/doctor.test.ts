import { execFile } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { mintToken } from '@arleo/core/tokens/token';
import { generate } from 'selfsigned';
import { WITHOUT_EXCEPTIONS } from '../waf/edge.ts';
import { ARLEO } from './arleo.ts';
import { accessToken, type Examined, examine, tokenFile } from './doctor-stack.ts';
import { type FakeCloudflare, startFakeCloudflare } from './fake-cloudflare.ts';
import { freePorts } from './free-ports.ts';
import { impostorCertificate } from './impostor.ts';
import { startPublicSite } from './public-site.ts';
import { shiftedClock } from './shifted-clock.ts';
import { startTestStack, type TestStack } from './start.ts';

const HOUR_MS = 3_600_000;

let folder: string;
let stack: TestStack;
let issuer: string;
let ca: string;
let good: string;
let expired: string;
let stopNginx: () => Promise<void>;

/** nginx as it is installed; `change` to its files breaks it. */
async function startNginx(
  change?: (file: string, text: string) => string,
  port = Number(new URL(issuer).port),
  identity = { certificate: stack.layout.tlsCert, key: stack.layout.tlsKey },
): Promise<void> {
  const site = {
    name: `public-${Math.random().toString(36).slice(2)}`,
    folder,
    port,
    oauthProxy: new URL(stack.addresses.oauthProxyUrl).host,
    hugoMcpProxy: new URL(stack.addresses.hugoMcpProxyUrl).host,
    ...identity,
    ...(change && { change }),
  };
  ({ stop: stopNginx } = await startPublicSite(site));
}

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'arleo-doctor-'));
  const { site: port } = await freePorts();
  issuer = `https://localhost:${port}`;
  const clock = await shiftedClock();
  await clock.advance(-2 * HOUR_MS);
  stack = await startTestStack({
    'oauth-proxy': { PUBLIC_URL: issuer, DANGEROUSLY_ALLOW_HTTP_ISSUER: 'false', ...clock.env },
  });
  ca = stack.layout.tlsCert;
  const client = { PASSPHRASE: stack.state.passphrase, NODE_EXTRA_CA_CERTS: ca };
  await startNginx();
  // An hour is the life of a token: this one ended an hour ago.
  expired = await tokenFile(folder, 'expired', await accessToken(issuer, { ...client, ...clock.env }));
  await clock.dispose();
  await again('oauth-proxy');
  good = await tokenFile(folder, 'good', await accessToken(issuer, client));
});
afterAll(async () => {
  await stopNginx?.();
  await stack?.dispose();
  await rm(folder, { recursive: true, force: true });
});

/** The stack began with a shifted one. */
const RIGHT_CLOCK = { NODE_OPTIONS: '' };

type Service = Parameters<TestStack['restart']>[0];

/** Restarts a service with another environment. */
async function again(service: Service, env: Record<string, string> = {}): Promise<void> {
  await stack.service(service).stop();
  await stack.restart(service, { ...RIGHT_CLOCK, ...env });
}

const walk = (args: readonly string[] = ['--token-file', good], env: Record<string, string> = {}): Promise<Examined> =>
  examine([`${issuer}/mcp`, ...args], { NODE_EXTRA_CA_CERTS: ca, ...env });

/** The same for people. */
const run = (args: readonly string[]): Promise<{ stdout: string }> =>
  promisify(execFile)(process.execPath, [ARLEO, 'doctor', ...args], { env: { NODE_EXTRA_CA_CERTS: ca } }).catch(
    (ended: { stdout: string }) => ended,
  );

interface Finding {
  code: string;
}

test('[R-DOCTOR-WELL] the whole way is well: every layer answers, each hop with its time, and nothing secret is told', async () => {
  const { status, layers, report, stdout } = await walk();
  expect(report.findings).toEqual([]);
  expect(status).toBe(0);
  expect(layers).toEqual({
    dns: 'ok',
    tcp: 'ok',
    tls: 'ok',
    edge: 'ok',
    nginx: 'ok',
    waf: 'ok',
    'oauth-proxy': 'ok',
    'hugo-mcp-proxy': 'ok',
    'hugo-mcp-server': 'ok',
    hugo: 'ok',
    publish: 'ok',
  });
  for (const hop of ['oauth-proxy', 'hugo-mcp-proxy', 'hugo-mcp-server']) {
    expect(report.steps).toContainEqual(
      expect.objectContaining({ layer: hop, name: 'its own part of the call', ms: expect.any(Number) }),
    );
  }
  const token = (await readFile(good, 'utf8')).trim();
  for (const secret of [token, stack.state.mcpToken]) expect(stdout).not.toContain(secret);
});

test('without a token it learns what the world may: the rest is said to be not looked at', async () => {
  const { status, layers, report } = await walk([]);
  expect([status, layers['hugo-mcp-server'], layers['oauth-proxy']]).toEqual([0, 'skipped', 'ok']);
  expect(report.steps.at(-1).says).toContain('--token-file');
});

test('[R-DOCTOR-TABLE] people get a table and the mend, without colours where there is no terminal', async () => {
  const { stdout } = await run([`${issuer}/mcp`, '--token-file', expired]);
  expect(stdout).toMatch(/^ok {4}tcp .* \d+ ms {2}port \d+ open/m);
  expect(stdout).toMatch(
    /\nFAIL token_expired \(oauth-proxy\)\n {2}seen {3}it ended at .*\n {2}why .*\n {2}mend .*fresh token/,
  );
  expect(stdout).not.toContain('\u001b');
});

describe('what a client has', () => {
  test('[R-DOCTOR-401] an expired token', async () => {
    expect(await walk(['--token-file', expired])).toMatchObject({ status: 4, codes: ['token_expired'] });
  });

  test('[R-DOCTOR-401] a token that is none', async () => {
    const file = await tokenFile(folder, 'none', 'nobody-knows-this-token');
    expect(await walk(['--token-file', file])).toMatchObject({ status: 4, codes: ['token_refused'] });
  });

  test('[R-DOCTOR-401] a token that was made for another address', async () => {
    const elsewhere = [`${stack.addresses.oauthProxyUrl}/mcp`, '--token-file', good];
    // And oauth-proxy knows no such name of its own.
    expect((await examine(elsewhere)).codes).toContain('host_refused');
  });

  test('[R-DOCTOR-CLOCK] a clock of this machine that is wrong', async () => {
    const clock = await shiftedClock();
    await clock.advance(-HOUR_MS / 2);
    const { codes, report } = await walk(undefined, clock.env);
    await clock.dispose();
    expect(codes).toContain('clock_skew');
    expect(JSON.stringify(report.findings)).toMatch(/the clock of localhost is (?:1[78]\d\d) s ahead of/);
  });
});

describe('the edge', () => {
  let cloudflare: FakeCloudflare;
  beforeAll(async () => {
    const behind = await freePorts();
    await stopNginx();
    await startNginx(undefined, behind.site);
    const files = { certificate: stack.layout.tlsCert, key: stack.layout.tlsKey };
    cloudflare = await startFakeCloudflare(Number(new URL(issuer).port), behind.site, files);
  });
  afterAll(async () => {
    await cloudflare?.close();
    await stopNginx();
    await startNginx();
  });

  test('what passes through Cloudflare is well, and told', async () => {
    cloudflare.treat(() => 'pass');
    const { codes, report } = await walk();
    expect(codes).toEqual([]);
    expect(JSON.stringify(report.steps)).toContain('through Cloudflare (8f2d1c0b9a7e6543-CDG)');
  });

  test.each([
    ['challenge', 'cloudflare_challenge', 'cf-mitigated: challenge'],
    ['1010', 'cloudflare_browser_check', 'error 1010'],
    ['1015', 'cloudflare_rate_limited', 'error 1015'],
    ['1020', 'cloudflare_blocked', 'error 1020'],
    ['blocked', 'cloudflare_blocked', 'you have been blocked'],
    ['521', 'cloudflare_origin', '521 for Claude'],
  ] as const)('[R-DOCTOR-EDGE] Cloudflare answers in the place of nginx: %s', async (treatment, code, evidence) => {
    cloudflare.treat(() => treatment);
    const { status, layers, report } = await walk();
    expect(status).toBe(4);
    expect(layers).toMatchObject({ edge: 'failure', 'oauth-proxy': 'skipped' });
    const { findings } = report;
    expect(new Set(findings.map((one: Finding) => one.code))).toEqual(new Set([code]));
    expect(findings[0].says).toContain(evidence);
    expect(findings[0].says).toContain('cf-ray: 8f2d1c0b9a7e6543-CDG');
  });

  test('[R-DOCTOR-EDGE] bot rules that stop GitHub alone are found, and Claude gets through', async () => {
    cloudflare.treat((agent) => (agent.startsWith('GitHub-Hookshot') ? 'blocked' : 'pass'));
    const { layers, report } = await walk();
    expect(report.findings).toEqual([
      expect.objectContaining({
        code: 'cloudflare_blocked',
        layer: 'edge',
        says: expect.stringContaining('403 for GitHub'),
      }),
    ]);
    expect(layers).toMatchObject({ edge: 'failure', hugo: 'ok' });
  });
});

describe('nginx and its firewall', () => {
  afterEach(async () => {
    await stopNginx();
    await startNginx();
  });

  test('[R-DOCTOR-WAF] a firewall without the exceptions blocks a technical text: it is named, with the request id', async () => {
    await stopNginx();
    await startNginx(WITHOUT_EXCEPTIONS);
    const { status, layers, report } = await walk();
    expect([status, layers.waf, layers.hugo]).toEqual([4, 'failure', 'ok']);
    expect(report.findings).toEqual([
      expect.objectContaining({
        code: 'waf_blocked',
        layer: 'waf',
        says: expect.stringMatching(/^waf reports waf_blocked, request id [0-9a-f-]{36}$/),
      }),
    ]);
  });

  test('an nginx that lets only listed addresses in', async () => {
    await stopNginx();
    await startNginx((file, text) =>
      file.endsWith('/callers.conf') ? text.replaceAll('default 1', 'default 0') : text,
    );
    expect((await walk()).codes).toContain('nginx_caller_not_allowed');
  });

  test('no nginx at all', async () => {
    await stopNginx();
    stopNginx = async () => {};
    expect(await walk()).toMatchObject({ status: 4, codes: ['tcp_refused'] });
  });
});

describe('the public certificate', () => {
  const names = { names: [{ type: 2 as const, value: 'localhost' }] };
  const DAY_MS = 24 * HOUR_MS;
  test.each([
    ['has ended', { from: -90, to: -1, ...names }, 'cert_expired', 4],
    ['ends soon', { from: -80, to: 5, ...names }, 'cert_expiring', 3],
    [
      'is for another name',
      { from: -1, to: 80, names: [{ type: 2 as const, value: 'other.example' }] },
      'cert_name_mismatch',
      4,
    ],
  ])('[R-DOCTOR-CERT] %s', async (_, { from, to, names: altNames }, code, worst) => {
    const { cert, private: key } = await generate([{ name: 'commonName', value: 'doctor' }], {
      notBeforeDate: new Date(Date.now() + from * DAY_MS),
      notAfterDate: new Date(Date.now() + to * DAY_MS),
      extensions: [
        { name: 'basicConstraints', cA: true },
        { name: 'subjectAltName', altNames },
      ],
    });
    const [certificate, keyFile] = [path.join(folder, 'public.crt'), path.join(folder, 'public.key')];
    await writeFile(certificate, cert);
    await writeFile(keyFile, key);
    await stopNginx();
    await startNginx(undefined, undefined, { certificate, key: keyFile });
    const { status, codes } = await walk(undefined, { NODE_EXTRA_CA_CERTS: certificate });
    await stopNginx();
    await startNginx();
    expect([status, codes]).toEqual([worst, [code]]);
  });

  test('[R-DOCTOR-CERT] is signed by nobody whom clients trust: no token goes out', async () => {
    const { status, codes, report } = await walk(undefined, { NODE_EXTRA_CA_CERTS: '' });
    expect([status, codes]).toEqual([4, ['cert_untrusted']]);
    expect(report.steps.at(-1).says).toBe('no token goes to a certificate that nobody trusts');
  });
});

describe('between the hops', () => {
  test('[R-DOCTOR-SECRETS] a hop token that was made anew on one side', async () => {
    const other = await tokenFile(folder, 'mcp-token', mintToken().token);
    await again('oauth-proxy', { MCP_TOKEN_FILE: other });
    const { codes, report } = await walk();
    await again('oauth-proxy');
    expect(codes).toEqual(['hop_token_refused']);
    expect(report.findings[0].says).toContain('hugo-mcp-proxy says token_invalid');
  });

  test('[R-DOCTOR-SECRETS] keys of access tokens that are gone with the state', async () => {
    await again('oauth-proxy', { STATE_DIR: path.join(folder, 'fresh-state') });
    const { codes } = await walk();
    await again('oauth-proxy');
    expect(codes).toEqual(['token_key_unknown']);
  });

  test('[R-DOCTOR-SECRETS] a key of the actor that was made anew on one side', async () => {
    const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    const file = await tokenFile(folder, 'actor.key', String(key.export({ type: 'pkcs8', format: 'pem' })));
    await again('oauth-proxy', { ACTOR_KEY_FILE: file });
    const { codes } = await walk();
    await again('oauth-proxy');
    expect(codes).toEqual(['actor_key_differs']);
  });

  test('[R-DOCTOR-CLOCK] clocks of the hosts that differ', async () => {
    const clock = await shiftedClock();
    await clock.advance(-5 * 60_000);
    await again('oauth-proxy', clock.env);
    const { codes } = await walk();
    await again('oauth-proxy');
    await clock.dispose();
    expect(codes).toEqual(['hop_clocks_differ']);
  });

  test('[R-DOCTOR-CERT] a pinned certificate that the other side does not have', async () => {
    const { keyFile, certFile } = await impostorCertificate(folder);
    await again('hugo-mcp-server', { TLS_KEY_FILE: keyFile, TLS_CERT_FILE: certFile });
    const { codes } = await walk();
    await again('hugo-mcp-server');
    expect(codes).toEqual(['pin_mismatch']);
  });

  test('[R-DOCTOR-SILENT] a next hop that is silent, and one that does not listen', async () => {
    // Takes connections and never says a word of TLS.
    const deaf = createServer().listen(0, '127.0.0.1');
    await once(deaf, 'listening');
    const held: Socket[] = [];
    deaf.on('connection', (socket) => held.push(socket));
    await again('hugo-mcp-proxy', { UPSTREAM_URL: `https://127.0.0.1:${(deaf.address() as AddressInfo).port}` });
    const silent = await walk();
    for (const socket of held) socket.destroy();
    deaf.close();
    const refused = await walk();
    await again('hugo-mcp-proxy');
    expect(silent.codes).toEqual(['service_silent']);
    expect(silent.report.findings[0]).toMatchObject({
      layer: 'hugo-mcp-server',
      says: expect.stringContaining('hugo-mcp-proxy reports connect_timeout'),
    });
    expect(refused.codes).toEqual(['service_refused']);
  });

  test('oauth-proxy does not run: nginx says so', async () => {
    await stack.service('oauth-proxy').stop();
    const { codes } = await walk();
    await stack.restart('oauth-proxy', RIGHT_CLOCK);
    expect(codes).toContain('nginx_no_service');
  });
});

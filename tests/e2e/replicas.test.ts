import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { verifyChain } from '@arleo/core/audit/chain';
import { openBrowser } from '@arleo/demo/smoke/browser';
import { type ServiceProcess, startService } from '@arleo/demo/stack/service-process';
import { serviceSpecs } from '@arleo/demo/stack/services';
import { REDIS_PASSWORD, type RedisServer, startRedis } from '../../packages/core/test/redis-server.ts';
import { arleoJson } from './arleo.ts';
import { freePorts } from './free-ports.ts';
import { mcpHeaders, rpc } from './mcp.ts';
import { authorization, type Granted, grant, REDIRECT_URI, redeem, register, token } from './oauth.ts';
import { startPublicSite } from './public-site.ts';
import { type Answer, send } from './send.ts';
import { startTestStack, type TestStack } from './start.ts';
import { expectNoSecrets } from './trail.ts';

const conf = (name: string) => readFile(new URL(`../../infra/nginx/${name}`, import.meta.url), 'utf8');

describe('two replicas of oauth-proxy behind nginx, with their state in one Redis', () => {
  let folder: string;
  let redis: RedisServer;
  let stack: TestStack;
  let second: ServiceProcess;
  let startSecond: () => Promise<ServiceProcess>;
  let issuer: string;
  let replicas: [string, string];
  let secondAudit: string;
  let stopNginx = async (): Promise<void> => {};

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'arleo-replicas-'));
    redis = await startRedis();
    const { site: port, 'oauth-proxy': secondPort } = await freePorts();
    issuer = `http://127.0.0.1:${port}`;
    const shared = { PUBLIC_URL: issuer, STATE_URL: redis.url };
    stack = await startTestStack({ 'oauth-proxy': shared });
    const { layout, state, addresses } = stack;
    secondAudit = `${layout.audit('oauth-proxy')}.second`;
    const plan = { ...state, layout, ports: { ...(await freePorts()), 'oauth-proxy': secondPort } };
    const spec = serviceSpecs(plan)['oauth-proxy'];
    startSecond = () =>
      startService({
        ...spec,
        logFile: `${spec.logFile}.second`,
        env: {
          ...spec.env,
          ...shared,
          UPSTREAM_URL: addresses.hugoMcpProxyUrl,
          AUDIT_LOG: secondAudit,
          // Nothing of it may be needed.
          STATE_DIR: path.join(folder, 'state-of-second'),
          RATE_LIMIT_PER_ADDRESS: '100000',
          RATE_LIMIT_PER_SUBJECT: '100000',
        },
      });
    second = await startSecond();
    replicas = [new URL(addresses.oauthProxyUrl).host, `127.0.0.1:${secondPort}`];
    const upstream = (await conf('replicas.conf'))
      .replace('127.0.0.1:8083', replicas[0])
      .replace('192.0.2.20:8083', replicas[1]);
    const site = await startPublicSite({
      name: 'replicas',
      folder,
      port,
      oauthProxy: replicas[0],
      hugoMcpProxy: new URL(addresses.hugoMcpProxyUrl).host,
      certificate: layout.tlsCert,
      key: layout.tlsKey,
      change: (file, text) =>
        file !== 'nginx/mcp.conf'
          ? text
          : `log_format steps '$upstream_addr $status $request_method $uri';\n${text}`
              .replace(/upstream arleo_oauth_proxy \{[^}]*\}/, upstream)
              .replace('listen 443 ssl;', `listen 127.0.0.1:${port}; access_log ${folder}/steps.log steps;`)
              .replace(/ {2}ssl_[a-z_]+ [^;]*;\n/g, ''),
    });
    stopNginx = site.stop;
  });
  afterAll(async () => {
    await stopNginx();
    await second?.stop();
    await stack?.dispose();
    await redis?.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  const owner = () => ({ passphrase: stack.state.passphrase });
  const call = (accessToken: string) => rpc(`${issuer}/mcp`, accessToken, 'tools/list');
  const refresh = ({ clientId, refreshToken }: Granted) =>
    token(issuer, { grant_type: 'refresh_token', client_id: clientId, refresh_token: refreshToken });
  const steps = async () =>
    (await readFile(path.join(folder, 'steps.log'), 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => line.split(' '));
  const bothReady = async (): Promise<void> => {
    for (const replica of replicas) {
      while ((await send(`http://${replica}/readyz`)).status !== 200) await sleep(50);
    }
  };

  it('[R-REPLICA-FLOW] any of them serves any step of the flow', async () => {
    await bothReady();
    const granted = await grant(issuer, owner());
    for (let round = 0; round < 2; round += 1) expect((await call(granted.accessToken)).status).toBe(200);
    const refreshed = await refresh(granted);
    expect(refreshed.status).toBe(200);
    // The same key on both, whoever signed.
    for (let round = 0; round < 2; round += 1) expect((await call(refreshed.json.access_token)).status).toBe(200);
    // The first refresh token once more, at the replica that did not see its use, is within the grace.
    expect((await refresh(granted)).status).toBe(200);

    const served = (await steps()).map(([replica]) => replica);
    expect(served.length).toBeGreaterThan(12);
    expect(served.filter((replica, index) => index > 0 && replica === served[index - 1])).toEqual([]);
    expect([...new Set(served)].sort()).toEqual([...replicas].sort());
  });

  it('[R-REPLICA-KILL] one of them killed in the middle, the flow completes; started again, it knows all', async () => {
    await bothReady();
    const asked = await authorization(issuer);
    const browser = openBrowser((url) => url.href.startsWith(REDIRECT_URI));
    const login = await browser.open(asked.url.href);
    second.kill('SIGKILL');
    await second.exited;
    const form = login.forms.find(({ names }) => names.has('passphrase'));
    if (!form) throw new Error(`no login form: ${login.html}`);
    const consent = await browser.submit(login, form, { fill: owner() });
    const [decision] = consent.forms;
    if (!decision) throw new Error(`no consent form: ${consent.html}`);
    const done = await browser.submit(consent, decision, { press: { name: 'decision', value: 'approve' } });
    const code = new URL(done.url).searchParams.get('code') ?? '';
    const { status, json } = await redeem(issuer, asked, code);
    expect(status).toBe(200);
    for (let round = 0; round < 3; round += 1) expect((await call(json.access_token)).status).toBe(200);

    second = await startSecond();
    await bothReady();
    const there = await send(`http://${replicas[1]}/mcp`, {
      method: 'POST',
      headers: { ...mcpHeaders(json.access_token), host: new URL(issuer).host },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} }),
    });
    expect(there.status).toBe(200);
  });

  it('[R-REPLICA-REDIS] Redis gone, everything that needs it is a clear 503; back, all is well with no restart', async () => {
    await bothReady();
    const granted = await grant(issuer, owner());
    const asked = await authorization(issuer);
    await redis.stop('SIGKILL');
    // For a second it is believed that a token holds.
    await sleep(1_001);
    const refused: Record<string, Answer> = {
      mcp: await call(granted.accessToken),
      refresh: await refresh(granted),
      register: await register(issuer),
      authorize: await send(asked.url.href, { headers: { accept: 'text/html' } }),
      revoke: await send(`${issuer}/revoke`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ client_id: granted.clientId, token: granted.refreshToken }).toString(),
      }),
    };
    for (const [step, { status, headers, text }] of Object.entries(refused)) {
      expect({ step, status, retryAfter: headers['retry-after'] }).toEqual({ step, status: 503, retryAfter: '5' });
      expect({ step, said: text.includes('state_unavailable') }).toEqual({ step, said: true });
    }
    expect(refused.mcp?.json.error.data).toMatchObject({ hop: 'oauth-proxy', reason: 'state_unavailable' });
    expect(refused.refresh?.json.error).toBe('temporarily_unavailable');
    expect(refused.authorize?.text).toContain('try again in a minute');
    for (const replica of replicas) {
      const { status, json } = await send(`http://${replica}/readyz`);
      expect([status, json.problems.join()]).toEqual([503, expect.stringContaining('Redis')]);
    }

    await redis.start();
    await bothReady();
    for (let round = 0; round < 2; round += 1) expect((await call(granted.accessToken)).status).toBe(200);
    expect((await refresh(granted)).status).toBe(200);
    expect((await grant(issuer, owner())).accessToken).not.toBe('');
  });

  it('[R-REPLICA-KEYS] a rotation of the keys acts at all of them, and whoever signs is believed by the others', async () => {
    await bothReady();
    const granted = await grant(issuer, owner());
    for (let round = 0; round < 2; round += 1) expect((await call(granted.accessToken)).status).toBe(200);
    const env = { STATE_URL: redis.url, TOKEN_SECRET_FILE: stack.layout.tokenSecret };
    expect(await arleoJson(['keys', 'rotate', '--now'], env)).toMatchObject({ state: 'replaced' });
    const both = async () => [await call(granted.accessToken), await call(granted.accessToken)];
    while ((await both()).some(({ status }) => status !== 401)) await sleep(50);
    let { refreshToken } = granted;
    for (let signer = 0; signer < 2; signer += 1) {
      const { json } = await refresh({ ...granted, refreshToken });
      refreshToken = json.refresh_token;
      for (let round = 0; round < 2; round += 1) expect((await call(json.access_token)).status).toBe(200);
    }
  });

  it('[R-REPLICA-REVOKE] the owner ends a connection everywhere within a second, and it is recorded once', async () => {
    await bothReady();
    const granted = await grant(issuer, owner());
    for (let round = 0; round < 2; round += 1) expect((await call(granted.accessToken)).status).toBe(200);
    const told = await arleoJson(['connections', 'revoke', granted.clientId], { STATE_URL: redis.url });
    expect(told).toEqual({ id: granted.clientId, revoked: true, grants: 1 });
    await sleep(1_001);
    for (let round = 0; round < 2; round += 1) expect((await call(granted.accessToken)).status).toBe(401);
    expect((await refresh(granted)).json.error).toBe('invalid_grant');

    const files = [stack.layout.audit('oauth-proxy'), secondAudit];
    const recorded = async () =>
      (await Promise.all(files.map((file) => readFile(file, 'utf8'))))
        .join('')
        .split('\n')
        .filter((line) => line.includes('"by_owner"'));
    while ((await recorded()).length === 0) await sleep(50);
    // Each of them looks once a second.
    await sleep(2_000);
    expect(await recorded()).toHaveLength(1);
    for (const file of files) {
      const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
      expect(await verifyChain(lines)).toMatchObject({ ok: true });
    }
    await expectNoSecrets(stack, [REDIS_PASSWORD, granted.accessToken, granted.refreshToken]);
  });
});

import { setTimeout as sleep } from 'node:timers/promises';
import { REDIS_PASSWORD, type RedisServer, startRedis } from '../../../packages/core/test/redis-server.ts';
import {
  approve,
  authorizeUrl,
  Browser,
  CALLBACK,
  callMcp,
  connect,
  formOf,
  pkce,
  register,
  requestToken,
} from './oauth-client.ts';
import { openService, type Service } from './open-service.ts';

describe('with its state in Redis, the service', () => {
  let redis: RedisServer;
  let service: Service;
  beforeAll(async () => {
    redis = await startRedis();
    service = await openService({ STATE_URL: redis.url });
  });
  afterAll(async () => {
    await service.close();
    await redis.dispose();
  });
  const readyz = async () => (await fetch(`${service.issuer}/readyz`)).json() as Promise<{ problems: string[] }>;
  const redisProblem = async () => (await readyz()).problems.find((one) => one.includes('Redis'));
  const refresh = (clientId: string, token = '') =>
    requestToken(service, { grant_type: 'refresh_token', client_id: clientId, refresh_token: token });

  it('lets clients in, and knows them after a restart', async () => {
    const { clientId, tokens } = await connect(service);
    expect((await callMcp(service, tokens.access_token)).status).toBe(200);
    await service.restart();
    expect((await callMcp(service, tokens.access_token)).status).toBe(200);
    expect((await refresh(clientId, tokens.refresh_token)).status).toBe(200);
  });

  it('answers 503 with Retry-After wherever it needs Redis while that is away, and is all well once it is back', async () => {
    const { clientId, tokens } = await connect(service);
    const { verifier, challenge } = pkce();
    const url = authorizeUrl(service, { client_id: clientId, code_challenge: challenge });
    const browser = new Browser(service);
    const login = await browser.open(url);
    await redis.stop('SIGKILL');
    await sleep(1_001);

    const mcp = await callMcp(service, tokens.access_token);
    expect([mcp.status, mcp.headers.get('retry-after')]).toEqual([503, '5']);
    expect(await mcp.json()).toMatchObject({ error: { data: { hop: 'oauth-proxy', reason: 'state_unavailable' } } });

    const refused = await refresh(clientId, tokens.refresh_token);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5']);
    expect(refused.body).toEqual({
      error: 'temporarily_unavailable',
      error_description: 'oauth-proxy cannot reach its state (state_unavailable), try again in a moment',
    });
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const others: [string, RequestInit][] = [
      [
        '/register',
        {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ redirect_uris: [CALLBACK] }),
        },
      ],
      ['/revoke', { method: 'POST', headers: form, body: `token=${tokens.refresh_token}&client_id=${clientId}` }],
      ['/revoke', { method: 'POST', headers: form, body: `token=${tokens.access_token}&client_id=${clientId}` }],
      [new URL(url).pathname + new URL(url).search, {}],
      [new URL(login.url).pathname, { headers: { cookie: browser.cookieFor(login.url) } }],
    ];
    for (const [path, init] of others) {
      const answer = await fetch(service.issuer + path, { redirect: 'manual', ...init });
      expect([path, answer.status, answer.headers.get('retry-after')]).toEqual([path, 503, '5']);
      expect(await answer.text()).toContain('state_unavailable');
    }
    // A person sees a page, in the middle of the login too.
    for (const [target, init] of [
      [url, {}],
      [login.url, {}],
      [
        formOf(login).action,
        { method: 'POST', headers: form, body: new URLSearchParams(formOf(login).hidden).toString() },
      ],
    ] as [string, RequestInit][]) {
      const page = await browser.fetch(target, { ...init, headers: { ...init.headers, accept: 'text/html' } });
      expect([page.status, page.headers.get('retry-after')]).toEqual([503, '5']);
      expect(await page.text()).toContain('Nothing is lost: try again in a minute.');
    }
    // What needs nothing of it goes on.
    expect((await fetch(`${service.issuer}/.well-known/oauth-authorization-server`)).status).toBe(200);
    expect((await fetch(`${service.issuer}/jwks`)).status).toBe(200);
    expect((await fetch(`${service.issuer}/healthz`)).status).toBe(200);
    expect((await fetch(`${service.issuer}/readyz`)).status).toBe(503);
    expect(await redisProblem()).toContain('cannot be used');

    const audited = (await service.audit()).filter(({ result }) => result === 'denied');
    expect(audited).toEqual([]);

    await redis.start();
    while (await redisProblem()) await sleep(20);
    expect((await callMcp(service, tokens.access_token)).status).toBe(200);
    expect((await refresh(clientId, tokens.refresh_token)).status).toBe(200);
    // The page that was open can still be sent.
    const callback = await approve(service, url);
    const code = callback.searchParams.get('code') ?? '';
    const redeemed = await requestToken(service, {
      grant_type: 'authorization_code',
      client_id: clientId,
      code,
      code_verifier: verifier,
      redirect_uri: CALLBACK,
    });
    expect(redeemed.status).toBe(200);
  });

  it('begins without Redis, says so, and works once it is there', async () => {
    const { tokens } = await connect(service);
    await service.stop();
    await redis.stop();
    await service.restart();
    expect(await redisProblem()).toContain('cannot be used');
    const waiting = await callMcp(service, tokens.access_token);
    expect([waiting.status, waiting.headers.get('retry-after')]).toEqual([503, '5']);
    expect((await fetch(`${service.issuer}/token`, { method: 'POST' })).status).toBe(503);
    await redis.start();
    let status = 503;
    while (status === 503) status = (await callMcp(service, tokens.access_token)).status;
    expect(status).toBe(200);
    expect((await register(service)).status).toBe(201);
  });

  it('refuses to start with another TOKEN_SECRET', async () => {
    await expect(openService({ STATE_URL: redis.url })).rejects.toMatchObject({ code: 'token_secret_differs' });
  });

  it('shows no key, token or password in Redis or in its audit log', async () => {
    const { tokens, code } = await connect(service);
    const look = redis.client();
    await look.connect();
    let all = '';
    for (const key of await look.keys('*')) {
      const type = await look.type(key);
      if (type === 'hash') all += `${key} ${JSON.stringify(await look.hgetall(key))}\n`;
      else if (type === 'string') all += `${key} ${await look.get(key)}\n`;
      else all += `${key}\n`;
    }
    look.disconnect();
    expect(all).toContain('arleo:signing-keys sealed:v1:');
    expect(all).not.toMatch(/"d"\s*:/);
    for (const secret of [tokens.access_token, tokens.refresh_token, code]) expect(all).not.toContain(secret);
    expect(await service.auditText()).not.toContain(REDIS_PASSWORD);
  });
});

import { createHash } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { mintToken } from '@arleo/core/tokens/token';
import { type Identity, openProxyWorkshop, type RunningProxy } from './run-proxy.ts';
import { send, startUpstream, type Upstream } from './tls-upstream.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const [token, fresh, foreign] = [mintToken().token, mintToken().token, mintToken().token];
const actor = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJvd25lciJ9.c2ln';
const requestId = '0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d';
const body = '{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"title":"häßlich"}}';

let workshop: Awaited<ReturnType<typeof openProxyWorkshop>>;
let identity: Identity;
let upstream: Upstream;
let proxy: RunningProxy;
let answer: RequestListener;

beforeAll(async () => {
  workshop = await openProxyWorkshop();
  identity = await workshop.identity();
});
afterAll(() => workshop?.dispose());

beforeEach(() => {
  answer = (_request, response) => response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"ok":true}');
});
afterEach(async () => {
  if (proxy?.process.exitCode === null) {
    proxy.process.kill('SIGTERM');
    await proxy.ended;
  }
  await upstream?.close();
});

/** An upstream with `identity`, and a proxy in front of it. */
async function start(environment: Record<string, string> = {}): Promise<void> {
  upstream = await startUpstream(identity, (request, response) => answer(request, response));
  proxy = await workshop.start({
    UPSTREAM_URL: upstream.url,
    UPSTREAM_CERT: identity.cert,
    MCP_TOKEN_SHA256: sha256(token),
    ...environment,
  });
}

const call = (presented: string, headers: Record<string, string> = {}) =>
  send(`${proxy.url}/mcp`, { body, headers: { Authorization: `Bearer ${presented}`, ...headers } });

describe('hop 1', () => {
  test('gets through with its token, which goes on with the actor, the request id and the body as they came', async () => {
    let received = '';
    answer = async (request, response) => {
      for await (const part of request) received += part;
      response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"ok":true}');
    };
    await start();
    const headers = {
      'Arleo-Actor': actor,
      'X-Request-Id': requestId,
      Cookie: 'session=1',
      'X-Forwarded-For': '192.0.2.7',
      'Content-Length': String(Buffer.byteLength(body)),
    };
    expect(await call(token, headers)).toMatchObject({
      status: 200,
      text: '{"ok":true}',
      headers: { 'x-request-id': requestId, 'server-timing': expect.stringMatching(/hugo-mcp-proxy;dur=/) },
    });
    expect(received).toBe(body);
    expect(upstream.requests).toHaveLength(1);
    expect(upstream.requests[0]?.headers).toEqual({
      host: new URL(upstream.url).host,
      authorization: `Bearer ${token}`,
      'arleo-actor': actor,
      'x-request-id': requestId,
      'content-length': String(Buffer.byteLength(body)),
      connection: 'keep-alive',
    });
    expect(await proxy.audited(({ event_type: type }) => type === 'call.forwarded')).toMatchObject({
      result: 'success',
      request_id: requestId,
      hop: 'hugo-mcp-proxy',
    });
  });

  test('gets through with either token while it is rotated, spaces and upper-case digests included', async () => {
    await start({ MCP_TOKEN_SHA256: `${sha256(token)}, ${sha256(fresh).toUpperCase()}` });
    expect([(await call(token)).status, (await call(fresh)).status, (await call(foreign)).status]).toEqual([
      200, 200, 401,
    ]);
  });

  test('with a request id of another form gets one of ours', async () => {
    await start();
    const id = (await call(token, { 'X-Request-Id': 'x\tinjected' })).headers['x-request-id'];
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    expect(upstream.requests[0]?.headers['x-request-id']).toBe(id);
  });

  test('is answered with what the server says, except its 401, which would throw a good token away', async () => {
    const refusal = {
      jsonrpc: '2.0',
      id: null,
      error: { code: -32000, message: 'No.', data: { hop: 'hugo-mcp-server', reason: 'actor_expired' } },
    };
    answer = (request, response) =>
      response
        .writeHead(Number(request.headers['mcp-name']), { 'WWW-Authenticate': 'Bearer' })
        .end(JSON.stringify(refusal));
    await start();
    for (const status of [200, 400, 403, 404, 405, 429, 503]) {
      expect((await call(token, { 'Mcp-Name': String(status) })).status).toBe(status);
    }
    const refused = await call(token, { 'Mcp-Name': '401' });
    expect(refused.status).toBe(502);
    expect(refused.headers['www-authenticate']).toBeUndefined();
    expect(refused.json().error.data).toMatchObject({
      hop: 'hugo-mcp-proxy',
      reason: 'upstream_auth',
      refused_by: 'hugo-mcp-server',
      refused_reason: 'actor_expired',
    });
  });
});

describe('anybody else', () => {
  test.each([
    ['without a token', {}, 'token_missing'],
    ['with a wrong token', { Authorization: `Bearer ${foreign}` }, 'token_invalid'],
  ] as const)('%s: 401, recorded, and the server hears nothing of it', async (_, headers, reason) => {
    await start();
    const refused = await send(`${proxy.url}/mcp`, { body, headers: { ...headers, 'X-Request-Id': requestId } });
    expect(refused.status).toBe(401);
    expect(refused.headers['www-authenticate']).toBe('Bearer');
    expect(refused.json().error.data).toMatchObject({ hop: 'hugo-mcp-proxy', reason, request_id: requestId });
    expect(upstream.requests).toEqual([]);
    expect(await proxy.audited(({ event_type: type }) => type === 'caller.refused')).toMatchObject({
      level: 'warn',
      result: 'denied',
      reason,
      client_ip: '127.0.0.1',
      request_id: requestId,
    });
  });

  test('with too many wrong tokens: 429 with Retry-After, recorded once, while hop 1 still gets through', async () => {
    await start({ RATE_LIMIT_PER_ADDRESS: '3' });
    for (let attempt = 0; attempt < 3; attempt += 1) expect((await call(foreign)).status).toBe(401);
    for (let attempt = 0; attempt < 5; attempt += 1) {
      const limited = await call(foreign);
      expect(limited.status).toBe(429);
      expect(Number(limited.headers['retry-after'])).toBeGreaterThanOrEqual(1);
      expect(Number(limited.headers['retry-after'])).toBeLessThanOrEqual(60);
      expect(limited.json().error.data).toMatchObject({ hop: 'hugo-mcp-proxy', reason: 'rate_limited' });
    }
    expect((await call(token)).status).toBe(200);
    await proxy.audited(({ event_type: type }) => type === 'call.forwarded');
    const refused = (await proxy.audit()).filter(({ event_type: type }) => type === 'caller.refused');
    expect(refused.map(({ reason }) => reason)).toEqual([...Array(3).fill('token_invalid'), 'rate_limited']);
  });

  test.each(['Authorization', 'Arleo-Actor', 'X-Request-Id'])(
    '%s twice: 400, although both are right',
    async (name) => {
      await start();
      const right: Record<string, string> = {
        Authorization: `Bearer ${token}`,
        'Arleo-Actor': actor,
        'X-Request-Id': requestId,
      };
      const headers = ['Host', 'x', ...Object.entries(right).flat(), name, right[name] ?? ''];
      const refused = await send(`${proxy.url}/mcp`, { body, headers });
      expect(refused.status).toBe(400);
      expect(refused.json().error.data).toMatchObject({ hop: 'hugo-mcp-proxy', reason: 'bad_request' });
      expect(upstream.requests).toEqual([]);
    },
  );

  test('with an Origin, which only a browser sends: 403', async () => {
    await start();
    const refused = await call(token, { Origin: 'http://127.0.0.1' });
    expect(refused.status).toBe(403);
    expect(refused.json().error.data.reason).toBe('bad_origin');
    expect(upstream.requests).toEqual([]);
  });

  test('at another path: 404', async () => {
    await start();
    const { status, json } = await send(`${proxy.url}/mcp/x`, { headers: { Authorization: `Bearer ${token}` } });
    expect([status, json().error.data.reason]).toEqual([404, 'not_found']);
    expect(upstream.requests).toEqual([]);
  });
});

describe('a server that is not the right one, or not there', () => {
  test('shows another certificate: pin_mismatch, nothing was sent, an audit event of level error', async () => {
    const impostor = await startUpstream(await workshop.identity(), (_request, response) => response.end());
    upstream = impostor;
    proxy = await workshop.start({
      UPSTREAM_URL: impostor.url,
      UPSTREAM_CERT: identity.cert,
      MCP_TOKEN_SHA256: sha256(token),
    });
    const failed = await call(token, { 'X-Request-Id': requestId });
    expect(failed.status).toBe(502);
    expect(failed.json().error.data).toMatchObject({ hop: 'hugo-mcp-proxy', reason: 'pin_mismatch' });
    expect(impostor.requests).toEqual([]);
    expect(await proxy.audited(({ event_type: type }) => type === 'upstream.refused')).toMatchObject({
      level: 'error',
      result: 'failure',
      reason: 'pin_mismatch',
      request_id: requestId,
    });
  });

  test('is down: connect_refused and not ready; all well, with no restart, once it is there', async () => {
    await start();
    const { port } = upstream;
    await upstream.close();
    const failed = await call(token);
    expect(failed.status).toBe(502);
    expect(failed.json().error.data).toMatchObject({ hop: 'hugo-mcp-proxy', reason: 'connect_refused' });
    const readyz = async () => send(`${proxy.url}/readyz`, { method: 'GET' });
    const notReady = await readyz();
    expect(notReady.status).toBe(503);
    expect(notReady.json()).toMatchObject({ status: 'not_ready', hop: 'hugo-mcp-proxy' });
    expect(notReady.json().problems).toEqual([expect.stringContaining('connect_refused')]);
    expect((await send(`${proxy.url}/healthz`, { method: 'GET' })).status).toBe(200);

    upstream = await startUpstream(identity, (request, response) => answer(request, response), port);
    expect((await call(token)).status).toBe(200);
    let state = await readyz();
    while (state.status !== 200) state = await readyz();
    expect(state.json()).toMatchObject({ status: 'ready', problems: [] });
  });

  test('says that it is not ready: nor is this hop', async () => {
    answer = (_request, response) => response.writeHead(503).end();
    await start();
    const { status, json } = await send(`${proxy.url}/readyz`, { method: 'GET' });
    expect(status).toBe(503);
    expect(json().problems).toEqual([expect.stringContaining('503')]);
  });
});

test('no token appears in what the service writes', async () => {
  await start();
  await call(token, { 'Arleo-Actor': actor });
  await call(foreign, { 'Arleo-Actor': actor });
  await upstream.close();
  await call(token, { 'Arleo-Actor': actor });
  proxy.process.kill('SIGTERM');
  expect(await proxy.ended).toBe(0);
  const written = proxy.output() + JSON.stringify(await proxy.audit());
  for (const secret of [token, foreign, actor]) expect(written).not.toContain(secret);
  expect((await proxy.audit()).map(({ event_type: type }) => type)).toEqual([
    'service.started',
    'call.forwarded',
    'caller.refused',
    'call.forwarded',
    'service.stopped',
  ]);
});

import http from 'node:http';
import net from 'node:net';
import { errorData, raw, send } from '../../test/client.ts';
import { type Listening, listen } from '../../test/servers.ts';
import { openMetrics } from '../metrics/metrics.ts';
import { openClientAddress } from './client-address.ts';
import { createEdge, type EdgeOptions } from './edge.ts';
import type { RequestContext } from './request-context.ts';

const opened: Listening[] = [];
afterEach(async () => {
  for (const one of opened.splice(0)) await one.close();
});

interface Edge extends Listening {
  seen: RequestContext[];
  handled: string[];
}

async function edge(options: Partial<EdgeOptions> = {}): Promise<Edge> {
  const seen: RequestContext[] = [];
  const handled: string[] = [];
  const listener = createEdge({
    hop: 'oauth-proxy',
    trustRequestId: false,
    clientAddress: openClientAddress([]),
    guard: { hosts: undefined, origins: new Set(['https://mcp.example']) },
    ready: () => ({ ready: true }),
    metrics: openMetrics('oauth-proxy'),
    mcp: (_request, response, context) => {
      seen.push(context);
      handled.push('mcp');
      response.writeHead(200, { 'X-Request-Id': context.requestId }).end('mcp');
    },
    rest: (_request, response, context) => {
      seen.push(context);
      handled.push('rest');
      response.end('rest');
    },
    ...options,
  });
  const server = await listen(http.createServer({ requireHostHeader: false }, listener));
  opened.push(server);
  return { ...server, seen, handled };
}

const get = (url: string, headers: http.OutgoingHttpHeaders = {}) => send(url, { method: 'GET', headers });
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

describe('the request id', () => {
  it.each(['/mcp', '/healthz', '/readyz', '/metrics', '/', '/nothing', '/mcp/../x'])(
    'stands on the answer to %s',
    async (path) => {
      const { url, seen } = await edge();
      const { headers } = await get(url + path);
      expect(headers['x-request-id']).toMatch(uuid);
      if (seen[0]) expect(seen[0].requestId).toBe(headers['x-request-id']);
    },
  );

  it('stands on answers of the edge itself: 404, foreign Host, foreign Origin', async () => {
    const { url } = await edge({
      rest: undefined as never,
      guard: { hosts: new Set(['mcp.example']), origins: new Set() },
    });
    for (const headers of [
      { host: 'mcp.example' },
      { host: 'evil.example' },
      { host: 'mcp.example', origin: 'https://evil.example' },
    ]) {
      const answer = await get(`${url}/mcp2`, headers);
      expect(answer.headers['x-request-id']).toMatch(uuid);
      expect(errorData(answer).request_id).toBe(answer.headers['x-request-id']);
    }
  });

  const mine = '0f6f0cbe-1111-4222-8333-123456789abc';
  it('is made here although the client sends one, unless the caller is a hop', async () => {
    const { url } = await edge();
    expect((await get(`${url}/mcp`, { 'x-request-id': mine })).headers['x-request-id']).not.toBe(mine);
    const inner = await edge({ trustRequestId: true });
    expect((await get(`${inner.url}/mcp`, { 'x-request-id': mine })).headers['x-request-id']).toBe(mine);
  });

  it.each(['', 'x', `${mine}0`, mine.toUpperCase(), 'a b', `${mine}, ${mine}`])(
    '"%s" is none, also from a hop',
    async (id) => {
      const { url } = await edge({ trustRequestId: true });
      expect((await get(`${url}/mcp`, { 'x-request-id': id })).headers['x-request-id']).toMatch(uuid);
    },
  );
});

describe('routes', () => {
  it.each([
    ['/mcp', 'mcp'],
    ['/mcp?x=1', 'mcp'],
    ['/mcp/', 'mcp'],
    ['/mcp//', 'rest'],
    ['/MCP', 'rest'],
    ['//mcp', 'rest'],
    ['/mcp/healthz', 'rest'],
    ['/authorize?x=/mcp', 'rest'],
  ])('%s goes to %s', async (path, handler) => {
    const { url, handled } = await edge();
    await get(url + path);
    expect(handled).toEqual([handler]);
  });

  it.each([
    ['/register', '/register'],
    ['/register/', '/register'],
    ['/register/?x=/', '/register?x=/'],
    ['/register//', '/register//'],
    ['//register', '//register'],
    ['/Register', '/Register'],
    ['/%72egister', '/%72egister'],
    ['/a/?b=c?d', '/a?b=c?d'],
    ['/', '/'],
    ['http://HOST/register/?x', '/register?x'],
    ['HTTP://HOST?x', '/?x'],
  ])('%s is %s for whoever routes it', async (sent, target) => {
    const seen: unknown[] = [];
    const { port } = await edge({
      rest: (request, response, { path }) => {
        seen.push(request.url, path);
        response.end();
      },
    });
    await raw(port, `GET ${sent} HTTP/1.1\r\nHost: host\r\nConnection: close\r\n\r\n`);
    expect(seen).toEqual([target, target.split('?', 1)[0]]);
  });

  it.each([
    '/introspect#',
    '/introspect#x',
    '/introspect\u00a0',
    '/introspect\t',
    '/introspect\f',
    '/introspect?\u00a0',
    '/\\introspect',
    '/introspect\\',
    'http://evil.example/introspect',
    'http://host:1/introspect',
    'http://host#/introspect',
    '*',
  ])('%j can be read in two ways: 400, or Node reads it in none', async (sent) => {
    const { port, handled } = await edge({ localPaths: new Set(['/introspect']) });
    const head = `OPTIONS ${sent} HTTP/1.1\r\nHost: host\r\nConnection: close\r\n\r\n`;
    expect(await raw(port, Buffer.from(head, 'latin1'))).toMatch(/^HTTP\/1\.1 400 /);
    expect(handled).toEqual([]);
  });

  it.each(['/introspect', '/introspect/', '/introspect?x', 'http://host/introspect', 'http://host/introspect/?x'])(
    'what is for this host alone is so as %s, too',
    async (sent) => {
      const { port, handled } = await edge({ localPaths: new Set(['/introspect']) });
      const ask = (header: string) =>
        raw(port, `POST ${sent} HTTP/1.1\r\nHost: host\r\nConnection: close\r\n${header}\r\n`);
      expect(await ask('X-Forwarded-For: 203.0.113.9\r\n')).toMatch(/^HTTP\/1\.1 404 /);
      expect(handled).toEqual([]);
      expect(await ask('')).toMatch(/^HTTP\/1\.1 200 /);
    },
  );

  it('is 404 with an error body where there is nothing', async () => {
    const { url } = await edge({ rest: undefined as never });
    const answer = await get(`${url}/nothing`);
    expect(answer).toMatchObject({ status: 404, headers: { 'content-type': 'application/json' } });
    expect(errorData(answer)).toMatchObject({ hop: 'oauth-proxy', reason: 'not_found' });
  });
});

describe('health', () => {
  it('says that the process is alive', async () => {
    const { url } = await edge({ ready: () => ({ ready: false }) });
    expect(await get(`${url}/healthz`)).toMatchObject({ status: 200, text: '{"status":"ok","hop":"oauth-proxy"}' });
  });

  it('says whether the service can do its job, and to its own host why not', async () => {
    const ready = await edge();
    expect((await get(`${ready.url}/readyz`)).status).toBe(200);
    const { url } = await edge({ ready: async () => ({ ready: false, problems: ['connect_refused'] }) });
    const answer = await get(`${url}/readyz`);
    expect(answer.status).toBe(503);
    expect(JSON.parse(answer.text)).toEqual({ status: 'not_ready', hop: 'oauth-proxy', problems: ['connect_refused'] });
  });

  const details = { version: '0.0.0', time: '2026-01-01T00:00:00.000Z', disks: [] };

  it('tells its own host what it stands on', async () => {
    const { url } = await edge({ ready: () => ({ ready: true, details }) });
    expect(JSON.parse((await get(`${url}/readyz`)).text)).toMatchObject({ status: 'ready', details });
  });

  it('tells another host only if it is an insider, and asks about no other path', async () => {
    const asked: string[] = [];
    const { url } = await edge({
      clientAddress: () => '192.0.2.7',
      ready: () => ({ ready: false, problems: ['secret'], details }),
      insider: async ({ headers, url: path = '' }) => {
        asked.push(path);
        return headers.authorization === 'Bearer right';
      },
    });
    const told = async (token: string) => JSON.parse((await get(`${url}/readyz`, { authorization: token })).text);
    expect(await told('Bearer wrong')).toEqual({ status: 'not_ready', hop: 'oauth-proxy' });
    expect(await told('Bearer right')).toMatchObject({ problems: ['secret'], details });
    expect((await get(`${url}/metrics`, { authorization: 'Bearer right' })).status).toBe(404);
    expect(asked).toEqual(['/readyz', '/readyz']);
  });

  it('keeps the reason from others', async () => {
    const { url } = await edge({
      clientAddress: openClientAddress(['loopback']),
      ready: () => ({ ready: false, problems: ['secret'] }),
    });
    const { text } = await get(`${url}/readyz`, { 'x-forwarded-for': '203.0.113.9' });
    expect(text).not.toMatch(/secret/);
  });

  it('answers 500 when the check itself fails', async () => {
    const { url } = await edge({ ready: () => Promise.reject(new Error('broken')) });
    const answer = await get(`${url}/readyz`);
    expect(answer.status).toBe(500);
    expect(answer.text).not.toMatch(/broken/);
  });

  it.each(['/healthz', '/readyz', '/metrics'])('%s is not for POST', async (path) => {
    const { url } = await edge();
    expect(await send(url + path)).toMatchObject({ status: 405, headers: { allow: 'GET, HEAD' } });
  });
});

describe('metrics', () => {
  it('count requests by route and status, and those in flight', async () => {
    const { url } = await edge();
    await get(`${url}/mcp`);
    await get(`${url}/mcp`);
    await get(`${url}/x`);
    const { text } = await get(`${url}/metrics`);
    expect(text).toMatch(/arleo_http_requests_total\{route="\/mcp",status="200",hop="oauth-proxy"\} 2\n/);
    expect(text).toMatch(/arleo_http_requests_total\{route="other",status="200",hop="oauth-proxy"\} 1\n/);
    expect(text).toMatch(/arleo_http_request_seconds_count\{hop="oauth-proxy",route="\/mcp"\} 2\n/);
    expect(text).toMatch(/arleo_http_requests_in_flight\{hop="oauth-proxy"\} 1\n/);
    expect(text).toMatch(/process_resident_memory_bytes/);
  });

  it('tell a client that went away from an answer', async () => {
    const { url } = await edge({ mcp: (request) => request.socket.destroy() });
    await expect(get(`${url}/mcp`)).rejects.toThrow();
    const { text } = await get(`${url}/metrics`);
    expect(text).toMatch(/arleo_http_requests_total\{route="\/mcp",status="499",hop="oauth-proxy"\} 1\n/);
  });

  it('are for loopback alone, also through a proxy on loopback', async () => {
    const { url } = await edge({ clientAddress: openClientAddress(['loopback']) });
    expect((await get(`${url}/metrics`)).status).toBe(200);
    expect((await get(`${url}/metrics`, { 'x-forwarded-for': '203.0.113.9' })).status).toBe(404);
    expect((await get(`${url}/metrics`, { 'x-forwarded-for': '127.0.0.1, 203.0.113.9' })).status).toBe(404);
  });

  it.each(['x-forwarded-for', 'forwarded', 'x-real-ip', 'cf-connecting-ip', 'via'])(
    'are not for a request that %s marks as forwarded, whoever is trusted',
    async (header) => {
      const { url } = await edge();
      expect((await get(`${url}/metrics`, { [header]: '127.0.0.1' })).status).toBe(404);
    },
  );
});

describe('Host and Origin', () => {
  const guard = { hosts: new Set(['mcp.example', 'localhost:8083']), origins: new Set(['https://mcp.example']) };

  it.each([
    ['mcp.example', 200],
    ['MCP.example', 200],
    ['localhost:8083', 200],
    ['localhost', 403],
    ['mcp.example.evil.example', 403],
    ['evil.example', 403],
    ['mcp.example:8083', 403],
    ['', 403],
  ])('Host "%s": %i', async (host, status) => {
    const { url } = await edge({ guard });
    expect((await get(`${url}/mcp`, { host })).status).toBe(status);
    expect((await get(`${url}/authorize`, { host })).status).toBe(status);
  });

  it('health needs no known Host: a probe asks by address', async () => {
    const { url } = await edge({ guard });
    expect((await get(`${url}/healthz`)).status).toBe(200);
  });

  it.each([
    ['https://mcp.example', 200],
    ['null', 403],
    ['https://evil.example', 403],
    ['http://mcp.example', 403],
    ['https://mcp.example:444', 403],
    ['', 403],
  ])('Origin "%s" on /mcp: %i', async (origin, status) => {
    const { url } = await edge();
    const answer = await get(`${url}/mcp`, { origin });
    expect(answer.status).toBe(status);
    if (status === 403) expect(errorData(answer).reason).toBe('bad_origin');
  });
});

describe('a head that two hops could read differently', () => {
  it.each([
    ['two tokens', 'Host: x\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b'],
    ['two types', 'Host: x\r\nContent-Type: a/b\r\nContent-Type: c/d'],
    ['two hosts', 'Host: x\r\nHost: y'],
    ['two hosts in other letters', 'Host: x\r\nhOST: x'],
    ['two actors', 'Host: x\r\nArleo-Actor: a\r\nArleo-Actor: b'],
    ['two ids', 'Host: x\r\nX-Request-Id: a\r\nX-Request-Id: b'],
    ['two origins', 'Host: x\r\nOrigin: https://mcp.example\r\nOrigin: https://evil.example'],
    ['no host', 'Accept: a'],
  ])('%s: 400 for every route, and no handler is called', async (_, headers) => {
    for (const path of ['/mcp', '/authorize', '/healthz']) {
      const { port, handled } = await edge();
      const answer = await raw(port, `GET ${path} HTTP/1.1\r\nConnection: close\r\n${headers}\r\n\r\n`);
      expect(answer).toMatch(/^HTTP\/1\.1 400 [\s\S]*"reason":"bad_request"/);
      expect(handled).toEqual([]);
    }
  });

  it('a hundred headers are read, one more is refused: nobody leaves any out', async () => {
    const { port, handled } = await edge();
    const send = (count: number) =>
      raw(port, `GET /mcp HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${'a: b\r\n'.repeat(count - 2)}\r\n`);
    expect(await send(100)).toMatch(/^HTTP\/1\.1 200 /);
    expect(await send(101)).toMatch(/^HTTP\/1\.1 400 [\s\S]*more than 100 headers/);
    // Node's parser leaves out all beyond 2,000; newer ones refuse such a head themselves.
    expect(await send(2_500)).toMatch(/^HTTP\/1\.1 (?:400 [\s\S]*more than 100 headers|431 )/);
    expect(handled).toHaveLength(1);
  });

  it('HTTP/1.0 needs no Host', async () => {
    const { port } = await edge();
    expect(await raw(port, 'GET /healthz HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 /);
  });
});

describe('the client address', () => {
  it.each<[string, string[], string | undefined, string]>([
    ['nobody is trusted: the peer', [], '203.0.113.9', '127.0.0.1'],
    ['the peer is trusted: what it says', ['loopback'], '203.0.113.9', '203.0.113.9'],
    ['what the client made up itself is not believed', ['loopback'], '1.2.3.4, 203.0.113.9', '203.0.113.9'],
    [
      'further trusted proxies are passed over',
      ['loopback', '198.51.100.0/24'],
      '203.0.113.9, 198.51.100.7',
      '203.0.113.9',
    ],
    ['no header', ['loopback'], undefined, '127.0.0.1'],
    ['another peer is trusted', ['192.0.2.1'], '203.0.113.9', '127.0.0.1'],
  ])('%s', async (_, trusted, forwarded, address) => {
    const { url, seen } = await edge({ clientAddress: openClientAddress(trusted) });
    await get(`${url}/mcp`, forwarded === undefined ? {} : { 'x-forwarded-for': forwarded });
    expect(seen[0]?.clientAddress).toBe(address);
  });

  it('an address that is none is a fault of the start', () => {
    expect(() => openClientAddress(['everybody'])).toThrow(TypeError);
  });

  it('of a connection that is gone already is empty', async () => {
    const socket = new net.Socket();
    expect(openClientAddress([])({ socket } as http.IncomingMessage)).toBe('');
  });
});

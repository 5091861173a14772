import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import http, { type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AuditInput } from '@arleo/core/audit/event';
import { createMinuteLimit } from '@arleo/runtime/limits/minute-limit';
import type { AuditLog } from '@arleo/runtime/logging/audit-log';
import type { Log } from '@arleo/runtime/logging/log';
import type { Forward } from '@arleo/runtime/proxy/forward';
import type { CheckAccessToken, TokenVerdict } from './access-token.ts';
import { createMcpHandler } from './mcp-handler.ts';
import { openRefusalTrail } from './refusal-trail.ts';

const token = { sub: 'owner', clientId: 'c', scope: 'content:read', grantId: 'g', jti: 'j', kid: 'k', exp: 0 };
const { privateKey: actorKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const opened: http.Server[] = [];
afterEach(async () => {
  for (const server of opened.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

/** A promise that the test settles. */
function signal<T = void>() {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** The handler behind a real server, with a check and a way on that the test decides. */
async function openHandler(check: CheckAccessToken, forward: Forward, perMinute = 600) {
  const events: AuditInput[] = [];
  const errors: { message: string; fields: Record<string, unknown> | undefined }[] = [];
  const quiet = (): void => undefined;
  const audit: AuditLog = {
    record: (event) => void events.push(event),
    flush: async () => undefined,
    close: async () => undefined,
  };
  const log = {
    debug: quiet,
    info: quiet,
    warn: quiet,
    error: (message, fields) => void errors.push({ message, fields }),
  } as Log;
  const handler = createMcpHandler({
    issuer: 'https://mcp.example.org',
    check,
    failures: createMinuteLimit(60),
    beginnings: createMinuteLimit(600),
    calls: createMinuteLimit(perMinute),
    noteUse: quiet,
    forward,
    mcpToken: 'hmcp_x',
    actorKey,
    audit,
    trail: openRefusalTrail(audit),
    log,
  });
  const received = signal<ServerResponse>();
  const server = http.createServer((request, response) => {
    handler(request, response, {
      requestId: 'r',
      startedAt: performance.now(),
      clientAddress: '192.0.2.1',
      path: '/mcp',
    });
    received.resolve(response);
  });
  opened.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
  /** The answer to a request, read whole. */
  const send = async (init: RequestInit = {}, query = '') => {
    const response = await fetch(`${url}${query}`, { method: 'POST', ...call, ...init });
    return { status: response.status, headers: response.headers, text: await response.text() };
  };
  return { url, send, events, errors, received: received.promise };
}

const call = {
  headers: { authorization: 'Bearer a.b.c', 'content-type': 'application/json; charset=utf-8' },
  body: '{}',
};
const answer: Forward = (_request, response) => void response.end('forwarded');

describe('the handler of /mcp', () => {
  it('keeps the body for the next hop while a token is being verified', async () => {
    const verified = signal<TokenVerdict>();
    const { send } = await openHandler(
      () => verified.promise,
      (request, response) => void request.pipe(response),
    );
    const body = 'x'.repeat(1024 * 1024);
    const answered = send({ body });
    // Turns of the loop in which the body arrives, with nobody there to take it.
    for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    verified.resolve({ token });
    expect((await answered).text).toBe(body);
  });

  it('forwards and records nothing for a client that has gone while its token was being verified', async () => {
    const verified = signal<TokenVerdict>();
    let forwarded = 0;
    const { url, received, events } = await openHandler(
      () => verified.promise,
      () => {
        forwarded += 1;
      },
      0,
    );
    const client = http.request(url, { method: 'POST', agent: false, headers: call.headers });
    client.on('error', () => undefined).end('{}');
    const closed = once(await received, 'close');
    client.destroy();
    await closed;
    verified.resolve({ token });
    await new Promise((resolve) => setImmediate(resolve));
    expect(forwarded).toBe(0);
    expect(events).toEqual([]);
  });

  it.each<[string, CheckAccessToken, Forward]>([
    [
      'a state that cannot be read',
      () => {
        throw new Error('MDB_CORRUPTED');
      },
      answer,
    ],
    ['a state that cannot be read any more', () => Promise.reject(new Error('MDB_CORRUPTED')), answer],
    [
      'a way on that throws, before the first await',
      () => ({ token }),
      () => {
        throw new Error('MDB_CORRUPTED');
      },
    ],
    [
      'a way on that throws, after it',
      async () => ({ token }),
      () => {
        throw new Error('MDB_CORRUPTED');
      },
    ],
  ])('answers %s with 500, and not with a 401 that would cost the client its token', async (_what, check, forward) => {
    const { send, errors } = await openHandler(check, forward);
    const { status, headers, text } = await send();
    expect(status).toBe(500);
    expect(headers.has('www-authenticate')).toBe(false);
    expect(text).not.toContain('MDB_CORRUPTED');
    expect(JSON.parse(text).error.data).toMatchObject({ hop: 'oauth-proxy', reason: 'internal' });
    expect(errors).toEqual([
      expect.objectContaining({
        fields: { request_id: 'r', error: expect.objectContaining({ message: 'MDB_CORRUPTED' }) },
      }),
    ]);
  });

  it('refuses a token in the query as RFC 6750 says, whatever stands in the header', async () => {
    const { send } = await openHandler(() => ({ token }), answer);
    for (const query of ['?access_token=a.b.c', '?x=1&access_token=', '?ACCESS_TOKEN=a']) {
      const { status, headers } = await send({}, query);
      expect(status).toBe(400);
      expect(headers.get('www-authenticate')).toMatch(/^Bearer error="invalid_request", /);
    }
    expect((await send({}, '?no_access_token=1')).status).toBe(200);
  });

  it.each([
    ['application/json', 200],
    ['Application/JSON', 200],
    ['application/json; charset=utf-8', 200],
    ['application/json ;x=y', 200],
    ['application/jsonp', 415],
    ['text/json', 415],
    ['x, application/json', 415],
    [undefined, 415],
  ])('takes content type %s: %s', async (type, status) => {
    const { send } = await openHandler(() => ({ token }), answer);
    const headers = { authorization: 'Bearer a.b.c', ...(type && { 'content-type': type }) };
    expect((await send({ body: new TextEncoder().encode('{}'), headers })).status).toBe(status);
  });

  it.each(['PUT', 'PATCH', 'OPTIONS'])('refuses %s before it looks at the token', async (method) => {
    const { send } = await openHandler(() => Promise.reject(new Error('looked')), answer);
    const { status, headers } = await send({ method });
    expect(status).toBe(405);
    expect(headers.get('allow')).toBe('POST');
  });

  it.each([
    ['bearer a.b.c', 200],
    ['Bearer   a.b.c', 200],
    ['Bearer a.b.c d', 401],
    ['Bearer a,b', 401],
    ['Bearer', 401],
    ['Basic YTpi', 401],
    ['', 401],
  ])('reads the Authorization header "%s": %s', async (authorization, status) => {
    const { send } = await openHandler(() => ({ token }), answer);
    expect((await send({ headers: { ...call.headers, authorization } })).status).toBe(status);
  });

  it('records the first call of a subject over its limit, not those after it', async () => {
    const { send, events } = await openHandler(() => ({ token }), answer, 1);
    const statuses: number[] = [];
    for (let sent = 0; sent < 4; sent += 1) statuses.push((await send()).status);
    expect(statuses).toEqual([200, 429, 429, 429]);
    expect(events.filter(({ event_type: type }) => type === 'call.refused')).toEqual([
      expect.objectContaining({ reason: 'rate_limited', actor: { sub: 'owner', client_id: 'c' } }),
    ]);
  });
});

import { once } from 'node:events';
import { createServer, get, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AuditInput } from '@arleo/core/audit/event';
import type { Reason } from '@arleo/core/reasons';
import { auditCall } from './audit-call.ts';

let server: Server;
let recorded: Promise<AuditInput>;

async function start(answer: RequestListener, failure?: Reason): Promise<string> {
  recorded = new Promise((resolve) => {
    const audit = { record: resolve, flush: async () => {}, close: async () => {} };
    server = createServer((request, response) => {
      const context = {
        requestId: 'request-1',
        startedAt: performance.now(),
        clientAddress: '192.0.2.1',
        path: '/mcp',
        ...(failure && { failure }),
      };
      auditCall(audit, request, response, context, { sub: 'owner', client_id: 'claude' });
      answer(request, response);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`;
}
afterEach(() => new Promise((resolve) => server.close(resolve)));

test('records who called what, how it ended and how long it took', async () => {
  const url = await start((_, response) => response.end('{}'));
  const headers = {
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': 'tools/call',
    'mcp-name': 'get_page',
    'user-agent': 'Claude-User',
  };
  await (await fetch(url, { headers })).text();
  expect(await recorded).toEqual({
    event_type: 'call.forwarded',
    actor: { sub: 'owner', client_id: 'claude' },
    resource: 'tools/call get_page',
    result: 'success',
    client_ip: '192.0.2.1',
    user_agent: 'Claude-User',
    request_id: 'request-1',
    duration_ms: expect.any(Number),
    details: { status: 200 },
  });
});

test.each([undefined, '2025-11-25', '2025-06-18'])(
  'what nobody compares with the body is not recorded as the call: revision %s',
  async (revision) => {
    const url = await start((_, response) => response.end('{}'));
    const headers = { 'mcp-method': 'tools/list', ...(revision && { 'mcp-protocol-version': revision }) };
    await (await fetch(url, { headers })).text();
    expect(await recorded).toMatchObject({ resource: null });
  },
);

test.each([
  [403, 'denied'],
  [404, 'success'],
  [502, 'failure'],
])('an answer of %i counts as %s', async (status, result) => {
  const url = await start((_, response) => response.writeHead(status).end());
  await (await fetch(url)).text();
  expect(await recorded).toMatchObject({ result, resource: null, details: { status } });
});

test('a client that went away before the end is told apart', async () => {
  const url = await start((_, response) => response.writeHead(200).write('half'));
  get(url, { agent: false }, (response) => response.once('data', () => response.destroy())).on('error', () => {});
  expect(await recorded).toMatchObject({ result: 'failure', reason: 'client_gone' });
});

test('a call that this hop could not complete says why, and not that the client went away', async () => {
  const url = await start((_, response) => {
    response.writeHead(200).write('half');
    setImmediate(() => response.destroy());
  }, 'call_timeout');
  await expect(fetch(url).then((answer) => answer.text())).rejects.toThrow();
  expect(await recorded).toMatchObject({ result: 'failure', reason: 'call_timeout' });
});

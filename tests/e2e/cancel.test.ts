import { EventEmitter, once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { mcpHeaders } from './mcp.ts';
import { grant } from './oauth.ts';
import { startTestStack, type TestStack } from './start.ts';
import { auditEvents } from './trail.ts';

/** In the place of hugo-mcp-server, with its certificate: takes calls, begins an event stream or says nothing, and waits. */
let stack: TestStack;
let token: string;
let standIn: Server;
let streams = false;
const calls = new EventEmitter();

beforeAll(async () => {
  stack = await startTestStack();
  token = (await grant(stack.addresses.issuer, { passphrase: stack.state.passphrase })).accessToken;
  await stack.service('hugo-mcp-server').stop();
  const [key, cert] = await Promise.all([readFile(stack.layout.tlsKey), readFile(stack.layout.tlsCert)]);
  standIn = createServer({ key, cert }, (request, response: ServerResponse) => {
    if (request.method !== 'POST') return void response.end();
    request.resume();
    response.once('close', () => calls.emit('gone', request.headers));
    if (streams) response.writeHead(200, { 'content-type': 'text/event-stream' }).write(': open\n\n');
    calls.emit('taken');
  });
  const { port } = new URL(stack.addresses.hugoMcpUrl);
  await new Promise<void>((resolve) => standIn.listen(Number(port), '127.0.0.1', resolve));
});
afterAll(async () => {
  standIn?.closeAllConnections();
  await new Promise((resolve) => standIn?.close(resolve));
  await stack?.dispose();
});

const eras = {
  '2025-11-25': { headers: {}, params: {} },
  '2026-07-28': {
    headers: { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': 'build_site' },
    params: {
      _meta: {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientCapabilities': {},
      },
    },
  },
} as const;

test.each([
  ['2025-11-25', 'before its answer', false],
  ['2025-11-25', 'in the middle of its event stream', true],
  ['2026-07-28', 'before its answer', false],
  ['2026-07-28', 'in the middle of its event stream', true],
] as const)(
  '[R-CANCEL] %s: a call that the client gives up %s is given up by every hop',
  async (era, _when, stream) => {
    streams = stream;
    const { headers, params } = eras[era];
    const abort = new AbortController();
    const taken = once(calls, 'taken');
    const gone = once(calls, 'gone');
    const call = fetch(stack.addresses.mcpUrl, {
      method: 'POST',
      headers: { ...mcpHeaders(token), ...headers },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'build_site', ...params } }),
      signal: abort.signal,
    });
    call.catch(() => undefined);
    await taken;
    if (stream) await (await call).body?.getReader().read();
    abort.abort();
    const [seen] = await gone;

    for (const hop of ['oauth-proxy', 'hugo-mcp-proxy'] as const) {
      const own = async () =>
        (await auditEvents(stack, hop)).find(({ request_id }) => request_id === seen['x-request-id']);
      while ((await own()) === undefined) await new Promise((resolve) => setTimeout(resolve, 20));
      expect(await own()).toMatchObject({ event_type: 'call.forwarded', result: 'failure', reason: 'client_gone' });
    }
  },
);

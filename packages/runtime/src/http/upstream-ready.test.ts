import http, { type RequestListener } from 'node:http';
import net from 'node:net';
import { freePort } from '../../../core/test/free-port.ts';
import { listen } from '../../test/servers.ts';
import { createUpstreamReady } from './upstream-ready.ts';

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close();
});

/** What asks the server at this port; `answerMs` is long unless a test is about it. */
function readiness(port: number, limits: { believedMs?: number; answerMs?: number } = {}) {
  const agent = new http.Agent({ keepAlive: true });
  opened.push({ close: async () => agent.destroy() });
  return createUpstreamReady(new URL(`http://127.0.0.1:${port}/mcp`), agent, { answerMs: 20_000, ...limits });
}

async function asking(listener: RequestListener, limits = {}) {
  const server = await listen(http.createServer(listener));
  opened.push(server);
  return { ...server, ready: readiness(server.port, limits) };
}

/** Asks something that does with its connections what it likes. */
async function askingRaw(onConnection: (socket: net.Socket) => void, limits = {}) {
  const server = await listen(net.createServer((socket) => onConnection(socket.on('error', () => undefined))));
  opened.push(server);
  return { ...server, ready: readiness(server.port, limits) };
}

const problem = (port: number, text: RegExp) => ({
  ready: false,
  problems: [expect.stringMatching(new RegExp(`^http://127\\.0\\.0\\.1:${port}: ${text.source}`))],
});

it('is ready while the next hop says so, asked at its /readyz', async () => {
  const asked: unknown[] = [];
  const { ready } = await asking((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.end('{}');
  });
  expect(await ready()).toEqual({ ready: true });
  expect(asked).toEqual(['GET /readyz']);
});

it.each([503, 500, 404, 302, 204])('is not ready when the next hop answers %i', async (status) => {
  const { port, ready } = await asking((_request, response) => response.writeHead(status).end());
  expect(await ready()).toEqual(problem(port, new RegExp(`/readyz answered ${status}$`)));
});

it('asks once for many who want to know at the same time, and again for those who come later', async () => {
  let asked = 0;
  const { ready } = await asking(
    (_request, response) => {
      asked += 1;
      response.writeHead(asked === 1 ? 503 : 200).end();
    },
    { believedMs: 50 },
  );
  const answers = await Promise.all(Array.from({ length: 100 }, () => ready()));
  expect(new Set(answers.map((answer) => answer.ready))).toEqual(new Set([false]));
  expect(asked).toBe(1);
  while (!(await ready()).ready) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(asked).toBe(2);
});

it('names what is wrong with a next hop that cannot be asked', async () => {
  const port = await freePort();
  expect(await readiness(port)()).toEqual(problem(port, /connect_refused: /));
});

it('is not ready when the next hop says nothing', async () => {
  const { port, ready } = await askingRaw(() => undefined, { answerMs: 100 });
  expect(await ready()).toEqual(problem(port, /first_byte_timeout: no answer within 0\.1 s$/));
});

it.each<[string, (socket: net.Socket) => void, RegExp]>([
  ['closes', (socket) => socket.once('data', () => socket.end()), /upstream_closed: /],
  ['resets', (socket) => socket.once('data', () => socket.resetAndDestroy()), /upstream_closed: /],
  ['speaks no HTTP', (socket) => socket.write('SSH-2.0-x\r\n'), /upstream_invalid: /],
])('is not ready when the next hop %s', async (_, act, text) => {
  const { port, ready } = await askingRaw(act);
  expect(await ready()).toEqual(problem(port, text));
});

it.each([
  ['a head that never ends', 'HTTP/1.1 200 OK\r\nX: ', { ready: false }, 100],
  ['a body that never ends', 'HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n', { ready: true }, 2_000],
])('%s, byte by byte, is waited for no longer, and its connection is closed', async (_, begin, verdict, answerMs) => {
  let closed = () => {};
  const gone = new Promise<void>((resolve) => {
    closed = resolve;
  });
  const { ready } = await askingRaw(
    (socket) => {
      socket.once('data', () => socket.write(begin));
      const drip = setInterval(() => socket.write('x'), 10);
      socket.once('close', () => {
        clearInterval(drip);
        closed();
      });
    },
    { answerMs },
  );
  expect(await ready()).toMatchObject(verdict);
  await gone;
});

import { once } from 'node:events';
import http, { type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import type { EdgeHandler } from '@arleo/runtime/http/edge';
import { createBoundSenders } from './bound-senders.ts';

let server: Server;
const sockets: Socket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

async function start(handler: EdgeHandler, bodyMs?: number): Promise<void> {
  const bounded = createBoundSenders(2)(handler, bodyMs === undefined ? {} : { bodyMs });
  server = http.createServer((request, response) => {
    const clientAddress = String(request.headers['x-from'] ?? '192.0.2.1');
    bounded(request, response, { requestId: 'r', startedAt: 0, clientAddress, path: '/token' });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
}

/** Sends a head that promises five bytes, and those of `body`. */
function send(body: string, from = '192.0.2.1'): { socket: Socket; answer: Promise<string>; closed: Promise<unknown> } {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').setEncoding('utf8');
  sockets.push(socket.on('error', () => undefined));
  socket.write(`POST /token HTTP/1.1\r\nHost: x\r\nX-From: ${from}\r\nContent-Length: 5\r\n\r\n${body}`);
  const answer = once(socket, 'data').then(([text]) => String(text).slice(0, 12));
  return { socket, answer, closed: new Promise((resolve) => socket.once('close', resolve)) };
}

/** Answers once the body is there. */
const echo: EdgeHandler = (request, response) => {
  request.resume().on('error', () => undefined);
  request.on('end', () => response.end());
};

test('an address has room for so many unfinished bodies, another has its own, and what ends makes room', async () => {
  const seen: (() => void)[] = [];
  await start((...call) => {
    seen.shift()?.();
    echo(...call);
  });
  const arrived = () => new Promise<void>((resolve) => seen.push(resolve));
  const waits = [arrived(), arrived()];
  const [first, second] = [send('h'), send('h')];
  await Promise.all(waits);
  const third = send('h');
  expect(await third.answer).toBe('HTTP/1.1 429');
  await third.closed;
  expect(await send('whole', '192.0.2.2').answer).toBe('HTTP/1.1 200');
  first.socket.write('alf.');
  expect(await first.answer).toBe('HTTP/1.1 200');
  expect(await send('whole').answer).toBe('HTTP/1.1 200');
  const gone = new Promise((resolve) => server.once('connection', resolve));
  second.socket.destroy();
  expect(await send('whole').answer).toBe('HTTP/1.1 200');
  await gone;
});

test('a body that does not come ends its connection, also one that nobody waits for any more', async () => {
  await start(echo, 20);
  const slow = send('h');
  expect(await slow.answer).toBe('HTTP/1.1 408');
  await slow.closed;
  await new Promise((resolve) => server.close(resolve));
  await start((_request, response) => response.writeHead(401, { 'Content-Length': 0 }).end(), 20);
  const answered = send('h');
  expect(await answered.answer).toBe('HTTP/1.1 401');
  await answered.closed;
});

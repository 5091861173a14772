import type { ServerResponse } from 'node:http';
import net from 'node:net';
import { open } from '../../test/client.ts';
import { signal } from '../../test/servers.ts';
import { type RunningServer, serve } from './serve.ts';

let server: RunningServer;
afterEach(() => server.close());

const post = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n';

/** A server that leaves the first `count` requests unanswered, and keeps their answers. */
async function unanswering(count: number) {
  const waiting: ServerResponse[] = [];
  const all = signal();
  let closed = 0;
  const allClosed = signal();
  server = await serve({
    hop: 'hugo-mcp-proxy',
    host: '127.0.0.1',
    port: 0,
    drainMs: 20_000,
    limits: { idleGraceMs: 10 },
    listener: (_request, response) => {
      response.on('close', () => {
        closed += 1;
        if (closed === count) allClosed.resolve();
      });
      if (waiting.push(response) === count) all.resolve();
    },
  });
  return { waiting, all: all.promise, allClosed: allClosed.promise, closed: () => closed };
}

describe('requests sent one after the other without waiting for an answer', () => {
  it('are all told, each once, that their client has gone, whether or not their turn had come', async () => {
    const { waiting, all, allClosed, closed } = await unanswering(20);
    const client = net.connect(server.port, '127.0.0.1');
    client.write(post.repeat(20));
    await all;
    client.destroy();
    await allClosed;
    expect(waiting.map(({ destroyed }) => destroyed)).toEqual(Array(20).fill(true));
    await server.close();
    expect(closed()).toBe(20);
  });
});

it('when the server has stopped, everybody was told of the end of what was cut off', async () => {
  const told: string[] = [];
  const begun = signal();
  server = await serve({
    hop: 'hugo-mcp-proxy',
    host: '127.0.0.1',
    port: 0,
    drainMs: 0,
    listener: (_request, response) => {
      response.once('close', () => told.push('answer'));
      response.writeHead(200).write('half');
      begun.resolve();
    },
  });
  const { response } = await open(server.url);
  response.on('error', () => undefined);
  await begun.promise;
  await server.close();
  told.push('server');
  expect(told).toEqual(['answer', 'server']);
});

import http, { type RequestListener } from 'node:http';
import https from 'node:https';
import net from 'node:net';
import tls from 'node:tls';
import { certificateWorkshop } from '../../test/certificates.ts';
import { open, raw, send } from '../../test/client.ts';
import { signal } from '../../test/servers.ts';
import { type RunningServer, type ServeLimits, serve } from './serve.ts';

const opened: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

async function running(
  listener: RequestListener,
  limits: Partial<ServeLimits> = {},
  more: { drainMs?: number; tls?: { key: string; cert: string } } = {},
): Promise<RunningServer> {
  const server = await serve({
    hop: 'oauth-proxy',
    listener,
    host: '127.0.0.1',
    port: 0,
    drainMs: 20_000,
    limits,
    ...more,
  });
  opened.push(() => server.close());
  return server;
}

function keepAlive(): http.Agent {
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  opened.push(() => agent.destroy());
  return agent;
}

/** Resolves when the server takes no new connection any more. */
async function refusing({ port }: RunningServer): Promise<void> {
  const refused = () =>
    new Promise<boolean>((resolve) => {
      const probe = net.connect(port, '127.0.0.1', () => probe.destroy());
      probe.once('error', () => resolve(true)).once('close', () => resolve(false));
    });
  while (!(await refused()));
}

const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}';

/** The parts of an error answer that was read as bytes. */
function refusal(answer: string): { status: number; reason: string; sameId: boolean } {
  const id = new RegExp(`\r\nX-Request-Id: (${uuid})\r\n`, 'i').exec(answer)?.[1];
  const { data } = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4)).error;
  expect(data.hop).toBe('oauth-proxy');
  return {
    status: Number(answer.split(' ')[1]),
    reason: data.reason,
    sameId: id !== undefined && id === data.request_id,
  };
}

describe('bytes that are no request', () => {
  it.each([
    ['no HTTP', 'hello\r\n\r\n', 400],
    ['an unknown version', 'GET / HTTP/3.7\r\n\r\n', 400],
    ['a header name with a space', 'GET / HTTP/1.1\r\nHost : x\r\n\r\n', 400],
    ['a folded header', 'GET / HTTP/1.1\r\nHost: x\r\n y\r\n\r\n', 400],
    ['a bare line feed', 'GET / HTTP/1.1\nHost: x\n\n', 400],
    ['a NUL in a header', 'GET / HTTP/1.1\r\nHost: x\0y\r\n\r\n', 400],
    ['two lengths', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na', 400],
    [
      'a length and chunks',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    ['a length that is no number', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\na', 400],
    ['a head over the limit', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    ['a tunnel', 'CONNECT evil.example:443 HTTP/1.1\r\nHost: x\r\n\r\n', 405],
  ])('%s: an answer with a request id, and the connection is closed', async (_, bytes, status) => {
    const { port } = await running((_request, response) => response.end());
    const reason = status === 405 ? 'method_not_allowed' : 'bad_request';
    expect(refusal(await raw(port, bytes))).toEqual({ status, reason, sameId: true });
  });

  it('chunks that are none: 400, if nothing was answered yet', async () => {
    const { port } = await running((request) => void request.resume());
    const answer = await raw(port, 'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n');
    expect(refusal(answer)).toEqual({ status: 400, reason: 'bad_request', sameId: true });
  });

  it('after a good request on the same connection: 400 all the same', async () => {
    const { port } = await running((_request, response) => response.end('well'));
    const client = net.connect(port, '127.0.0.1').setEncoding('utf8');
    const next = () => new Promise<string>((resolve) => client.once('data', (data) => resolve(String(data))));
    client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(await next()).toMatch(/^HTTP\/1\.1 200 /);
    client.write('hello\r\n\r\n');
    expect(refusal(await next())).toMatchObject({ status: 400, sameId: true });
    client.destroy();
  });

  it('in the middle of an answer: the connection is cut, so that they are not taken for a part of it', async () => {
    const begun = signal();
    const { port } = await running((_request, response) => {
      response.writeHead(200).write('half');
      begun.resolve();
    });
    const client = net.connect(port, '127.0.0.1');
    let answer = '';
    client.setEncoding('utf8').on('data', (text) => {
      answer += text;
      if (answer.includes('half')) client.write('hello\r\n\r\n');
    });
    client.on('error', () => undefined);
    client.write('POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
    await begun.promise;
    await new Promise((resolve) => client.once('close', resolve));
    expect(answer).not.toMatch(/error/);
  });
});

describe('slow and many clients', () => {
  it.each([
    ['a head that does not end', 'GET / HTTP/1.1\r\nHost: x\r\n'],
    ['a body that does not end', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab'],
  ])('%s: 408', async (_, bytes) => {
    const limits = { headersMs: 50, requestMs: 50, checkMs: 10 };
    const { port } = await running((request) => void request.resume(), limits);
    expect(refusal(await raw(port, bytes))).toEqual({ status: 408, reason: 'request_timeout', sameId: true });
  });

  it('connections that say nothing are closed, all of them, and somebody else is served meanwhile', async () => {
    const limits = { headersMs: 1_000, requestMs: 1_000, checkMs: 10 };
    const { port, url } = await running((_request, response) => response.end('well'), limits);
    const silent = Array.from({ length: 200 }, () => raw(port, ''));
    expect((await send(url)).text).toBe('well');
    for (const answer of await Promise.all(silent)) expect(answer).toMatch(/^(HTTP\/1\.1 408 |$)/);
    expect((await send(url)).text).toBe('well');
  });

  it('a head that comes drop by drop is not given more time by each drop', async () => {
    const { port } = await running((_request, response) => response.end(), {
      headersMs: 50,
      requestMs: 50,
      checkMs: 10,
    });
    const client = net.connect(port, '127.0.0.1').setEncoding('utf8');
    client.write('GET / HTTP/1.1\r\nHost: x\r\n');
    const drops = setInterval(() => client.write('X-A: b\r\n'), 10);
    const answer = await new Promise<string>((resolve) => {
      client.once('data', (data) => resolve(String(data)));
      client.once('close', () => resolve(''));
      client.on('error', () => undefined);
    });
    clearInterval(drops);
    client.destroy();
    expect(answer).toMatch(/^(HTTP\/1\.1 408 |$)/);
  });

  it('more connections than there may be are closed at once, the others are served', async () => {
    const { port, url } = await running((_request, response) => response.end('well'), { maxConnections: 1 });
    const agent = keepAlive();
    expect((await send(url, { agent })).text).toBe('well');
    await expect(raw(port, 'GET / HTTP/1.1\r\nHost: x\r\n\r\n')).resolves.toBe('');
    expect((await send(url, { agent })).text).toBe('well');
  });

  it('a connection is closed after the answer to its last allowed request', async () => {
    const { url } = await running((_request, response) => response.end(), { maxRequestsPerSocket: 2 });
    const agent = keepAlive();
    const connections = [];
    for (let round = 0; round < 3; round += 1) connections.push((await send(url, { agent })).headers.connection);
    expect(connections).toEqual(['keep-alive', 'close', 'keep-alive']);
  });

  it('an expectation that nobody knows is answered by the listener like any other request', async () => {
    const { url } = await running((_request, response) => response.end('well'));
    expect((await send(url, { headers: { Expect: 'tea' } })).text).toBe('well');
  });
});

describe('stopping', () => {
  it('answers what is in flight, closes its connection, then accepts nobody', async () => {
    const [arrived, go] = [signal(), signal()];
    const server = await running(async (_request, response) => {
      arrived.resolve();
      await go.promise;
      response.end('well');
    });
    const answer = send(server.url, { agent: keepAlive() });
    await arrived.promise;
    const closed = server.close();
    expect(server.draining()).toBe(true);
    go.resolve();
    expect(await answer).toMatchObject({ status: 200, text: 'well', headers: { connection: 'close' } });
    await closed;
    await expect(send(server.url)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('lets a stream that has begun come to its end', async () => {
    const go = signal();
    const server = await running(
      async (_request, response) => {
        response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write('data: 1\n\n');
        await go.promise;
        response.end('data: 2\n\n');
      },
      { idleGraceMs: 10 },
    );
    const { next } = await open(server.url);
    expect(await next()).toBe('data: 1\n\n');
    const closed = server.close();
    // Long after the grace for unused connections.
    await new Promise((resolve) => setTimeout(resolve, 100));
    go.resolve();
    expect(await next()).toBe('data: 2\n\n');
    expect(await next()).toBeUndefined();
    await closed;
  });

  it('still serves a request that arrives on a kept-alive connection', async () => {
    const server = await running((_request, response) => response.end('well'), { idleGraceMs: 5_000 });
    const agent = keepAlive();
    expect((await send(server.url, { agent })).headers.connection).toBe('keep-alive');
    const closed = server.close();
    await refusing(server);
    expect(await send(server.url, { agent })).toMatchObject({ text: 'well', headers: { connection: 'close' } });
    await closed;
  });

  it('still serves a request whose head comes slowly, longer than an unused connection would be kept', async () => {
    const server = await running((_request, response) => response.end('well'), { idleGraceMs: 1_000 });
    const client = net.connect(server.port, '127.0.0.1');
    const answer = new Promise<string>((resolve) => {
      let text = '';
      client.setEncoding('utf8').on('data', (part) => {
        text += part;
      });
      client.on('end', () => resolve(text));
    });
    await new Promise<void>((resolve) => client.write('POST / HTTP/1.1\r\nHost: x', () => resolve()));
    const closed = server.close();
    for (let part = 0; part < 15; part += 1) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      client.write('x');
    }
    client.write('\r\nContent-Length: 0\r\n\r\n');
    expect(await answer).toMatch(/^HTTP\/1\.1 200 [\s\S]*well$/);
    client.destroy();
    await closed;
  });

  it('closes connections that nobody uses', async () => {
    const server = await running((_request, response) => response.end('well'), { idleGraceMs: 20 });
    const agent = keepAlive();
    await send(server.url, { agent });
    const silent = net.connect(server.port, '127.0.0.1');
    await new Promise((resolve) => silent.once('connect', resolve));
    const ended = new Promise((resolve) => silent.resume().once('end', resolve));
    await server.close();
    await ended;
    expect(Object.values(agent.freeSockets)).toEqual([]);
  });

  it('cuts off what does not end in time', async () => {
    const server = await running(
      (_request, response) => void response.writeHead(200).write('half'),
      {},
      { drainMs: 50 },
    );
    const { response } = await open(server.url);
    const broken = new Promise((resolve) => response.once('error', resolve));
    response.resume();
    await server.close();
    expect(await broken).toMatchObject({ code: 'ECONNRESET' });
  });

  it('closes once, however often it is asked', async () => {
    const server = await running((_request, response) => response.end());
    expect(server.close()).toBe(server.close());
    await server.close();
  });
});

describe('over TLS', () => {
  it('serves, and stops in the same way, cutting off handshakes that do not end', async () => {
    const workshop = await certificateWorkshop();
    opened.push(() => workshop.dispose());
    const identity = await workshop.make();
    const [arrived, go] = [signal(), signal()];
    const server = await running(
      async (_request, response) => {
        arrived.resolve();
        await go.promise;
        response.end('well');
      },
      { idleGraceMs: 20, headersMs: 60_000 },
      { tls: identity, drainMs: 300 },
    );
    expect(server.url).toMatch(/^https:/);
    const agent = new https.Agent({ keepAlive: true, ca: identity.cert });
    opened.push(() => agent.destroy());
    const silent = net.connect(server.port, '127.0.0.1');
    const cut = new Promise((resolve) => silent.on('error', () => undefined).once('close', resolve));
    const answer = send(server.url, { agent });
    await arrived.promise;
    const closed = server.close();
    go.resolve();
    expect(await answer).toMatchObject({ text: 'well', headers: { connection: 'close' } });
    await closed;
    await cut;
  });

  it('refuses TLS 1.1', async () => {
    const workshop = await certificateWorkshop();
    opened.push(() => workshop.dispose());
    const server = await running((_request, response) => response.end(), {}, { tls: await workshop.make() });
    const options = { port: server.port, host: '127.0.0.1', rejectUnauthorized: false, ciphers: 'ALL@SECLEVEL=0' };
    const socket = tls.connect({ ...options, minVersion: 'TLSv1', maxVersion: 'TLSv1.1' });
    await expect(
      new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject)),
    ).rejects.toThrow();
  });
});

it('a port that is taken is an error of the start', async () => {
  const { port } = await running((_request, response) => response.end());
  await expect(
    serve({ hop: 'oauth-proxy', listener: () => undefined, host: '127.0.0.1', port, drainMs: 0 }),
  ).rejects.toMatchObject({ code: 'EADDRINUSE' });
});

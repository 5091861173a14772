import http, { type IncomingMessage, type RequestListener } from 'node:http';
import net from 'node:net';
import type { Reason } from '@arleo/core/reasons';
import { errorData, open, raw, send } from '../../test/client.ts';
import { freePort, type Listening, listen, signal } from '../../test/servers.ts';
import { createForwarder, type ForwarderOptions, type ForwardLimits } from './forward.ts';

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close();
});

async function started(server: net.Server): Promise<Listening> {
  const listening = await listen(server);
  opened.push(listening);
  return listening;
}

/** Limits that no test reaches unless it says so: a failure must never come from a slow machine. */
const patient: ForwardLimits = {
  connectMs: 20_000,
  firstByteMs: 20_000,
  idleMs: 20_000,
  callMs: 60_000,
  maxBodyBytes: 1024,
  discardBytes: 64 * 1024,
};

interface Hop extends Listening {
  failures: { reason: Reason; error: Error | undefined }[];
  failed: Promise<Reason>;
}

async function hop(upstreamPort: number, limits: Partial<ForwardLimits> = {}, more: Partial<ForwarderOptions> = {}) {
  const failures: Hop['failures'] = [];
  const failed = signal<Reason>();
  const agent = new http.Agent({ keepAlive: true });
  const forward = createForwarder({
    hop: 'hugo-mcp-proxy',
    target: new URL(`http://127.0.0.1:${upstreamPort}/mcp`),
    agent,
    limits: { ...patient, ...limits },
    onFailure: (reason, error) => {
      failures.push({ reason, error });
      failed.resolve(reason);
    },
    ...more,
  });
  const server = await started(
    http.createServer((request, response) => {
      const context = { requestId: 'r1', startedAt: performance.now(), clientAddress: '127.0.0.1' };
      forward(request, response, context, ['authorization', 'Bearer hop', 'x-request-id', 'r1']);
    }),
  );
  opened.push({ close: async () => agent.destroy() });
  return { ...server, failures, failed: failed.promise };
}

/** A hop in front of an upstream that answers with `listener`. */
async function hopTo(
  listener: RequestListener,
  limits: Partial<ForwardLimits> = {},
  more: Partial<ForwarderOptions> = {},
) {
  return hop((await started(http.createServer(listener))).port, limits, more);
}

/** A hop in front of an upstream that does with its connections what it likes. */
async function hopToRaw(onConnection: (socket: net.Socket) => void, limits: Partial<ForwardLimits> = {}) {
  const server = net.createServer((socket) => {
    socket.on('error', () => undefined);
    onConnection(socket);
  });
  return hop((await started(server)).port, limits);
}

function readAll(request: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk)).on('end', () => resolve(Buffer.concat(chunks)));
  });
}

describe('what passes', () => {
  it('only the headers of the contract go to the next hop', async () => {
    const seen = signal<string[]>();
    const { url } = await hopTo((request, response) => {
      seen.resolve(request.rawHeaders);
      response.end();
    });
    await send(`${url}/mcp?x=1`, {
      body: '{}',
      headers: {
        Accept: 'application/json',
        'Accept-Encoding': 'gzip',
        Authorization: 'Bearer of-the-client',
        'Arleo-Actor': 'forged',
        Cookie: 'a=b',
        'Content-Type': 'application/json',
        'Content-Length': 2,
        Forwarded: 'for=1.2.3.4',
        'Last-Event-ID': '7',
        'MCP-Protocol-Version': '2026-07-28',
        'Mcp-Method': 'tools/call',
        'Mcp-Name': 'get_page',
        'Mcp-Param-Region': 'eu',
        'Mcp-Session-Id': 's',
        'User-Agent': 'Claude-User',
        'X-Forwarded-For': '1.2.3.4',
        'X-Request-Id': 'of-the-client',
      },
    });
    const headers = await seen.promise;
    const pairs = Array.from({ length: headers.length / 2 }, (_, i) => `${headers[2 * i]}: ${headers[2 * i + 1]}`);
    expect(pairs.filter((pair) => !pair.startsWith('host: '))).toEqual([
      'accept: application/json',
      'content-type: application/json',
      'content-length: 2',
      'last-event-id: 7',
      'mcp-protocol-version: 2026-07-28',
      'mcp-method: tools/call',
      'mcp-name: get_page',
      'mcp-param-region: eu',
      'mcp-session-id: s',
      'user-agent: Claude-User',
      'authorization: Bearer hop',
      'x-request-id: r1',
      'Connection: keep-alive',
    ]);
  });

  it('only the headers of the contract come back, with the request id and one more Server-Timing entry', async () => {
    const { url } = await hopTo((_request, response) => {
      response
        .writeHead(200, {
          'Cache-Control': 'private',
          'Content-Type': 'application/json',
          'Mcp-Session-Id': 's',
          'Retry-After': '3',
          'Server-Timing': 'hugo-mcp-server;dur=1.0',
          'Set-Cookie': 'a=b',
          'WWW-Authenticate': 'Bearer',
          'X-Powered-By': 'x',
          'X-Request-Id': 'another',
        })
        .end('{}');
    });
    const { headers } = await send(url);
    const { date, connection, 'keep-alive': _, 'server-timing': timing, ...rest } = headers;
    expect(rest).toEqual({
      'cache-control': 'private',
      'content-type': 'application/json',
      'mcp-session-id': 's',
      'retry-after': '3',
      'transfer-encoding': 'chunked',
      'x-request-id': 'r1',
    });
    expect(timing).toMatch(/^hugo-mcp-server;dur=1\.0, hugo-mcp-proxy;dur=\d+\.\d$/);
  });

  it.each([400, 404, 405, 406, 422, 429, 500, 503])('status and body of a %i, untouched', async (status) => {
    const body = '{"jsonrpc":"2.0","id":1,"error":{"code":-32020,"message":"é"}}';
    const { url, failures } = await hopTo((_request, response) => response.writeHead(status).end(body));
    expect(await send(url)).toMatchObject({ status, text: body });
    expect(failures).toEqual([]);
  });

  it('the challenge of a 403, and what this hop adds to it', async () => {
    const { url } = await hopTo(
      (_request, response) => response.writeHead(403, { 'WWW-Authenticate': 'Bearer error="x"' }).end(),
      {},
      { mapAnswerHeaders: (status, headers) => headers.map((part) => part.replace('"x"', `"x", seen="${status}"`)) },
    );
    expect((await send(url)).headers['www-authenticate']).toBe('Bearer error="x", seen="403"');
  });

  it.each(['GET', 'DELETE', 'POST'])('%s without a body, sent as one without a body', async (method) => {
    const { url } = await hopTo(async (request, response) => {
      const body = await readAll(request);
      response.end(`${request.method} ${request.url} ${request.headers['transfer-encoding']} ${body.length}`);
    });
    expect((await send(url, { method })).text).toBe(`${method} /mcp undefined 0`);
  });

  it.each([
    ['with a length', (body: Buffer) => ({ 'Content-Length': body.length })],
    ['in chunks', () => ({ 'Transfer-Encoding': 'chunked' })],
  ])('a large body %s, byte by byte, both ways', async (_, headers) => {
    const body = Buffer.alloc(3 * 1024 * 1024, 'héllo wörld');
    const { url } = await hopTo((request, response) => request.pipe(response), { maxBodyBytes: body.length });
    const { text } = await send(url, { body, headers: headers(body) });
    expect(Buffer.from(text).equals(body)).toBe(true);
  });

  it('an answer of many chunks with a length, and one without a body', async () => {
    const { url } = await hopTo((request, response) => {
      if (request.headers.accept === 'nothing') return response.writeHead(202).end();
      response.writeHead(200, { 'Content-Length': 6 });
      response.write('abc', () => response.end('def'));
    });
    expect(await send(url)).toMatchObject({ status: 200, text: 'abcdef', headers: { 'content-length': '6' } });
    expect(await send(url, { headers: { accept: 'nothing' } })).toMatchObject({ status: 202, text: '' });
  });

  it('one connection for many requests', async () => {
    let connections = 0;
    const upstream = http.createServer(async (request, response) => response.end(await readAll(request)));
    upstream.on('connection', () => {
      connections += 1;
    });
    const { url } = await hop((await started(upstream)).port);
    for (const body of ['a', 'bb', 'ccc']) expect((await send(url, { body })).text).toBe(body);
    expect(connections).toBe(1);
  });
});

describe('streams', () => {
  it('the first event arrives before the second is sent', async () => {
    const second = signal();
    const { url } = await hopTo(async (_request, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write('data: 1\n\n');
      await second.promise;
      response.end('data: 2\n\n');
    });
    const { response, next } = await open(url);
    expect(response.headers['content-type']).toBe('text/event-stream');
    expect(await next()).toBe('data: 1\n\n');
    second.resolve();
    expect(await next()).toBe('data: 2\n\n');
    expect(await next()).toBeUndefined();
  });

  it('the head of a stream arrives before its first event', async () => {
    const first = signal();
    const { url } = await hopTo(async (_request, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' }).flushHeaders();
      await first.promise;
      response.end('data: 1\n\n');
    });
    const { response, next } = await open(url);
    expect(response.statusCode).toBe(200);
    first.resolve();
    expect(await next()).toBe('data: 1\n\n');
  });

  it('a client that does not read stops the next hop from sending', async () => {
    const blocks = 64;
    const block = Buffer.alloc(1024 * 1024, 'x');
    let sent = 0;
    const { url } = await hopTo((request, response) => {
      if (request.method === 'GET') return response.end();
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      const pump = (): void => {
        while (sent < blocks) {
          sent += 1;
          if (!response.write(block)) return void response.once('drain', pump);
        }
        response.end();
      };
      pump();
    });
    const { response } = await open(url);
    // Nothing reads; once some other requests have come and gone without a further block, the stream stands still.
    for (let before = -1; before !== sent; ) {
      before = sent;
      for (let round = 0; round < 50; round += 1) await send(url, { method: 'GET' });
    }
    expect(sent).toBeLessThan(blocks);
    let received = 0;
    for await (const chunk of response) received += chunk.length;
    expect(received).toBe(blocks * block.length);
  });

  it('a next hop that does not read stops the client from sending, until it has answered', async () => {
    const size = 64 * 1024 * 1024;
    const deaf = signal<net.Socket>();
    const { url, port } = await hopToRaw(
      (socket) => {
        socket.on('data', (head) => {
          if (String(head).startsWith('GET')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
          else deaf.resolve(socket.pause());
        });
      },
      { maxBodyBytes: size, discardBytes: size },
    );
    const client = net.connect(port, '127.0.0.1');
    client.write(`POST /mcp HTTP/1.1\r\nHost: x\r\nContent-Length: ${size}\r\n\r\n`);
    const block = Buffer.alloc(64 * 1024);
    const all = signal();
    let sent = 0;
    const pump = (): void => {
      while (sent < size) {
        sent += block.length;
        if (!client.write(block)) return void client.once('drain', pump);
      }
      all.resolve();
    };
    pump();
    for (let before = -1; before !== sent; ) {
      before = sent;
      for (let round = 0; round < 50; round += 1) await send(url, { method: 'GET' });
    }
    expect(sent).toBeLessThan(size);

    const answer = new Promise((resolve) => client.once('data', (data) => resolve(String(data))));
    (await deaf.promise).write('HTTP/1.1 413 No\r\nContent-Length: 2\r\n\r\nno');
    expect(await answer).toMatch(/^HTTP\/1\.1 413 /);
    await all.promise;
    client.destroy();
  });

  it('a client that goes away ends the call of the next hop', async () => {
    const gone = signal();
    const { url, failures } = await hopTo((_request, response) => {
      response.once('close', () => gone.resolve());
      response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write(': hello\n\n');
    });
    const { next, abort } = await open(url);
    await next();
    abort();
    await gone.promise;
    expect(failures).toEqual([]);
  });

  it('a client that goes away before the answer ends the call of the next hop, too', async () => {
    const [arrived, gone] = [signal(), signal()];
    const { url } = await hopTo((_request, response) => {
      response.once('close', () => gone.resolve());
      arrived.resolve();
    });
    const request = http.request(url, { method: 'POST', agent: false }).on('error', () => undefined);
    request.end('{}');
    await arrived.promise;
    request.destroy();
    await gone.promise;
  });
});

describe('a next hop that fails', () => {
  const failure = (reason: Reason, status: number) => ({
    status,
    data: expect.objectContaining({ hop: 'hugo-mcp-proxy', reason, request_id: 'r1' }),
    id: 'r1',
  });
  const outcome = async (url: string) => {
    const answer = await send(url, { body: '{}' });
    return { status: answer.status, data: errorData(answer), id: answer.headers['x-request-id'] };
  };

  it('down: connect_refused', async () => {
    const { url, failures } = await hop(await freePort());
    expect(await outcome(url)).toEqual(failure('connect_refused', 502));
    expect(failures).toMatchObject([{ reason: 'connect_refused', error: { code: 'ECONNREFUSED' } }]);
  });

  it('a connection that is never made: connect_timeout with the hint that names the firewall', async () => {
    // A full backlog drops the handshake just as a firewall does.
    const deaf = await deafPort();
    const { url } = await hop(deaf, { connectMs: 100 });
    const { data, ...rest } = await outcome(url);
    expect({ data, ...rest }).toEqual(failure('connect_timeout', 504));
    expect(data.hint).toMatch(/IPAddressDeny/);
  });

  it('silent: first_byte_timeout', async () => {
    const { url } = await hopToRaw(() => undefined, { firstByteMs: 100 });
    expect(await outcome(url)).toEqual(failure('first_byte_timeout', 504));
  });

  it('silent from the start, with a time limit for the whole call that is shorter: call_timeout', async () => {
    const { url } = await hopToRaw(() => undefined, { callMs: 100 });
    expect(await outcome(url)).toEqual(failure('call_timeout', 504));
  });

  it('closing without an answer: upstream_closed', async () => {
    const { url } = await hopToRaw((socket) => socket.once('data', () => socket.end()));
    expect(await outcome(url)).toEqual(failure('upstream_closed', 502));
  });

  it('resetting: upstream_closed', async () => {
    const { url } = await hopToRaw((socket) => socket.once('data', () => socket.resetAndDestroy()));
    expect(await outcome(url)).toEqual(failure('upstream_closed', 502));
  });

  it('closing between head and body: upstream_closed, since nothing was passed yet', async () => {
    const { url } = await hopToRaw((socket) =>
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n')),
    );
    expect(await outcome(url)).toEqual(failure('upstream_closed', 502));
  });

  it.each([
    ['no HTTP at all', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
    ['a switch of protocols', 'HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n'],
  ])('%s: an error of this hop, never passed on', async (_, bytes) => {
    const { url } = await hopToRaw((socket) => socket.once('data', () => socket.write(bytes)), { firstByteMs: 100 });
    const { status, data } = await outcome(url);
    expect([502, 504]).toContain(status);
    expect(['upstream_invalid', 'first_byte_timeout']).toContain(data.reason);
  });

  it.each([
    ['with a length', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc'],
    ['in chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n'],
  ])('closing in the middle of an answer %s: the client sees a broken answer, not a short one', async (_, bytes) => {
    const { url, failed } = await hopToRaw((socket) => socket.once('data', () => socket.end(bytes)));
    await expect(send(url)).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(await failed).toBe('upstream_closed');
  });

  it('closing in the middle, with a client of HTTP/1.0: the connection is reset', async () => {
    const { port, failed } = await hopToRaw((socket) =>
      socket.once('data', () =>
        socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n', () => socket.end()),
      ),
    );
    await expect(raw(port, 'POST /mcp HTTP/1.0\r\nContent-Length: 0\r\n\r\n')).rejects.toMatchObject({
      code: 'ECONNRESET',
    });
    expect(await failed).toBe('upstream_closed');
  });

  it('silent in the middle of its answer: broken off, idle_timeout', async () => {
    const { url, failed } = await hopTo(
      (_request, response) => {
        response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write(': hello\n\n');
      },
      { idleMs: 100 },
    );
    await expect(send(url)).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(await failed).toBe('idle_timeout');
  });

  it('sending for ever: broken off, call_timeout', async () => {
    const { url, failed } = await hopTo(
      (_request, response) => {
        const beat = setInterval(() => response.write(': beat\n\n'), 10);
        response.writeHead(200, { 'Content-Type': 'text/event-stream' }).once('close', () => clearInterval(beat));
      },
      { callMs: 200 },
    );
    await expect(send(url)).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(await failed).toBe('call_timeout');
  });

  it('keeps working for the next request after each failure', async () => {
    let count = 0;
    const { url } = await hopTo((request, response) => {
      count += 1;
      if (count % 2 === 1) request.socket.destroy();
      else response.end('well');
    });
    for (let round = 0; round < 3; round += 1) {
      expect((await send(url)).status).toBe(502);
      expect(await send(url)).toMatchObject({ status: 200, text: 'well' });
    }
  });
});

describe('a 401 of the next hop', () => {
  it('never reaches the client, which would throw its own good token away; who refused is kept', async () => {
    const data = { hop: 'hugo-mcp-server', reason: 'token_invalid', request_id: 'r1' };
    const { url, failures } = await hopTo((_request, response) => {
      response
        .writeHead(401, { 'WWW-Authenticate': 'Bearer' })
        .end(JSON.stringify({ error: { code: -32000, message: 'Not valid.', data } }));
    });
    const answer = await send(url);
    expect(answer.status).toBe(502);
    expect(answer.headers['www-authenticate']).toBeUndefined();
    expect(errorData(answer)).toMatchObject({
      hop: 'hugo-mcp-proxy',
      reason: 'upstream_auth',
      refused_by: 'hugo-mcp-server',
      refused_reason: 'token_invalid',
      refused_message: 'Not valid.',
    });
    expect(failures).toEqual([{ reason: 'upstream_auth', error: undefined }]);
  });

  it.each([
    ['is no JSON', 'no'],
    ['is no error body', '{"error":3}'],
    ['never ends to be large', 'x'.repeat(200_000)],
  ])('is answered all the same when its body %s', async (_, body) => {
    const { url } = await hopTo((_request, response) => response.writeHead(401).end(body));
    const answer = await send(url);
    expect(answer.status).toBe(502);
    expect(errorData(answer).reason).toBe('upstream_auth');
  });
});

describe('a request that is not forwarded', () => {
  it.each([
    ['with a length', { 'Content-Length': 2000 }],
    ['in chunks', { 'Transfer-Encoding': 'chunked' }],
  ])('a body over the limit %s: 413, and the client reads it although it sends on', async (_, headers) => {
    const { url } = await hopTo(async (request, response) => response.end(await readAll(request)));
    const answer = await send(url, { body: Buffer.alloc(2000), headers });
    expect(answer.status).toBe(413);
    expect(errorData(answer)).toMatchObject({ hop: 'hugo-mcp-proxy', reason: 'body_too_large' });
  });

  it('a body over the limit leaves the connection usable for the next request', async () => {
    const { url } = await hopTo((_request, response) => response.end('well'));
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    opened.push({ close: async () => agent.destroy() });
    expect((await send(url, { body: Buffer.alloc(1500), agent })).status).toBe(413);
    expect(await send(url, { body: '{}', agent })).toMatchObject({ status: 200, text: 'well' });
  });

  it('a body that never ends is cut off once the answer was sent', async () => {
    const { port } = await hopTo((request) => request.resume());
    const client = net.connect(port, '127.0.0.1');
    client.on('error', () => undefined);
    const answer = signal<string>();
    client.once('data', (data) => answer.resolve(String(data)));
    client.write('POST /mcp HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
    const chunk = `400\r\n${'x'.repeat(1024)}\r\n`;
    const pump = setInterval(() => client.write(chunk), 1);
    expect(await answer.promise).toMatch(/^HTTP\/1\.1 413 /);
    await new Promise((resolve) => client.once('close', resolve));
    clearInterval(pump);
  });

  it.each(['PUT', 'PATCH', 'OPTIONS', 'HEAD', 'TRACE'])('%s: 405 that says what is allowed', async (method) => {
    const { url } = await hopTo((_request, response) => response.end());
    const answer = await send(url, { method });
    expect(answer.status).toBe(405);
    expect(answer.headers.allow).toBe('POST, GET, DELETE');
  });

  it.each([
    ['a GET with a body', 'GET /mcp HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\nab'],
    [
      'a coding other than chunked',
      'POST /mcp HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
    ],
  ])('%s: 400', async (_, request) => {
    const { port } = await hopTo((_request, response) => response.end());
    expect(await raw(port, request)).toMatch(/^HTTP\/1\.1 400 [\s\S]*"reason":"bad_request"/);
  });

  it('a body that stops coming: 408 of this hop, and the next hop was not even called', async () => {
    let calls = 0;
    const { port } = await hopTo(
      () => {
        calls += 1;
      },
      { idleMs: 100 },
    );
    const client = net.connect(port, '127.0.0.1');
    client.write('POST /mcp HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nab');
    const answer = await new Promise((resolve) => client.once('data', (data) => resolve(String(data))));
    client.destroy();
    expect(answer).toMatch(/^HTTP\/1\.1 408 [\s\S]*"reason":"request_timeout"/);
    expect(calls).toBe(0);
  });
});

describe('an answer that comes before the body was read', () => {
  it('gets through while the client still sends', async () => {
    const size = 8 * 1024 * 1024;
    const { url, failures } = await hopTo(
      (_request, response) => response.writeHead(413, { 'Content-Type': 'application/json' }).end('{"too":"large"}'),
      { maxBodyBytes: size },
    );
    const answer = await send(url, { body: Buffer.alloc(size), headers: { 'Transfer-Encoding': 'chunked' } });
    expect(answer).toMatchObject({ status: 413, text: '{"too":"large"}' });
    expect(failures).toEqual([]);
  });

  it('gets through when the body does not go on at all', async () => {
    const { port } = await hopTo((_request, response) => response.writeHead(415).end('no'), {
      maxBodyBytes: 1024 * 1024,
    });
    const client = net.connect(port, '127.0.0.1');
    client.write('POST /mcp HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n');
    const answer = await new Promise((resolve) => client.once('data', (data) => resolve(String(data))));
    client.destroy();
    expect(answer).toMatch(/^HTTP\/1\.1 415 /);
  });
});

it('an agent of the wrong protocol is a mistake that shows at once', () => {
  const target = new URL('https://127.0.0.1/mcp');
  expect(() => createForwarder({ hop: 'oauth-proxy', target, agent: new http.Agent() })).toThrow(TypeError);
});

/** A port whose backlog is full: connections are neither accepted nor refused. */
async function deafPort(): Promise<number> {
  const { spawn } = await import('node:child_process');
  // A process of its own, stopped after listening, so that nothing ever accepts; backlog 1 is filled below.
  const script = `const s=require('node:net').createServer();s.listen({port:0,host:'127.0.0.1',backlog:1},()=>{process.stdout.write(String(s.address().port));process.kill(process.pid,'SIGSTOP')})`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const port = await new Promise<number>((resolve) => child.stdout.once('data', (data) => resolve(Number(data))));
  const fill = Array.from({ length: 8 }, () => net.connect(port, '127.0.0.1').on('error', () => undefined));
  opened.push({
    close: async () => {
      for (const socket of fill) socket.destroy();
      child.kill('SIGKILL');
      await new Promise((resolve) => child.once('close', resolve));
    },
  });
  // At least the backlog is full once two of them are connected.
  await new Promise<void>((resolve) => {
    let connected = 0;
    for (const socket of fill) {
      socket.once('connect', () => {
        connected += 1;
        if (connected === 2) resolve();
      });
    }
  });
  return port;
}

import http from 'node:http';
import net from 'node:net';
import { errorData, raw, send } from '../../test/client.ts';
import { hopTo, opened, readAll } from '../../test/forwarding-hop.ts';
import { signal } from '../../test/servers.ts';

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

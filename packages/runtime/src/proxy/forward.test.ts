import http from 'node:http';
import { send } from '../../test/client.ts';
import { hop, hopTo, readAll, started } from '../../test/forwarding-hop.ts';
import { signal } from '../../test/servers.ts';
import { createForwarder } from './forward.ts';

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

it('an agent of the wrong protocol is a mistake that shows at once', () => {
  const target = new URL('https://127.0.0.1/mcp');
  expect(() => createForwarder({ hop: 'oauth-proxy', target, agent: new http.Agent() })).toThrow(TypeError);
});

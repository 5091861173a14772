import { connect } from 'node:tls';
import { type Edge, startEdge } from './edge.ts';

const HEAD = 'Host: localhost\r\nUser-Agent: Claude-User\r\nAccept: */*\r\nConnection: close\r\n';
const POST = `POST /mcp HTTP/1.1\r\n${HEAD}Content-Type: application/json\r\n`;
const BODY = '{"method":"ping"}';

/** What no client should send, with the status that nginx gives it. */
const malformed: Record<string, [bytes: string, status: number]> = {
  'no request line': ['\x16\x03\x01\r\n\r\n', 400],
  'a method in small letters': [`get /healthz HTTP/1.1\r\n${HEAD}\r\n`, 400],
  'an address of a star': [`GET * HTTP/1.1\r\n${HEAD}\r\n`, 400],
  'a NUL in the address': [`GET /mcp%00 HTTP/1.1\r\n${HEAD}\r\n`, 400],
  'an address that climbs out': [`GET /../mcp HTTP/1.1\r\n${HEAD}\r\n`, 400],
  'an address that is too long': [`GET /${'a'.repeat(20_000)} HTTP/1.1\r\n${HEAD}\r\n`, 400],
  'a header that is too long': [`GET /healthz HTTP/1.1\r\n${HEAD}X: ${'a'.repeat(20_000)}\r\n\r\n`, 400],
  'the beginning of HTTP/2': ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
  'a version of HTTP that is not there': [`GET /healthz HTTP/3.0\r\n${HEAD}\r\n`, 400],
  'no Host': ['GET /healthz HTTP/1.1\r\n\r\n', 400],
  'two Hosts': [`GET /healthz HTTP/1.1\r\n${HEAD}Host: example.org\r\n\r\n`, 400],
  'two lengths': [`${POST}Content-Length: 17\r\nContent-Length: 0\r\n\r\n${BODY}`, 400],
  'a length beside chunks': [`${POST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
  'a coding that is not there': [`${POST}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`, 400],
  'two codings': [`${POST}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n`, 400],
  'a chunk without a size': [`${POST}Transfer-Encoding: chunked\r\n\r\nzz\r\n${BODY}\r\n0\r\n\r\n`, 400],
  TRACE: [`TRACE /healthz HTTP/1.1\r\n${HEAD}\r\n`, 405],
  CONNECT: [`CONNECT /healthz HTTP/1.1\r\n${HEAD}\r\n`, 405],
};

describe('requests that are none', () => {
  let edge: Edge;
  beforeAll(async () => {
    edge = await startEdge();
  });
  afterAll(() => edge?.dispose());

  /** Everything that came back until nginx closed. */
  const send = (bytes: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const socket = connect({ port: edge.port, host: '127.0.0.1', rejectUnauthorized: false }, () =>
        socket.write(Buffer.from(bytes, 'latin1')),
      );
      let text = '';
      socket.setEncoding('latin1').on('data', (chunk: string) => {
        text += chunk;
      });
      socket.on('error', reject).on('close', () => resolve(text));
    });

  it.each(Object.keys(malformed))('[R-WAF-MALFORMED] are answered in JSON, with an id: %s', async (name) => {
    const [bytes, status] = malformed[name] as [string, number];
    const text = await send(bytes);
    expect(text).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    const body = JSON.parse(text.slice(text.indexOf('\r\n\r\n')));
    expect(body.error.data.hop).toBe('nginx');
    expect(text).toContain(`X-Request-Id: ${body.error.data.request_id}\r\n`);
    expect(body.error.data.request_id).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('is not reached from outside where the answers stand', async () => {
    expect(await send(`GET /arleo-error/waf HTTP/1.1\r\n${HEAD}\r\n`)).toContain('"reason":"not_found"');
  });
});

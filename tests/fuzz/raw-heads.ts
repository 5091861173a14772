import fc, { type Arbitrary } from 'fast-check';
import { CANARY } from './hostile-values.ts';

const PATHS = [
  '/mcp',
  '/token',
  '/register',
  '/authorize?client_id=x',
  '/jwks',
  '/healthz',
  '*',
  '//',
  'http://x/',
  '',
];
const ENDS = ['\r\n', '\r\n', '\r\n', '\r\n', '\n', '\r', '\r\n ', '\r\n\t', '\r\r\n'];

/** The bytes of a request as no HTTP client would send it: doubled and folded headers, two lengths, stray line ends, noise. */
export function rawHead(host: string): Arbitrary<Buffer> {
  const requestLine = fc
    .tuple(
      fc.constantFrom('GET', 'POST', 'POST', 'CONNECT', 'get', 'PRI', 'G\0T', ''),
      fc.constantFrom(...PATHS),
      fc.constantFrom('HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0', 'HTTP/2.0', 'HTTP/9.9', 'HTTP/1.1 x', ''),
    )
    .map((parts) => parts.join(' '));
  const line = fc.constantFrom(
    `Host: ${host}`,
    'Host: evil.example',
    `Authorization: Bearer ${CANARY}`,
    `Authorization: Bearer ${CANARY}2`,
    'Content-Length: 0',
    'Content-Length: 5',
    'Content-Length: 5, 5',
    'Content-Length: -1',
    'Content-Length: 99999999999999999999',
    'Content-Length : 5',
    'Transfer-Encoding: chunked',
    'Transfer-Encoding: identity, chunked',
    'Transfer-Encoding: \x0bchunked',
    'Transfer-Encoding:chunked',
    'Content-Type: application/json',
    'Content-Type: application/x-www-form-urlencoded',
    'Connection: close',
    'Connection: keep-alive, Authorization',
    'Upgrade: h2c',
    'Expect: 100-continue',
    'Arleo-Actor: x',
    'X-Request-Id: a\tb',
    `X-Long: ${'a'.repeat(20_000)}`,
    'NoColon',
    ': empty',
    'Bad\x00Name: x',
    'Ümlaut: ü',
    `Cookie: ${'a=b; '.repeat(500)}`,
  );
  const head = fc
    .tuple(requestLine, fc.array(fc.tuple(line, fc.constantFrom(...ENDS)), { maxLength: 10 }))
    .map(([first, lines]) => `${first}\r\nHost: ${host}\r\n${lines.map(([text, end]) => text + end).join('')}\r\n`);
  const body = fc.constantFrom(
    '',
    'a=b&c',
    '{"jsonrpc":"2.0"}',
    '0\r\n\r\n',
    '5\r\nhello\r\n0\r\n\r\n',
    'ffffffffffffffff\r\n',
    '5;x=y\r\nhello\r\n0\r\nX-Trailer: 1\r\n\r\n',
    `GET /smuggled HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
  );
  const whole = fc.tuple(head, body).map(([first, rest]) => Buffer.from(first + rest, 'latin1'));
  const damaged = fc
    .tuple(whole, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 8 }), fc.boolean())
    .map(([bytes, changes, cut]) => {
      const copy = Buffer.from(bytes);
      for (const [position, value] of changes) copy[position % copy.length] = value;
      return cut ? copy.subarray(0, (changes[0]?.[0] ?? 0) % copy.length) : copy;
    });
  return fc.oneof(
    { weight: 6, arbitrary: whole },
    { weight: 3, arbitrary: damaged },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)) },
  );
}

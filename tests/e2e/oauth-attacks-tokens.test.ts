import { createPrivateKey, createPublicKey } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { signActor } from '@arleo/core/actor';
import { decodeJwt, decodeProtectedHeader, importJWK, type JWK, type JWTPayload, SignJWT } from 'jose';
import { mcpHeaders, rpc } from './mcp.ts';
import { type Granted, grant } from './oauth.ts';
import { rawRequest } from './raw-request.ts';
import { send } from './send.ts';
import { startTestStack, type TestStack } from './start.ts';
import { auditEvents, expectNoSecrets } from './trail.ts';

let stack: TestStack;
let issuer: string;
let mcp: string;
let granted: Granted;

beforeAll(async () => {
  stack = await startTestStack();
  ({ issuer, mcpUrl: mcp } = stack.addresses);
  granted = await grant(issuer, { passphrase: stack.state.passphrase });
});
afterAll(() => stack?.dispose());

const LIST = '{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}';

test('[R-ATTACK-AUDIENCE] an access token is for the MCP endpoint alone, and says so', () => {
  expect(decodeJwt(granted.accessToken)).toMatchObject({ aud: mcp, iss: issuer, client_id: granted.clientId });
});

test('[R-ATTACK-AUDIENCE] a token of another server of the same owner, and a note of who acts, are no access tokens', async () => {
  // A second server, with keys of its own, at the same address: all but the keys is the same.
  const twin = await startTestStack();
  try {
    const { accessToken } = await grant(twin.addresses.issuer, { passphrase: twin.state.passphrase });
    expect((await rpc(mcp, accessToken, 'tools/list')).status).toBe(401);
    expect((await rpc(twin.addresses.mcpUrl, granted.accessToken, 'tools/list')).status).toBe(401);
  } finally {
    await twin.dispose();
  }
  const { sub = '', client_id, scope } = decodeJwt<{ client_id: string; scope: string }>(granted.accessToken);
  const actor = signActor(createPrivateKey(await readFile(stack.layout.actorKey)), {
    sub,
    client_id,
    scope,
    request_id: 'test',
    client_ip: '127.0.0.1',
    aud: 'hugo-mcp-server',
  });
  expect((await rpc(mcp, actor, 'tools/list')).status).toBe(401);
});

/** The private JWK of the server's own signing key, wherever in its state it stands. */
async function ownKey(kid: string): Promise<JWK> {
  const find = (value: unknown): JWK | undefined => {
    if (typeof value !== 'object' || value === null) return undefined;
    if ('d' in value && 'kid' in value && value.kid === kid) return value as JWK;
    return Object.values(value).map(find).find(Boolean);
  };
  for (const name of await readdir(stack.layout.oauthState)) {
    if (!name.endsWith('.json')) continue;
    const found = find(JSON.parse(await readFile(path.join(stack.layout.oauthState, name), 'utf8')));
    if (found) return found;
  }
  throw new Error(`no signing key ${kid} in ${stack.layout.oauthState}`);
}

test('[R-ATTACK-AUDIENCE] [R-ATTACK-ALG] even signed by the right key, a token of another audience, issuer, type or time is refused', async () => {
  const header = decodeProtectedHeader(granted.accessToken);
  const claims = decodeJwt(granted.accessToken);
  const jwk = await ownKey(header.kid ?? '');
  const key = await importJWK(jwk, 'ES256');
  const call = async (changes: JWTPayload, headerChanges: object = {}): Promise<number> => {
    const signed = new SignJWT({ ...claims, ...changes }).setProtectedHeader({
      alg: 'ES256',
      ...header,
      ...headerChanges,
    });
    return (await rpc(mcp, await signed.sign(key), 'tools/list')).status;
  };
  // What is made here is what the server makes: only the change is the reason of what follows.
  expect(await call({})).toBe(200);
  const now = Math.floor(Date.now() / 1000);
  for (const changes of [
    { aud: 'https://evil.example/mcp' },
    { aud: issuer },
    { aud: `${mcp}.evil.example` },
    { aud: [] },
    { iss: 'https://evil.example' },
    { iss: `${issuer}/` },
    { exp: now - 1 },
    { nbf: now + 3600 },
  ]) {
    expect({ changes, status: await call(changes) }).toEqual({ changes, status: 401 });
  }
  expect(await call({}, { typ: 'JWT' })).toBe(401);
  expect(await call({}, { kid: 'no-such-key' })).toBe(401);

  const { d: _, ...publicJwk } = jwk;
  for (const secret of [
    JSON.stringify(publicJwk),
    createPublicKey({ key: publicJwk as never, format: 'jwk' }).export({ type: 'spki', format: 'pem' }),
  ]) {
    const hs256 = new SignJWT(claims).setProtectedHeader({ ...header, alg: 'HS256' });
    expect((await rpc(mcp, await hs256.sign(Buffer.from(secret)), 'tools/list')).status).toBe(401);
  }
  const none = `${Buffer.from(JSON.stringify({ ...header, alg: 'none' })).toString('base64url')}.${granted.accessToken.split('.')[1]}`;
  for (const signature of ['', granted.accessToken.split('.')[2]]) {
    expect((await rpc(mcp, `${none}.${signature}`, 'tools/list')).status).toBe(401);
  }
});

test('[R-ATTACK-AUDIENCE] the next hops take no access token of a client', async () => {
  const { hugoMcpProxyUrl, hugoMcpUrl } = stack.addresses;
  for (const [url, further] of [
    [`${hugoMcpProxyUrl}/mcp`, {}],
    [`${hugoMcpUrl}/mcp`, { ca: stack.state.certificate }],
  ] as const) {
    expect((await rpc(url, granted.accessToken, 'tools/list', {}, further)).status).toBe(401);
  }
});

test.each(['access_token', 'Access_Token', 'access%5Ftoken'])(
  '[R-ATTACK-QUERY] a token in the query as %s lets nobody in, and stands in no log',
  async (name) => {
    const answer = await rpc(`${mcp}?${name}=${granted.accessToken}`, undefined, 'tools/list');
    expect([400, 401]).toContain(answer.status);
    expect(answer.text).not.toContain(granted.accessToken);
    await expectNoSecrets(stack, [granted.accessToken]);
  },
);

test('[R-ATTACK-QUERY] a token in the body of a form or in a cookie is none', async () => {
  const form = await send(mcp, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: `access_token=${granted.accessToken}`,
  });
  expect([401, 415]).toContain(form.status);
  const cookie = await rpc(mcp, undefined, 'tools/list', {}, { headers: { cookie: `token=${granted.accessToken}` } });
  expect(cookie.status).toBe(401);
});

/** A request as bytes; each line ends as HTTP wants it. */
const head = (lines: readonly string[], body = ''): string => `${lines.join('\r\n')}\r\n\r\n${body}`;

/** What the request inside the request asks for: if a hop took it for one of its own, its audit log would name it. */
const SMUGGLED = '/smuggled-7f3a';

describe('[R-ATTACK-SMUGGLING]', () => {
  const post = (extra: readonly string[], body = LIST, target = '/mcp'): string =>
    head(
      [
        `POST ${target} HTTP/1.1`,
        `Host: ${new URL(issuer).host}`,
        ...Object.entries(mcpHeaders(granted.accessToken)).map(([name, value]) => `${name}: ${value}`),
        ...extra,
      ],
      body,
    );
  const inner = () => `GET ${SMUGGLED} HTTP/1.1\r\nHost: ${new URL(issuer).host}\r\n\r\n`;
  const length = () => `Content-Length: ${LIST.length}`;

  const cases: [what: string, bytes: () => string][] = [
    ['a second Authorization, which is wrong', () => post([length(), 'Authorization: Bearer wrong'])],
    ['the same Authorization twice', () => post([length(), `Authorization: Bearer ${granted.accessToken}`])],
    ['two tokens in one Authorization', () => post([length()]).replace(/^(authorization: .*)$/m, '$1, Bearer wrong')],
    [
      'a folded Authorization',
      () => post([length()]).replace(/^authorization: Bearer /m, 'authorization: Bearer\r\n '),
    ],
    ['two different Content-Length', () => post([length(), 'Content-Length: 5'])],
    ['the same Content-Length twice', () => post([length(), length()])],
    ['a list of Content-Length', () => post([`${length()}, ${LIST.length}`])],
    ['a signed Content-Length', () => post([`Content-Length: +${LIST.length}`])],
    ['a hexadecimal Content-Length', () => post([`Content-Length: 0x${LIST.length.toString(16)}`])],
    [
      'Content-Length and Transfer-Encoding',
      () => post(['Content-Length: 5', 'Transfer-Encoding: chunked'], `0\r\n\r\n${inner()}`),
    ],
    ['two Transfer-Encoding', () => post(['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'], '0\r\n\r\n')],
    ['an unknown Transfer-Encoding', () => post(['Transfer-Encoding: xchunked'], `0\r\n\r\n${inner()}`)],
    ['a space before the colon', () => post([`Content-Length : ${LIST.length}`])],
    ['a bare line feed', () => post([`X-A: b\nContent-Length: ${LIST.length}`])],
    ['a bare carriage return', () => post([`X-A: b\rTransfer-Encoding: chunked`, length()])],
    ['a NUL in a value', () => post([`X-A: b\0c`, length()])],
    ['two Host', () => post([length(), 'Host: evil.example'])],
    ['a note of who acts, twice', () => post([length(), 'Arleo-Actor: a', 'Arleo-Actor: b'])],
    ['a chunk of an overlong size', () => post(['Transfer-Encoding: chunked'], `${'f'.repeat(20)}\r\n${inner()}`)],
  ];

  test.each(cases)('%s is refused, and is one request to every hop', async (_, bytes) => {
    const { statuses, text, closed } = await rawRequest(issuer, bytes());
    expect(closed).toBe(true);
    expect(statuses.length).toBe(1);
    expect([400, 401]).toContain(statuses[0]);
    expect(text).not.toContain('"tools":');
  });

  test('a note of who acts that a client brings is replaced', async () => {
    const headers = { 'arleo-actor': 'eyJhbGciOiJub25lIn0.e30.', 'x-forwarded-for': '203.0.113.9' };
    const answer = await rpc(mcp, granted.accessToken, 'tools/list', {}, { headers });
    expect(answer.status).toBe(200);
  });

  test('no hop has seen the request inside, and the next one of the same client gets its own answer', async () => {
    for (let round = 0; round < 5; round += 1) {
      expect((await rpc(mcp, granted.accessToken, 'tools/list')).json.result.tools.length).toBeGreaterThan(0);
    }
    for (const hop of ['oauth-proxy', 'hugo-mcp-proxy', 'hugo-mcp-server'] as const) {
      expect(JSON.stringify(await auditEvents(stack, hop))).not.toContain(SMUGGLED);
    }
  });
});

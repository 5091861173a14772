import { createPublicKey, generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { connect as connectTcp } from 'node:net';
import { openActorVerifier } from '@arleo/core/actor';
import { decodeJwt, decodeProtectedHeader, type JWTPayload, SignJWT } from 'jose';
import { callMcp, connect } from './oauth-client.ts';
import { openService, type Service } from './open-service.ts';

describe('/mcp', () => {
  let service: Service;
  let token: string;
  beforeAll(async () => {
    service = await openService();
    token = (await connect(service)).tokens.access_token ?? '';
  });
  afterAll(() => service.close());
  beforeEach(() => {
    service.received.length = 0;
  });
  const defaultAnswer = () => service.answer;

  it('forwards with its own token and a signed actor; the token of the client ends here', async () => {
    const response = await callMcp(service, token, {
      headers: {
        accept: 'application/json, text/event-stream',
        'mcp-protocol-version': '2026-07-28',
        'mcp-method': 'tools/list',
        'mcp-name': 'x',
        'mcp-param-region': 'eu',
        'mcp-session-id': 'session',
        'last-event-id': '7',
        cookie: 'secret=1',
        'x-forwarded-for': '203.0.113.9',
        'arleo-actor': 'forged',
        'x-request-id': 'forged',
      },
    });
    expect(response.status).toBe(200);
    const [got] = service.received;
    expect(got?.url).toBe('/mcp');
    expect(got?.body).toBe('{"jsonrpc":"2.0","id":1,"method":"tools/list"}');
    expect(got?.headers).toMatchObject({
      authorization: `Bearer ${service.mcpToken}`,
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/list',
      'mcp-name': 'x',
      'mcp-param-region': 'eu',
      'mcp-session-id': 'session',
      'last-event-id': '7',
    });
    expect(got?.headers).not.toHaveProperty('cookie');
    expect(got?.headers).not.toHaveProperty('x-forwarded-for');
    expect(JSON.stringify(got)).not.toContain(token);
    const requestId = response.headers.get('x-request-id') ?? '';
    expect(got?.headers['x-request-id']).toBe(requestId);
    const actors = await openActorVerifier(service.actorPublicKey);
    const actor = await actors.verify(got?.headers['arleo-actor'] as string);
    expect(actor).toMatchObject({ sub: 'owner', requestId });
    expect([...actor.scopes]).toEqual(['content:read', 'content:write', 'site:admin']);
  });

  it('challenges a request without a token, without an error code', async () => {
    const response = await callMcp(service, undefined);
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe(
      `Bearer resource_metadata="${service.issuer}/.well-known/oauth-protected-resource/mcp", scope="content:read content:write site:admin"`,
    );
    expect(await response.json()).toMatchObject({ error: { data: { hop: 'oauth-proxy', reason: 'token_missing' } } });
  });

  describe('refuses', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const now = Math.floor(Date.now() / 1000);
    const forge = (claims: JWTPayload, header: Record<string, unknown> = {}) =>
      new SignJWT({ ...decodeJwt(token), ...claims })
        .setProtectedHeader({ ...decodeProtectedHeader(token), alg: 'ES256', ...header })
        .sign(privateKey);
    const none = (claims: JWTPayload) =>
      [
        { ...decodeProtectedHeader(token), alg: 'none' },
        { ...decodeJwt(token), ...claims },
      ]
        .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
        .join('.');

    it.each<[string, () => string | Promise<string>]>([
      ['garbage', () => 'garbage'],
      ['a token cut off', () => token.slice(0, -10)],
      [
        'a token with a changed payload',
        () => token.replace(/\.(.)/, (_all, first) => `.${first === 'a' ? 'b' : 'a'}`),
      ],
      ['a token signed with another key', () => forge({})],
      ['a token of an unknown key', () => forge({}, { kid: 'another' })],
      ['a token for another audience', () => forge({ aud: 'https://other.example/mcp' })],
      ['a token of another issuer', () => forge({ iss: 'https://other.example' })],
      ['an expired token', () => forge({ exp: now - 1 })],
      ['a token of another type', () => forge({}, { typ: 'JWT' })],
      ['alg none', () => `${none({})}.`],
      ['alg none with the old signature', () => `${none({})}.${token.split('.')[2]}`],
      ['an overlong token', () => `a.${'b'.repeat(5000)}.c`],
      [
        'HS256 keyed with the public key',
        async () => {
          const { keys } = (await (await fetch(`${service.issuer}/jwks`)).json()) as { keys: [JsonWebKey] };
          const pem = createPublicKey({ key: keys[0], format: 'jwk' })
            .export({ type: 'spki', format: 'pem' })
            .toString();
          return new SignJWT(decodeJwt(token))
            .setProtectedHeader({ ...decodeProtectedHeader(token), alg: 'HS256' })
            .sign(new TextEncoder().encode(pem));
        },
      ],
    ])('%s', async (_what, make) => {
      const response = await callMcp(service, await make());
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toContain('error="invalid_token"');
      expect(service.received).toHaveLength(0);
    });

    it('a token in the query', async () => {
      const response = await fetch(`${service.mcpUrl}?access_token=${token}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{}',
      });
      expect(response.status).toBe(400);
      expect(service.received).toHaveLength(0);
    });

    it.each([
      ['another scheme', `Basic ${Buffer.from('a:b').toString('base64')}`],
      ['two tokens', 'Bearer a b'],
      ['an empty token', 'Bearer '],
    ])('%s', async (_what, authorization) => {
      const response = await callMcp(service, undefined, { headers: { authorization } });
      expect(response.status).toBe(401);
    });

    it('two Authorization headers', async () => {
      const answer = await raw(service, [
        'POST /mcp HTTP/1.1',
        `Host: ${new URL(service.issuer).host}`,
        `Authorization: Bearer ${token}`,
        'Authorization: Bearer other',
        'Content-Type: application/json',
        'Content-Length: 2',
        'Connection: close',
        '',
        '{}',
      ]);
      expect(answer).toMatch(/^HTTP\/1.1 400 /);
      expect(service.received).toHaveLength(0);
    });

    it('two lengths', async () => {
      const answer = await raw(service, [
        'POST /mcp HTTP/1.1',
        `Host: ${new URL(service.issuer).host}`,
        `Authorization: Bearer ${token}`,
        'Content-Type: application/json',
        'Content-Length: 2',
        'Transfer-Encoding: chunked',
        '',
        '0',
        '',
        'GET /smuggled HTTP/1.1',
        '',
      ]);
      expect(answer).toMatch(/^HTTP\/1.1 400 /);
      expect(service.received).toHaveLength(0);
    });

    it.each([
      ['text/plain', 415],
      ['application/json-patch+json', 415],
      ['', 415],
    ])('content type "%s"', async (type, status) => {
      const response = await callMcp(service, token, { headers: { 'content-type': type } });
      expect(response.status).toBe(status);
    });

    it('a foreign Origin, while programs without one and our own pages pass', async () => {
      expect((await callMcp(service, token, { headers: { origin: 'https://evil.example' } })).status).toBe(403);
      expect((await callMcp(service, token, { headers: { origin: 'null' } })).status).toBe(403);
      expect((await callMcp(service, token, { headers: { origin: service.issuer } })).status).toBe(200);
    });

    it('a body over the limit', async () => {
      const response = await callMcp(service, token, { body: 'x'.repeat(16 * 1024 * 1024 + 1) });
      expect(response.status).toBe(413);
      expect(await response.json()).toMatchObject({
        error: { data: { hop: 'oauth-proxy', reason: 'body_too_large' } },
      });
    });
  });

  it('passes GET and DELETE on, for the next hop to answer', async () => {
    for (const method of ['GET', 'DELETE']) {
      await callMcp(service, token, { method, body: null });
      expect(service.received.at(-1)?.method).toBe(method);
    }
  });

  it('tells the client where to ask for more scopes', async () => {
    const before = defaultAnswer();
    service.answer = (_request, response) => {
      response
        .writeHead(403, { 'WWW-Authenticate': 'Bearer error="insufficient_scope", scope="site:admin"' })
        .end('{}');
    };
    const response = await callMcp(service, token);
    service.answer = before;
    expect(response.status).toBe(403);
    expect(response.headers.get('www-authenticate')).toBe(
      `Bearer error="insufficient_scope", scope="site:admin", resource_metadata="${service.issuer}/.well-known/oauth-protected-resource/mcp"`,
    );
  });

  it('turns a 401 of the next hop into 502, since the client has done nothing wrong', async () => {
    const before = defaultAnswer();
    service.answer = (_request, response) => {
      const data = { hop: 'hugo-mcp-proxy', reason: 'token_invalid', request_id: 'x' };
      response.writeHead(401).end(JSON.stringify({ error: { code: -32000, message: 'no', data } }));
    };
    const response = await callMcp(service, token);
    service.answer = before;
    expect(response.status).toBe(502);
    expect(response.headers.has('www-authenticate')).toBe(false);
    expect(await response.json()).toMatchObject({
      error: { data: { reason: 'upstream_auth', refused_by: 'hugo-mcp-proxy' } },
    });
  });

  it('limits failures by address, never the good token that comes from the same address', async () => {
    const limited = await openService({ RATE_LIMIT_PER_ADDRESS: '30' });
    const good = (await connect(limited)).tokens.access_token;
    const statuses: number[] = [];
    for (let count = 0; count < 32; count += 1) statuses.push((await callMcp(limited, 'wrong')).status);
    expect(statuses.slice(0, 30)).toEqual(Array(30).fill(401));
    const refused = await callMcp(limited, 'wrong');
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await callMcp(limited, good)).status).toBe(200);
    // Closing the log writes what waits; the service goes on with the same one.
    await limited.restart();
    await limited.stop();
    const events = (await limited.audit()).filter((event) => event.event_type === 'access_token.refused');
    // One each for the 30, one for the first beyond them, and one with the count of the other two.
    expect(events).toHaveLength(32);
    expect(events.at(-1)).toMatchObject({ reason: 'rate_limited', details: { requests: 2 } });
    await limited.close();
  });

  it('limits calls by subject and client', async () => {
    const limited = await openService({ RATE_LIMIT_PER_SUBJECT: '3' });
    const [one, other] = [await connect(limited), await connect(limited)];
    for (let count = 0; count < 3; count += 1) {
      expect((await callMcp(limited, one.tokens.access_token)).status).toBe(200);
    }
    const refused = await callMcp(limited, one.tokens.access_token);
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await refused.json()).toMatchObject({ error: { data: { hop: 'oauth-proxy', reason: 'rate_limited' } } });
    expect((await callMcp(limited, other.tokens.access_token)).status).toBe(200);
    await limited.close();
  });

  it('names each hop in Server-Timing', async () => {
    const response = await callMcp(service, token);
    expect(response.headers.get('server-timing')).toMatch(/^oauth-proxy;dur=[\d.]+$/);
  });

  it('is ready when the next hop is', async () => {
    const before = defaultAnswer();
    service.answer = (_request, response) => {
      response.writeHead(200).end();
    };
    const ready = await fetch(`${service.issuer}/readyz`);
    service.answer = before;
    expect(ready.status).toBe(200);
    expect(await ready.json()).toMatchObject({ status: 'ready', hop: 'oauth-proxy' });
  });
});

/** Sends bytes as they are; gives the whole answer. */
function raw(service: Service, lines: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp(Number(new URL(service.issuer).port), '127.0.0.1', () =>
      socket.write(lines.join('\r\n')),
    );
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk;
      if (answer.includes('\r\n\r\n')) socket.end();
    });
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });
}

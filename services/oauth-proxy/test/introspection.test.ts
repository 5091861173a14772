import http from 'node:http';
import net from 'node:net';
import { connect, register, requestToken } from './oauth-client.ts';
import { openService, type Service } from './open-service.ts';

describe('introspection', () => {
  let service: Service;
  beforeAll(async () => {
    service = await openService();
  });
  afterAll(() => service.close());

  /** Asks as a tool on this host does, unless `headers` say otherwise. */
  const ask = async (body: string, headers: Record<string, string> = {}) => {
    const response = await fetch(`${service.issuer}/introspect`, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        authorization: `Bearer ${service.mcpToken}`,
        ...headers,
      },
      body,
    });
    return { status: response.status, body: await response.json(), headers: response.headers };
  };
  const about = async (token = '', hint?: string) =>
    (await ask(new URLSearchParams({ token, ...(hint && { token_type_hint: hint }) }).toString())).body;
  const revoke = (clientId: string, token = '') =>
    fetch(`${service.issuer}/revoke`, { method: 'POST', body: new URLSearchParams({ client_id: clientId, token }) });
  const inactive = { active: false };

  it('tells of an access token what it says', async () => {
    const { tokens, clientId } = await connect(service);
    const answer = await ask(new URLSearchParams({ token: tokens.access_token ?? '' }).toString());
    expect(answer.status).toBe(200);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.body).toEqual({
      active: true,
      token_type: 'Bearer',
      iss: service.issuer,
      aud: service.mcpUrl,
      sub: 'owner',
      client_id: clientId,
      scope: 'content:read content:write site:admin',
      iat: expect.any(Number),
      exp: expect.any(Number),
      jti: expect.any(String),
    });
  });

  it('tells of a refresh token what it is good for, whatever the hint, and not its id', async () => {
    const { tokens, clientId } = await connect(service);
    for (const hint of [undefined, 'refresh_token', 'access_token', 'nonsense']) {
      expect(await about(tokens.refresh_token, hint)).toEqual({
        active: true,
        iss: service.issuer,
        aud: service.mcpUrl,
        sub: 'owner',
        client_id: clientId,
        scope: 'content:read content:write site:admin',
        iat: expect.any(Number),
        exp: expect.any(Number),
      });
    }
  });

  it('calls inactive what was revoked, or never was, without a reason', async () => {
    const { tokens, clientId } = await connect(service);
    await revoke(clientId, tokens.access_token);
    expect(await about(tokens.access_token)).toEqual(inactive);
    expect(await about(tokens.refresh_token)).toHaveProperty('active', true);
    await revoke(clientId, tokens.refresh_token);
    expect(await about(tokens.refresh_token)).toEqual(inactive);
    const { code } = await connect(service);
    for (const token of ['x', 'a.b.c', 'y'.repeat(10_000), code, clientId, service.mcpToken]) {
      expect(await about(token)).toEqual(inactive);
    }
  });

  it('calls a refresh token active for as long as it succeeds', async () => {
    const { tokens, clientId } = await connect(service);
    const parameters = { grant_type: 'refresh_token', client_id: clientId, refresh_token: tokens.refresh_token ?? '' };
    expect((await requestToken(service, parameters)).status).toBe(200);
    expect(await about(tokens.refresh_token)).toHaveProperty('active', true);
  });

  it.each([
    ['no token', ''],
    ['two tokens', 'token=a&token=b'],
    ['an empty one', 'token='],
  ])('refuses %s', async (_what, body) => {
    expect(await ask(body)).toMatchObject({ status: 400, body: { error: 'invalid_request' } });
  });

  it('is for who shows the token of this host, not for clients', async () => {
    const { tokens, clientId } = await connect(service);
    const { body: confidential } = await register(service, { token_endpoint_auth_method: 'client_secret_post' });
    const { client_id = '', client_secret = '' } = confidential;
    for (const authorization of [
      'Bearer wrong',
      `Bearer ${tokens.access_token}`,
      `Basic ${Buffer.from(`${client_id}:${client_secret}`).toString('base64')}`,
    ]) {
      const refused = await ask(new URLSearchParams({ token: tokens.access_token ?? '' }).toString(), {
        authorization,
      });
      expect(refused.status).toBe(401);
      expect(refused.headers.get('www-authenticate')).toBe('Bearer realm="introspection"');
      expect(JSON.stringify(refused.body)).not.toContain(clientId);
    }
    const body = new URLSearchParams({ token: tokens.access_token ?? '', client_id, client_secret });
    const bare = await fetch(`${service.issuer}/introspect`, { method: 'POST', body });
    expect(bare.status).toBe(401);
    expect(await bare.json()).toMatchObject({ error: { data: { reason: 'token_missing' } } });
  });

  it.each(['x-forwarded-for', 'forwarded', 'x-real-ip', 'cf-connecting-ip', 'via'])(
    'is not there for what came through a proxy (%s)',
    async (name) => {
      expect((await ask('token=x', { [name]: '127.0.0.1' })).status).toBe(404);
    },
  );

  it.each([
    '/Introspect',
    '/INTROSPECT',
    '/introspect/',
    '/introspect//',
    '//introspect',
    '/./introspect',
    '/%69ntrospect',
    '/introspect?x',
    '/introspect#',
    '/introspect#x',
    '/introspect\\',
    '/introspect\u00a0',
    'http://HOST/introspect',
    'http://HOST/introspect/',
    'http://localhost/introspect',
  ])('is not there for what came through a proxy as %j [R-INTROSPECT-LOCAL]', async (path) => {
    const { host, port } = new URL(service.issuer);
    const body = 'token=x';
    const head = [
      `POST ${path.replace('HOST', host)} HTTP/1.1`,
      `Host: ${host}`,
      `Authorization: Bearer ${service.mcpToken}`,
      'Content-Type: application/x-www-form-urlencoded',
      `Content-Length: ${body.length}`,
      'X-Forwarded-For: 203.0.113.9',
      'Connection: close',
    ];
    const socket = net.connect(Number(port), '127.0.0.1');
    socket.write(Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`, 'latin1'));
    let answer = '';
    for await (const chunk of socket) answer += chunk;
    expect(answer).toMatch(/^HTTP\/1\.1 40[04] /);
    expect(answer).not.toContain('active');
  });

  it('answers a tool that calls the host by its address, which no other path of ours does', async () => {
    const { port } = new URL(service.issuer);
    const call = (path: string) =>
      new Promise<number | undefined>((resolve, reject) => {
        const headers = { host: 'localhost', authorization: `Bearer ${service.mcpToken}` };
        const request = http.request({ host: '127.0.0.1', port, path, method: 'POST', headers }, (response) => {
          response.resume();
          resolve(response.statusCode);
        });
        request.on('error', reject).end();
      });
    expect(await call('/introspect')).toBe(400);
    expect(await call('/token')).toBe(403);
  });

  it('stands in no metadata document', async () => {
    const text = await (await fetch(`${service.issuer}/.well-known/oauth-authorization-server`)).text();
    expect(text).not.toContain('introspect');
    expect((await fetch(`${service.issuer}/introspect`)).status).toBe(405);
  });
});

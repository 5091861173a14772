import net from 'node:net';
import { approve, authorizeUrl, Browser, CALLBACK, pkce, register, requestToken } from './oauth-client.ts';
import { openService, PASSPHRASE, type Service } from './open-service.ts';

describe('dynamic client registration', () => {
  let service: Service;
  beforeAll(async () => {
    service = await openService();
  });
  afterAll(() => service.close());

  it('registers a public client without a secret', async () => {
    const { status, body } = await register(service, { redirect_uris: ['https://claude.ai/api/mcp/auth_callback'] });
    expect(status).toBe(201);
    expect(body).toMatchObject({
      client_name: 'Test client',
      redirect_uris: ['https://claude.ai/api/mcp/auth_callback'],
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
    });
    expect(body.client_id).toMatch(/^client_[0-9a-f]{24}$/);
    expect(body).not.toHaveProperty('client_secret');
  });

  it.each(['client_secret_post', 'client_secret_basic', undefined])('gives a secret to %s', async (method) => {
    const { status, body } = await register(service, { token_endpoint_auth_method: method });
    expect(status).toBe(201);
    expect(body.token_endpoint_auth_method).toBe(method ?? 'client_secret_basic');
    expect(body.client_secret?.length).toBeGreaterThan(40);
  });

  it('registers the redirect URIs of Cursor: loopback and a scheme of its own', async () => {
    const redirect_uris = ['http://localhost:8787/callback', 'cursor://anysphere.cursor-mcp/oauth/callback'];
    const { status, body } = await register(service, { redirect_uris });
    expect(status).toBe(201);
    expect(body.redirect_uris).toEqual(redirect_uris);
    const { verifier, challenge } = pkce();
    for (const redirect_uri of redirect_uris) {
      const url = authorizeUrl(service, { client_id: body.client_id, redirect_uri, code_challenge: challenge });
      const browser = new Browser(service);
      const consent = await browser.submit(await browser.open(url), [['passphrase', PASSPHRASE]]);
      const source = redirect_uri.startsWith('cursor:') ? 'cursor:' : 'http://localhost:8787';
      expect(consent.headers.get('content-security-policy')).toContain(`form-action 'self' ${source};`);
      const callback = await browser.submit(consent, [
        ['scope', 'content:read'],
        ['decision', 'approve'],
      ]);
      expect(callback.url.startsWith(`${redirect_uri}?`)).toBe(true);
      const code = new URL(callback.url).searchParams.get('code') ?? '';
      const parameters = { grant_type: 'authorization_code', client_id: body.client_id ?? '', code, redirect_uri };
      expect((await requestToken(service, { ...parameters, code_verifier: verifier })).status).toBe(200);
    }
    const other = authorizeUrl(service, {
      client_id: body.client_id,
      redirect_uri: 'cursor://anysphere.cursor-mcp/other',
      code_challenge: challenge,
    });
    expect((await fetch(other, { redirect: 'manual', headers: { accept: 'text/html' } })).status).toBe(400);
  });

  it.each([
    ['Claude.ai', ['https://claude.ai/api/mcp/auth_callback', 'https://claude.com/api/mcp/auth_callback']],
    ['Claude Code', ['http://localhost/callback', 'http://127.0.0.1/callback']],
    ['ChatGPT', ['https://chatgpt.com/connector/oauth/abc_DEF-1']],
    ['ChatGPT as it was', ['https://chatgpt.com/connector_platform_oauth_redirect']],
    [
      'VS Code',
      [
        'https://insiders.vscode.dev/redirect',
        'https://vscode.dev/redirect',
        'http://127.0.0.1/',
        'http://127.0.0.1:33418/',
      ],
    ],
    [
      'Cursor',
      [
        'cursor://anysphere.cursor-mcp/oauth/callback',
        'https://www.cursor.com/agents/mcp/oauth/callback',
        'http://localhost:8787/callback',
      ],
    ],
  ])('takes what %s registers, all of it, and lets it be used [R-CLIENT-REDIRECTS]', async (_client, redirect_uris) => {
    const { status, body } = await register(service, { redirect_uris });
    expect(status).toBe(201);
    expect(body.redirect_uris).toEqual(redirect_uris);
    for (const redirect_uri of redirect_uris) {
      const url = authorizeUrl(service, { client_id: body.client_id, redirect_uri, code_challenge: pkce().challenge });
      expect((await new Browser(service).open(url)).html).toContain('name="passphrase"');
    }
  });

  it.each([
    ['http://localhost/callback', 'http://localhost:60351/callback', 303],
    ['http://127.0.0.1/callback', 'http://127.0.0.1:3118/callback', 303],
    ['http://127.0.0.1:33418/', 'http://127.0.0.1:59656/', 303],
    ['http://127.0.0.1/callback', 'http://localhost:3118/callback', 400],
    ['http://localhost/callback', 'http://localhost:60351/other', 400],
    ['https://vscode.dev/redirect', 'https://vscode.dev:8443/redirect', 400],
  ])('registered with %s, asking for %s gives %d', async (registered, redirect_uri, status) => {
    const { body } = await register(service, { redirect_uris: [registered] });
    const url = authorizeUrl(service, { client_id: body.client_id, redirect_uri, code_challenge: pkce().challenge });
    expect((await fetch(url, { redirect: 'manual', headers: { accept: 'text/html' } })).status).toBe(status);
  });

  const spellings = ['/register', '/register/', '/register//', '//register', '/Register', '/REGISTER/', '/%72egister'];
  it.each([...spellings, '/register?x=1', '/register/?x=1'])(
    'asked as %s, registers nothing that it would not register otherwise, and opens no connection [R-REGISTER-ONE-PATH]',
    async (path) => {
      let connections = 0;
      const inner = net.createServer((socket) => {
        connections += 1;
        socket.destroy();
      });
      await new Promise<void>((resolve) => inner.listen(0, '127.0.0.1', resolve));
      const { port } = inner.address() as net.AddressInfo;
      const inside = `https://127.0.0.1:${port}/internal`;
      const post = async (metadata: Record<string, unknown>) => {
        const response = await fetch(`${service.issuer}${path}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify({ token_endpoint_auth_method: 'none', ...metadata }),
        });
        return { status: response.status, body: (await response.json()) as Record<string, unknown> };
      };
      try {
        expect([400, 404]).toContain((await post({ redirect_uris: ['https://evil.example/cb'] })).status);
        const { status, body } = await post({
          redirect_uris: [CALLBACK],
          sector_identifier_uri: inside,
          jwks_uri: inside,
          initiate_login_uri: inside,
          logo_uri: inside,
          scope: 'site:admin',
          response_modes: ['form_post'],
          subject_type: 'pairwise',
        });
        expect([201, 404]).toContain(status);
        expect(JSON.stringify(body)).not.toMatch(/internal|site:admin|form_post|pairwise/);
        if (status === 201) expect(body.redirect_uris).toEqual([CALLBACK]);
        expect(connections).toBe(0);
      } finally {
        await new Promise((resolve) => inner.close(resolve));
      }
    },
  );

  it('is asked with a slash at its end, too', async () => {
    const response = await fetch(`${service.issuer}/register/`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ redirect_uris: [CALLBACK] }),
    });
    expect(response.status).toBe(201);
  });

  it('says what the owner has to set to allow an address', async () => {
    const refused = await register(service, { redirect_uris: ['https://app.example.org/oauth/callback'] });
    expect(refused.body.error_description).toContain('REDIRECT_HOSTS=app.example.org/oauth/callback');
    await service.restart();
    expect(await service.audit()).toContainEqual(
      expect.objectContaining({
        event_type: 'client.registered',
        result: 'denied',
        reason: expect.stringContaining('https://app.example.org/oauth/callback is not allowed here'),
      }),
    );
    const app = await register(service, { redirect_uris: ['my-app://callback'] });
    expect(app.body.error_description).toContain('REDIRECT_SCHEMES=my-app');
  });

  it('takes what the owner allows, until they allow it no more, also for those that are registered', async () => {
    const redirect_uris = ['https://app.example.org/any?x=1', 'https://other.example.org/cb', 'my-app://callback'];
    const allowed = { REDIRECT_HOSTS: 'app.example.org other.example.org/cb', REDIRECT_SCHEMES: 'my-app' };
    const open = await openService(allowed);
    const { status, body } = await register(open, { redirect_uris });
    expect(status).toBe(201);
    const ask = (redirect_uri: string) => {
      const url = authorizeUrl(open, { client_id: body.client_id, redirect_uri, code_challenge: pkce().challenge });
      return fetch(url, { redirect: 'manual', headers: { accept: 'text/html' } });
    };
    for (const uri of redirect_uris) expect((await ask(uri)).status).toBe(303);
    await open.restart({ REDIRECT_HOSTS: '', REDIRECT_SCHEMES: '' });
    for (const uri of redirect_uris) {
      const page = await ask(uri);
      expect(page.status).toBe(400);
      expect(await page.text()).toMatch(/REDIRECT_(HOSTS|SCHEMES)=/);
    }
    await open.close();
  });

  it('ignores metadata that it does not know', async () => {
    const { status, body } = await register(service, {
      software_id: 'x',
      grant_types: ['authorization_code', 'urn:ietf:params:oauth:grant-type:device_code'],
      backchannel_logout_uri: 'http://169.254.169.254/',
      jwks_uri: 'http://127.0.0.1:1/',
    });
    expect(status).toBe(201);
    expect(body).not.toHaveProperty('jwks_uri');
    expect(body).not.toHaveProperty('backchannel_logout_uri');
  });

  it.each([
    ['no list', undefined],
    ['an empty list', []],
    ['plain http elsewhere', ['http://example.org/cb']],
    ['a host that nobody allowed', ['https://example.org/cb']],
    ['a scheme that nobody allowed', ['evil-app://cb']],
    ['a fragment', ['https://claude.ai/api/mcp/auth_callback#x']],
    ['a wildcard', ['https://*.example.org/cb']],
    ['a user in it', ['https://claude.ai@evil.example/cb']],
    ['javascript', ['javascript:alert(1)']],
    ['data', ['data:text/html,x']],
    ['no URI', ['nonsense']],
    ['a number', [7]],
    ['one bad among good ones', ['http://127.0.0.1/cb', 'http://example.org/cb']],
    ['too many', Array.from({ length: 11 }, (_, index) => `http://127.0.0.1/${index}`)],
  ])('refuses redirect URIs with %s', async (_what, uris) => {
    const { status, body } = await register(service, { redirect_uris: uris });
    expect(status).toBe(400);
    expect(body.error).toBe('invalid_redirect_uri');
  });

  it.each([
    ['no JSON', '{'],
    ['a list', '[]'],
    ['a text', '"x"'],
  ])('refuses a body that is %s', async (_what, body) => {
    const response = await fetch(`${service.issuer}/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toHaveProperty('error');
  });

  it('refuses an auth method that it does not offer, and an overlong request', async () => {
    expect((await register(service, { token_endpoint_auth_method: 'private_key_jwt' })).body.error).toBe(
      'invalid_client_metadata',
    );
    const large = await register(service, { client_name: 'x'.repeat(40_000) });
    expect(large.status).toBe(400);
  });

  it('limits registrations of one address and says when to try again', async () => {
    const limited = await openService({ RATE_LIMIT_REGISTRATIONS: '2' });
    await register(limited);
    await register(limited);
    const response = await fetch(`${limited.issuer}/register`, { method: 'POST' });
    expect(response.status).toBe(429);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await response.json()).toMatchObject({ error: { data: { hop: 'oauth-proxy', reason: 'rate_limited' } } });
    await limited.close();
  });

  it('never forgets the client that the owner is connecting, whoever registers meanwhile', async () => {
    const flooded = await openService();
    const { body: client } = await register(flooded);
    const { verifier, challenge } = pkce();
    const url = authorizeUrl(flooded, { client_id: client.client_id, code_challenge: challenge });
    let last = await register(flooded);
    while (last.status === 201) last = await register(flooded);
    expect(last).toMatchObject({ status: 429, body: { error: 'temporarily_unavailable' } });
    const refused = await fetch(`${flooded.issuer}/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ redirect_uris: [CALLBACK], token_endpoint_auth_method: 'none' }),
    });
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    const code = (await approve(flooded, url)).searchParams.get('code') ?? '';
    const { status } = await requestToken(flooded, {
      grant_type: 'authorization_code',
      client_id: client.client_id ?? '',
      code,
      code_verifier: verifier,
      redirect_uri: CALLBACK,
    });
    expect(status).toBe(200);
    await flooded.close();
  });
});

import { openService, type Service } from './open-service.ts';

describe('discovery', () => {
  let service: Service;
  beforeAll(async () => {
    service = await openService();
  });
  afterAll(() => service.close());
  const get = async (path: string) => {
    const response = await fetch(`${service.issuer}${path}`);
    return { status: response.status, headers: response.headers, body: await response.json() };
  };

  it.each([
    '/.well-known/oauth-protected-resource/mcp',
    '/.well-known/oauth-protected-resource',
    '/mcp/.well-known/oauth-protected-resource',
  ])('serves the protected resource metadata at %s', async (path) => {
    const { status, body, headers } = await get(path);
    expect(status).toBe(200);
    expect(headers.get('content-type')).toContain('application/json');
    expect(headers.get('access-control-allow-origin')).toBe('*');
    expect(body).toEqual({
      resource: `${service.issuer}/mcp`,
      authorization_servers: [service.issuer],
      scopes_supported: ['content:read', 'content:write', 'site:admin'],
      bearer_methods_supported: ['header'],
      resource_name: 'Arleo',
    });
  });

  it.each([
    '/.well-known/oauth-authorization-server',
    '/.well-known/oauth-authorization-server/mcp',
    '/.well-known/openid-configuration',
    '/.well-known/openid-configuration/mcp',
    '/mcp/.well-known/oauth-authorization-server',
    '/mcp/.well-known/openid-configuration',
    '/.well-known/oauth-authorization-server/mcp/',
  ])('serves the authorization server metadata at %s', async (path) => {
    const { status, body } = await get(path);
    const { issuer } = service;
    expect(status).toBe(200);
    expect(body).toMatchObject({
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      registration_endpoint: `${issuer}/register`,
      revocation_endpoint: `${issuer}/revoke`,
      jwks_uri: `${issuer}/jwks`,
      code_challenge_methods_supported: ['S256'],
      response_types_supported: ['code'],
      grant_types_supported: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_methods_supported: ['none', 'client_secret_post', 'client_secret_basic'],
      authorization_response_iss_parameter_supported: true,
    });
  });

  it('builds every address from the issuer, whatever a proxy header says', async () => {
    const response = await fetch(`${service.issuer}/.well-known/oauth-authorization-server`, {
      headers: { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' },
    });
    expect(await response.text()).not.toMatch(/evil|https:/);
  });

  describe('a client in a web page', () => {
    const origin = 'https://inspector.example';
    const documents = [
      '/.well-known/oauth-protected-resource',
      '/.well-known/oauth-protected-resource/mcp',
      '/.well-known/oauth-authorization-server',
      '/.well-known/oauth-authorization-server/mcp',
      '/.well-known/openid-configuration',
      '/.well-known/openid-configuration/mcp',
      '/jwks',
    ];
    const calls = ['/register', '/token', '/revoke'];

    it.each([
      ...documents.map((path) => [path, 'GET', 'mcp-protocol-version']),
      ...calls.map((path) => [path, 'POST', 'content-type']),
    ])('may call %s', async (path, method = '', header = '') => {
      const preflight = await fetch(`${service.issuer}${path}`, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': method, 'access-control-request-headers': header },
      });
      expect(preflight.status).toBe(204);
      expect(preflight.headers.get('access-control-allow-methods')).toBe(method);
      expect(preflight.headers.get('access-control-allow-headers')?.toLowerCase()).toContain(header);
      const answer = await fetch(`${service.issuer}${path}`, { method, headers: { origin } });
      for (const { headers } of [preflight, answer]) {
        expect(['*', origin]).toContain(headers.get('access-control-allow-origin'));
        expect(headers.has('access-control-allow-credentials')).toBe(false);
      }
    });

    it('may not read the pages for people', async () => {
      const answer = await fetch(`${service.issuer}/authorize`, { headers: { origin } });
      expect(answer.headers.has('access-control-allow-origin')).toBe(false);
    });
  });

  it.each([
    ['GET', '/token', 'POST'],
    ['GET', '/register', 'POST'],
    ['PUT', '/revoke', 'POST'],
    ['POST', '/authorize', 'GET'],
  ])('answers %s %s with 405 and what is allowed', async (method, path, allowed) => {
    const response = await fetch(`${service.issuer}${path}`, { method });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe(allowed);
    expect(await response.json()).toMatchObject({ error: { data: { reason: 'method_not_allowed' } } });
  });

  it('publishes public keys alone', async () => {
    const { body } = await get('/jwks');
    const { keys } = body as { keys: object[] };
    expect(keys).toHaveLength(1);
    expect(keys[0]).toMatchObject({ kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig' });
    expect(keys[0]).not.toHaveProperty('d');
  });

  it.each(['/nothing-here', '/'])('answers %s with an error that names the hop, and what was meant', async (path) => {
    const { status, body, headers } = await get(path);
    expect(status).toBe(404);
    expect(body).toHaveProperty('error.message', expect.stringContaining(service.mcpUrl));
    expect(body).toHaveProperty('error.data', {
      hop: 'oauth-proxy',
      reason: 'not_found',
      request_id: headers.get('x-request-id'),
    });
  });
});

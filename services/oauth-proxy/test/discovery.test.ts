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

  it.each(['/.well-known/oauth-protected-resource/mcp', '/.well-known/oauth-protected-resource'])(
    'serves the protected resource metadata at %s',
    async (path) => {
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
    },
  );

  it.each([
    '/.well-known/oauth-authorization-server',
    '/.well-known/oauth-authorization-server/mcp',
    '/.well-known/openid-configuration',
    '/.well-known/openid-configuration/mcp',
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

  it('publishes public keys alone', async () => {
    const { body } = await get('/jwks');
    expect(body.keys).toHaveLength(1);
    expect(body.keys[0]).toMatchObject({ kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig' });
    expect(body.keys[0]).not.toHaveProperty('d');
  });

  it('answers unknown addresses with an error that names the hop', async () => {
    const { status, body, headers } = await get('/nothing-here');
    expect(status).toBe(404);
    expect(body.error.data).toEqual({
      hop: 'oauth-proxy',
      reason: 'not_found',
      request_id: headers.get('x-request-id'),
    });
  });
});

import { rpc } from './mcp.ts';
import { grant, register } from './oauth.ts';
import { send } from './send.ts';
import { startTestStack, type TestStack } from './start.ts';

let stack: TestStack;
let issuer: string;
let mcp: string;

beforeAll(async () => {
  stack = await startTestStack();
  ({ issuer, mcpUrl: mcp } = stack.addresses);
});
afterAll(() => stack?.dispose());

test('[R-PIN-RESOURCE] protected resource metadata, in path and root form', async () => {
  for (const form of ['/.well-known/oauth-protected-resource/mcp', '/.well-known/oauth-protected-resource']) {
    const answer = await send(issuer + form);
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    expect(answer.json).toMatchObject({
      resource: `${issuer}/mcp`,
      authorization_servers: [issuer],
      bearer_methods_supported: ['header'],
      scopes_supported: ['content:read', 'content:write', 'site:admin'],
    });
  }
});

test('[R-PIN-AS] authorization server metadata', async () => {
  for (const form of ['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration']) {
    const answer = await send(issuer + form);
    expect(answer.status).toBe(200);
    expect(answer.json).toMatchObject({
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      registration_endpoint: `${issuer}/register`,
      response_types_supported: ['code'],
      code_challenge_methods_supported: ['S256'],
      authorization_response_iss_parameter_supported: true,
      client_id_metadata_document_supported: true,
    });
    expect(answer.json.grant_types_supported).toEqual(expect.arrayContaining(['authorization_code', 'refresh_token']));
    expect(answer.json.token_endpoint_auth_methods_supported).toEqual(
      expect.arrayContaining(['none', 'client_secret_post', 'client_secret_basic']),
    );
    expect(answer.json.scopes_supported).toEqual(
      expect.arrayContaining(['content:read', 'content:write', 'site:admin']),
    );
  }
});

test('[R-PIN-401] the challenge without a token, and with a wrong one', async () => {
  const metadata = `resource_metadata="${issuer}/.well-known/oauth-protected-resource/mcp"`;
  const without = await rpc(mcp, undefined, 'tools/list');
  expect(without.status).toBe(401);
  expect(without.headers['www-authenticate']).toContain(metadata);
  expect(without.headers['www-authenticate']).not.toContain('error=');
  expect(without.json.error.data).toMatchObject({
    hop: 'oauth-proxy',
    reason: 'token_missing',
    request_id: without.headers['x-request-id'],
  });

  const wrong = await rpc(mcp, 'wrong', 'tools/list');
  expect(wrong.status).toBe(401);
  expect(wrong.headers['www-authenticate']).toContain('error="invalid_token"');
  expect(wrong.headers['www-authenticate']).toContain(metadata);
  expect(wrong.json.error.data).toMatchObject({ hop: 'oauth-proxy', reason: 'token_invalid' });
});

test('[R-PIN-ERROR] an error body names the hop, the reason and the request id', async () => {
  const { accessToken } = await grant(issuer, { passphrase: stack.state.passphrase });
  const answer = await rpc(mcp, accessToken, 'x', {}, { body: '{' });
  expect(answer.status).toBe(400);
  expect(answer.json).toEqual({
    jsonrpc: '2.0',
    id: null,
    error: {
      code: expect.any(Number),
      message: expect.any(String),
      data: expect.objectContaining({
        hop: expect.stringMatching(/^(oauth-proxy|hugo-mcp-proxy|hugo-mcp-server)$/),
        reason: 'bad_json',
        request_id: answer.headers['x-request-id'],
      }),
    },
  });
});

test('a registration answer carries what RFC 7591 asks for and no secret for a public client', async () => {
  const answer = await register(issuer);
  expect(answer.status).toBe(201);
  expect(answer.json).toMatchObject({ client_id: expect.any(String), token_endpoint_auth_method: 'none' });
  expect(answer.json).not.toHaveProperty('client_secret');
});

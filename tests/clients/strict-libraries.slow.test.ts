import tls from 'node:tls';
import { ownerApproves } from '@arleo/demo/smoke/owner-approves';
import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import { type StackBehindNginx, startBehindNginx } from '../e2e/behind-nginx.ts';
import { callTool, rpc } from '../e2e/mcp.ts';
import { REDIRECT_URI } from '../e2e/oauth.ts';
import { expectLive, pageOf } from './goes-live.ts';

// Node 22.19 and newer; the libraries use the platform's own fetch, which has no other way to be told.
const { setDefaultCACertificates, getCACertificates } = tls as unknown as {
  setDefaultCACertificates(certificates: readonly string[]): void;
  getCACertificates(type: 'default'): string[];
};

const trusted = getCACertificates('default');
let behind: StackBehindNginx;
let mcpUrl: string;

beforeAll(async () => {
  behind = await startBehindNginx();
  mcpUrl = `${behind.issuer}/mcp`;
  setDefaultCACertificates([...trusted, behind.ca]);
});
afterAll(async () => {
  setDefaultCACertificates(trusted);
  await behind?.dispose();
});

const metadata = { redirect_uris: [REDIRECT_URI], client_name: 'strict', token_endpoint_auth_method: 'none' };
const owner = () => ({ passphrase: behind.stack.state.passphrase });

async function usesTools(client: string, accessToken: string): Promise<void> {
  const { ca, stack } = behind;
  const listed = await rpc(mcpUrl, accessToken, 'tools/list', {}, { ca });
  expect(listed.json.result.tools.map(({ name }: { name: string }) => name)).toContain('create_page');
  const page = pageOf(client);
  const created = await callTool(mcpUrl, accessToken, 'create_page', page, { ca });
  expect(created.json.result.isError ?? false).toBe(false);
  await expectLive(stack, page);
}

test.each(['oauth2', 'oidc'] as const)(
  '[R-CLIENT-OPENID] openid-client, strict, over https (%s)',
  async (algorithm) => {
    const server = new URL(behind.issuer);
    const config = await openid.dynamicClientRegistration(server, metadata, openid.None(), { algorithm });
    expect(config.serverMetadata().supportsPKCE()).toBe(true);
    const pkceCodeVerifier = openid.randomPKCECodeVerifier();
    const expectedState = openid.randomState();
    const url = openid.buildAuthorizationUrl(config, {
      redirect_uri: REDIRECT_URI,
      scope: 'content:read content:write',
      code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
      state: expectedState,
      resource: mcpUrl,
    });
    const { callback } = await ownerApproves(url, owner());
    const tokens = await openid.authorizationCodeGrant(config, callback, { pkceCodeVerifier, expectedState });
    await usesTools(`openid-client ${algorithm}`, tokens.access_token);

    const refreshed = await openid.refreshTokenGrant(config, tokens.refresh_token ?? '', { resource: mcpUrl });
    expect((await rpc(mcpUrl, refreshed.access_token, 'tools/list', {}, { ca: behind.ca })).status).toBe(200);
    await openid.tokenRevocation(config, refreshed.refresh_token ?? '');
    expect((await rpc(mcpUrl, refreshed.access_token, 'tools/list', {}, { ca: behind.ca })).status).toBe(401);
    await expect(openid.refreshTokenGrant(config, refreshed.refresh_token ?? '')).rejects.toMatchObject({
      error: 'invalid_grant',
    });
  },
);

test('[R-CLIENT-OAUTH4WEBAPI] oauth4webapi, strict, over https, from the 401 to the checked access token', async () => {
  const challenged = await fetch(mcpUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  });
  expect(challenged.headers.get('www-authenticate')).toContain('/.well-known/oauth-protected-resource/mcp');

  const resource = new URL(mcpUrl);
  const rs = await oauth.processResourceDiscoveryResponse(resource, await oauth.resourceDiscoveryRequest(resource));
  const issuer = new URL(rs.authorization_servers?.[0] ?? '');
  const found = await oauth.discoveryRequest(issuer, { algorithm: 'oauth2' });
  const as = await oauth.processDiscoveryResponse(issuer, found);
  const registration = await oauth.dynamicClientRegistrationRequest(as, metadata);
  const client = await oauth.processDynamicClientRegistrationResponse(registration);

  const verifier = oauth.generateRandomCodeVerifier();
  const state = oauth.generateRandomState();
  const url = new URL(as.authorization_endpoint ?? '');
  url.search = new URLSearchParams({
    response_type: 'code',
    client_id: client.client_id,
    redirect_uri: REDIRECT_URI,
    scope: 'content:read content:write',
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    resource: mcpUrl,
  }).toString();
  const { callback } = await ownerApproves(url, owner());
  const parameters = oauth.validateAuthResponse(as, client, callback, state);
  const answer = await oauth.authorizationCodeGrantRequest(
    as,
    client,
    oauth.None(),
    parameters,
    REDIRECT_URI,
    verifier,
  );
  const tokens = await oauth.processAuthorizationCodeResponse(as, client, answer);
  await usesTools('oauth4webapi', tokens.access_token);

  // RFC 9068, as a strict resource server checks it.
  const request = new Request(mcpUrl, { headers: { authorization: `Bearer ${tokens.access_token}` } });
  const claims = await oauth.validateJwtAccessToken(as, request, mcpUrl);
  expect(claims).toMatchObject({ client_id: client.client_id, scope: 'content:read content:write' });

  const refreshing = await oauth.refreshTokenGrantRequest(as, client, oauth.None(), tokens.refresh_token ?? '');
  const refreshed = await oauth.processRefreshTokenResponse(as, client, refreshing);
  expect(refreshed.refresh_token).not.toBe(tokens.refresh_token);
  const revoking = await oauth.revocationRequest(as, client, oauth.None(), refreshed.access_token);
  await oauth.processRevocationResponse(revoking);
  expect((await rpc(mcpUrl, refreshed.access_token, 'tools/list', {}, { ca: behind.ca })).status).toBe(401);
});

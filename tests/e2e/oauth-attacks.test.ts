import { createHmac, createPublicKey, createSign, generateKeyPairSync } from 'node:crypto';
import { openBrowser } from '@arleo/demo/smoke/browser';
import { ownerApproves } from '@arleo/demo/smoke/owner-approves';
import { SignJWT } from 'jose';
import { rpc } from './mcp.ts';
import { authorization, type Granted, grant, REDIRECT_URI, redeem, register, token } from './oauth.ts';
import { send } from './send.ts';
import { startTestStack, type TestStack } from './start.ts';
import { expectNoSecrets, expectWholeChains } from './trail.ts';

let stack: TestStack;
let issuer: string;
let mcp: string;
let granted: Granted;
const owner = () => ({ passphrase: stack.state.passphrase });

beforeAll(async () => {
  stack = await startTestStack();
  ({ issuer, mcpUrl: mcp } = stack.addresses);
  granted = await grant(issuer, owner());
});
afterAll(() => stack?.dispose());

async function expectRefused(accessToken: string): Promise<void> {
  const answer = await rpc(mcp, accessToken, 'tools/list');
  expect(answer).toMatchObject({
    status: 401,
    json: { error: { data: { hop: 'oauth-proxy', reason: 'token_invalid' } } },
  });
  expect(answer.headers['www-authenticate']).toContain('error="invalid_token"');
}

test('[R-JOB-DENY] an owner who denies gives access_denied, state and iss, and no code', async () => {
  const asked = await authorization(issuer);
  const { callback, code } = await ownerApproves(asked.url, { ...owner(), decision: 'deny' });
  expect(code).toBe('');
  expect(Object.fromEntries(callback.searchParams)).toMatchObject({
    error: 'access_denied',
    state: asked.state,
    iss: issuer,
  });
});

test('[R-JOB-SCOPE] an unticked scope is not granted, and the answer says what is needed', async () => {
  const asked = await authorization(issuer);
  const { code } = await ownerApproves(asked.url, { ...owner(), tick: (scope) => scope === 'content:read' });
  const { json } = await redeem(issuer, asked, code);
  const listed = await rpc(mcp, json.access_token, 'tools/list');
  const names = listed.json.result.tools.map((tool: { name: string }) => tool.name);
  expect(names).toContain('list_pages');
  expect(names).not.toContain('create_page');

  const refused = await rpc(mcp, json.access_token, 'tools/call', {
    name: 'create_page',
    arguments: { route: 'posts/no', lang: 'en', title: 'No', content: 'No' },
  });
  expect(refused).toMatchObject({ status: 403, json: { error: { data: { reason: 'insufficient_scope' } } } });
  expect(refused.headers['www-authenticate']).toMatch(/^Bearer .*error="insufficient_scope"/);
  expect(refused.headers['www-authenticate']).toContain('scope="');
  expect(refused.headers['www-authenticate']).toContain('resource_metadata="');
});

test('[R-BAD-CODE] a code works once; its second use kills what it gave', async () => {
  const asked = await authorization(issuer);
  const { code } = await ownerApproves(asked.url, owner());
  const first = await redeem(issuer, asked, code);
  expect(first.status).toBe(200);
  expect(await redeem(issuer, asked, code)).toMatchObject({ status: 400, json: { error: 'invalid_grant' } });
  const refresh = await token(issuer, {
    grant_type: 'refresh_token',
    client_id: asked.clientId,
    refresh_token: first.json.refresh_token,
  });
  expect(refresh).toMatchObject({ status: 400, json: { error: 'invalid_grant' } });
});

test('[R-BAD-VERIFIER] a wrong, a missing and a plain verifier are refused', async () => {
  const asked = await authorization(issuer);
  const { code } = await ownerApproves(asked.url, owner());
  const wrong = await redeem(issuer, { ...asked, verifier: 'w'.repeat(43) }, code);
  expect(wrong).toMatchObject({ status: 400, json: { error: 'invalid_grant' } });

  const bare = await authorization(issuer, { code_challenge: undefined, code_challenge_method: undefined });
  expect(new URL((await openBrowser(isCallback).open(bare.url.href)).url).searchParams.get('error')).toBe(
    'invalid_request',
  );
  const plain = await authorization(issuer, { code_challenge_method: 'plain' });
  expect(new URL((await openBrowser(isCallback).open(plain.url.href)).url).searchParams.get('error')).toBe(
    'invalid_request',
  );
});

function isCallback(url: URL): boolean {
  return url.href.startsWith(REDIRECT_URI);
}

test.each([
  'https://evil.example/callback',
  'http://127.0.0.1:33418/other',
  'http://127.0.0.1:33418/callback/../steal',
  'http://127.0.0.1@evil.example/callback',
])('[R-BAD-REDIRECT] the redirect URI %s, which is not registered, gets a page and no redirect', async (redirect) => {
  const asked = await authorization(issuer, { redirect_uri: redirect });
  const answer = await send(asked.url.href, { headers: { accept: 'text/html' } });
  expect(answer.status).toBe(400);
  expect(answer.headers.location).toBeUndefined();
});

test('[R-BAD-REDIRECT] a code is not redeemed for another redirect URI', async () => {
  const asked = await authorization(issuer);
  const { code } = await ownerApproves(asked.url, owner());
  const answer = await redeem(issuer, asked, code, { redirect_uri: 'http://127.0.0.1:33418/other' });
  expect(answer).toMatchObject({ status: 400, json: { error: 'invalid_grant' } });
});

test.each([
  ['javascript:', 'javascript:alert(1)'],
  ['plain http', 'http://evil.example/callback'],
  ['a fragment', 'https://claude.ai/api/mcp/auth_callback#x'],
])('[R-BAD-REDIRECT] a registration with %s is refused', async (_, redirect) => {
  const answer = await register(issuer, { redirect_uris: [redirect] });
  expect(answer.status).toBe(400);
  expect(answer.json.error).toMatch(/^invalid_(redirect_uri|client_metadata)$/);
});

test('[R-BAD-AUDIENCE] a resource that is not ours is refused as invalid_target', async () => {
  const asked = await authorization(issuer, { resource: 'https://evil.example/mcp' });
  const page = await openBrowser(isCallback).open(asked.url.href);
  expect(new URL(page.url).searchParams.get('error')).toBe('invalid_target');
});

/** A token as ours, but made by somebody else. */
function forged(
  changes: { claims?: object; header?: object; key?: ReturnType<typeof generateKeyPairSync>['privateKey'] } = {},
) {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const [header = '', claims = ''] = granted.accessToken.split('.');
  const decode = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString());
  return new SignJWT({ ...decode(claims), ...changes.claims })
    .setProtectedHeader({ ...decode(header), ...changes.header })
    .sign(changes.key ?? privateKey);
}

test('[R-BAD-AUDIENCE] a token whose audience was changed is refused', async () => {
  await expectRefused(await forged({ claims: { aud: 'https://evil.example/mcp' } }));
});

test('[R-BAD-ALG] alg none, HS256 over the public key, and another key are refused', async () => {
  const [, claims] = granted.accessToken.split('.');
  const metadata = (await send(`${issuer}/.well-known/oauth-authorization-server`)).json;
  const { keys } = (await send(metadata.jwks_uri)).json;
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const typ = 'at+jwt';
  const { kid } = keys[0];

  await expectRefused(`${encode({ alg: 'none', typ, kid })}.${claims}.`);

  const pem = createPublicKey({ key: keys[0], format: 'jwk' }).export({ type: 'spki', format: 'pem' });
  for (const secret of [pem.toString(), JSON.stringify(keys[0])]) {
    const signed = `${encode({ alg: 'HS256', typ, kid })}.${claims}`;
    await expectRefused(`${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`);
  }

  await expectRefused(await forged());
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  await expectRefused(await forged({ key: privateKey, header: { jwk: publicKey.export({ format: 'jwk' }) } }));

  const { privateKey: rsa } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const signed = `${encode({ alg: 'RS256', typ, kid })}.${claims}`;
  await expectRefused(`${signed}.${createSign('sha256').update(signed).sign(rsa, 'base64url')}`);
});

test('a token is not taken from the query, and a refresh token is no access token', async () => {
  const inQuery = await rpc(`${mcp}?access_token=${granted.accessToken}`, undefined, 'tools/list');
  // RFC 6750, section 3.1: a malformed request, not a bad token.
  expect(inQuery.status).toBe(400);
  await expectRefused(granted.refreshToken);
  await expectRefused(stack.state.mcpToken);
});

test('[R-BAD-CSRF] a consent or login form sent from another site, or without its page, does nothing', async () => {
  const asked = await authorization(issuer);
  const foreign = { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
  const browser = openBrowser(isCallback);
  const loginPage = await browser.open(asked.url.href);
  const login = loginPage.forms.find((form) => form.names.has('passphrase'));
  if (!login) throw new Error('no login form');
  const crossLogin = await browser.submit(loginPage, login, { fill: owner(), headers: foreign });
  expect(crossLogin.status).toBeGreaterThanOrEqual(400);

  const consentPage = await browser.submit(loginPage, login, { fill: owner() });
  const consent = consentPage.forms.find((form) => form.buttons.some((button) => button.name === 'decision'));
  if (!consent) throw new Error(`no consent form at ${consentPage.url}: ${consentPage.status}`);
  const press = { name: 'decision', value: 'approve' };
  const crossConsent = await browser.submit(consentPage, consent, { press, headers: foreign });
  expect(crossConsent.status).toBeGreaterThanOrEqual(400);

  // Another browser, which knows the form's address and fields but not the owner's cookies.
  const stranger = openBrowser(isCallback);
  const strange = await stranger.submit(consentPage, consent, { press });
  expect(strange.status).toBeGreaterThanOrEqual(400);

  const approved = await browser.submit(consentPage, consent, { press });
  expect(new URL(approved.url).searchParams.get('code')).toBeTruthy();
});

test('the login and consent pages may not be framed, cached or run scripts', async () => {
  const page = await openBrowser(isCallback).open((await authorization(issuer)).url.href);
  const policy = String(page.headers['content-security-policy']);
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toContain("script-src 'unsafe-inline'");
  expect(page.headers['cache-control']).toContain('no-store');
});

test('a wrong passphrase lets nobody in', async () => {
  const browser = openBrowser(isCallback);
  const page = await browser.open((await authorization(issuer)).url.href);
  const login = page.forms.find((form) => form.names.has('passphrase'));
  if (!login) throw new Error('no login form');
  const answer = await browser.submit(page, login, { fill: { passphrase: 'wrong' } });
  expect(isCallback(new URL(answer.url))).toBe(false);
  expect(answer.forms.some((form) => form.buttons.some((button) => button.name === 'decision'))).toBe(false);
});

test('the logs hold no secret, and their chains are whole', async () => {
  await expectNoSecrets(stack, [granted.accessToken, granted.refreshToken]);
  await expectWholeChains(stack);
});

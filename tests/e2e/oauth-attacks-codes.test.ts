import { createHash } from 'node:crypto';
import { openBrowser } from '@arleo/demo/smoke/browser';
import { ownerApproves } from '@arleo/demo/smoke/owner-approves';
import * as oauth from 'oauth4webapi';
import { rpc } from './mcp.ts';
import { authorization, grant, REDIRECT_URI, redeem, register, token } from './oauth.ts';
import { send } from './send.ts';
import { type ShiftedClock, shiftedClock } from './shifted-clock.ts';
import { startTestStack, type TestStack } from './start.ts';
import { auditEvents } from './trail.ts';

let stack: TestStack;
let clock: ShiftedClock;
let issuer: string;
let mcp: string;
const owner = () => ({ passphrase: stack.state.passphrase });
const isCallback = (url: URL): boolean => url.href.startsWith(REDIRECT_URI);

beforeAll(async () => {
  clock = await shiftedClock();
  stack = await startTestStack({ 'oauth-proxy': clock.env });
  ({ issuer, mcpUrl: mcp } = stack.addresses);
});
afterAll(async () => {
  await stack?.dispose();
  await clock?.dispose();
});

const refresh = (clientId: string, refreshToken: string) =>
  token(issuer, { grant_type: 'refresh_token', client_id: clientId, refresh_token: refreshToken });

const invalidGrant = { status: 400, json: { error: 'invalid_grant' } };

test('[R-ATTACK-INJECTION] a stolen code is of no use in the session of another client, or of the same one', async () => {
  const victim = await authorization(issuer);
  const { code } = await ownerApproves(victim.url, owner());

  // Another client, even one that has learned the verifier too.
  const attacker = await authorization(issuer);
  expect(await redeem(issuer, { clientId: attacker.clientId, verifier: victim.verifier }, code)).toMatchObject(
    invalidGrant,
  );

  // The same client: the code is put into a session that the attacker began, with the verifier of that session.
  const second = await authorization(issuer);
  const stolen = await ownerApproves(second.url, owner());
  const injected = await redeem(issuer, { ...second, verifier: victim.verifier }, stolen.code);
  expect(injected).toMatchObject(invalidGrant);
});

test('[R-ATTACK-MIXUP] every authorization response names its issuer, to the byte, errors too', async () => {
  const metadata = (await send(`${issuer}/.well-known/oauth-authorization-server`)).json;
  expect(metadata.authorization_response_iss_parameter_supported).toBe(true);
  const asked = await authorization(issuer);
  const { callback } = await ownerApproves(asked.url, owner());
  expect(callback.searchParams.getAll('iss')).toEqual([issuer]);

  for (const changes of [
    { code_challenge: undefined, code_challenge_method: undefined },
    { response_type: 'token' },
    { resource: 'https://evil.example/mcp' },
    { prompt: 'none' },
  ]) {
    const refused = await openBrowser(isCallback).open((await authorization(issuer, changes)).url.href);
    const { searchParams, hash } = new URL(refused.url);
    // The answer to `response_type=token` belongs into the fragment.
    const answered = hash === '' ? searchParams : new URLSearchParams(hash.slice(1));
    expect({ changes, error: answered.get('error') }).toEqual({ changes, error: expect.any(String) });
    expect(answered.getAll('iss')).toEqual([issuer]);
  }
});

test('[R-ATTACK-MIXUP] a strict client takes our answer, and no other issuer in its place', async () => {
  const url = new URL(issuer);
  const http = { [oauth.allowInsecureRequests]: true };
  const as = await oauth.processDiscoveryResponse(
    url,
    await oauth.discoveryRequest(url, { algorithm: 'oauth2', ...http }),
  );
  const asked = await authorization(issuer);
  const { callback } = await ownerApproves(asked.url, owner());
  const client: oauth.Client = { client_id: asked.clientId };
  expect(oauth.validateAuthResponse(as, client, callback, asked.state).get('code')).toBeTruthy();

  const elsewhere = new URL(callback);
  elsewhere.searchParams.set('iss', 'https://evil.example');
  expect(() => oauth.validateAuthResponse(as, client, elsewhere, asked.state)).toThrow(/iss/);
  elsewhere.searchParams.delete('iss');
  expect(() => oauth.validateAuthResponse(as, client, elsewhere, asked.state)).toThrow(/iss/);
});

test.each([
  ['no challenge', { code_challenge: undefined, code_challenge_method: undefined }],
  ['an empty challenge', { code_challenge: '' }],
  ['the method plain', { code_challenge_method: 'plain' }],
  ['no method, which would mean plain', { code_challenge_method: undefined }],
  ['a method that does not exist', { code_challenge_method: 's256' }],
  ['a challenge that is too short', { code_challenge: 'x'.repeat(42) }],
])('[R-ATTACK-PKCE] an authorization request with %s gets no code', async (_, changes) => {
  const page = await openBrowser(isCallback).open((await authorization(issuer, changes)).url.href);
  const { searchParams } = new URL(page.url);
  expect(searchParams.get('error')).toBe('invalid_request');
  expect(searchParams.get('code')).toBeNull();
});

test('[R-ATTACK-PKCE] a code is not given away without its verifier, with an empty one, or with the challenge itself', async () => {
  const challenge = (verifier: string) => createHash('sha256').update(verifier).digest('base64url');
  for (const spoil of [
    () => ({}),
    () => ({ code_verifier: '' }),
    (verifier: string) => ({ code_verifier: challenge(verifier) }),
  ]) {
    const asked = await authorization(issuer);
    const { code } = await ownerApproves(asked.url, owner());
    const answer = await token(issuer, {
      grant_type: 'authorization_code',
      client_id: asked.clientId,
      code,
      redirect_uri: REDIRECT_URI,
      ...spoil(asked.verifier),
    });
    expect(answer.status).toBe(400);
    expect(answer.json.error).toMatch(/^invalid_(grant|request)$/);
    expect(answer.text).not.toContain('access_token');
  }
});

test('[R-ATTACK-REPLAY] a refresh token is of no use to another client, and that does not harm its owner', async () => {
  const granted = await grant(issuer, owner());
  const other = (await register(issuer)).json.client_id;
  expect(await refresh(other, granted.refreshToken)).toMatchObject(invalidGrant);
  expect(await refresh(granted.clientId, granted.refreshToken)).toMatchObject({ status: 200 });
});

test('[R-ATTACK-REPLAY] a burst of refreshes succeeds; a replay after the grace ends all that came of it', async () => {
  const granted = await grant(issuer, owner());
  const burst = await Promise.all(Array.from({ length: 4 }, () => refresh(granted.clientId, granted.refreshToken)));
  expect(burst.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  const [first] = burst;
  expect((await rpc(mcp, first?.json.access_token, 'tools/list')).status).toBe(200);

  await clock.advance(61_000);
  expect(await refresh(granted.clientId, granted.refreshToken)).toMatchObject(invalidGrant);
  for (const { json } of burst) {
    expect(await refresh(granted.clientId, json.refresh_token)).toMatchObject(invalidGrant);
    expect((await rpc(mcp, json.access_token, 'tools/list')).status).toBe(401);
  }
  // An event is written once the answer has left.
  const replayed = async () =>
    (await auditEvents(stack, 'oauth-proxy')).some(
      ({ event_type, actor }) =>
        event_type === 'grant.revoked' && (actor as { client_id?: string })?.client_id === granted.clientId,
    );
  while (!(await replayed())) await new Promise((resolve) => setTimeout(resolve, 20));
});

import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { decodeJwt, decodeProtectedHeader, SignJWT } from 'jose';
import { type ActorClaims, type ActorVerifier, importActorKey, openActorVerifier, signActor } from './actor.ts';

const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const publicPem = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
const claims: ActorClaims = {
  sub: 'owner',
  client_id: 'https://claude.ai/oauth/mcp-oauth-client-metadata',
  scope: 'content:read content:write',
  request_id: 'req-1',
  client_ip: '203.0.113.9',
  aud: 'hugo-mcp-server',
};
const now = Date.UTC(2026, 4, 9, 13, 42, 11);

let key: KeyObject;
let verifier: ActorVerifier;

beforeAll(async () => {
  key = importActorKey(pair.privateKey.export({ type: 'sec1', format: 'pem' }).toString());
  verifier = await openActorVerifier(publicPem, { now: () => now });
});

/** An assertion that differs from a good one in the given claims or header members; undefined removes a claim. */
function variant(payload: Record<string, unknown>, header: Record<string, unknown> = {}): Promise<string> {
  const iat = Math.floor(now / 1000);
  const good = { ...claims, iss: 'oauth-proxy', jti: claims.request_id, iat, exp: iat + 60 };
  return new SignJWT(JSON.parse(JSON.stringify({ ...good, ...payload })))
    .setProtectedHeader({ alg: 'ES256', typ: 'arleo-actor+jwt', ...header })
    .sign(key);
}

test('an assertion says who calls, with which client, scopes and request id', async () => {
  const jwt = signActor(key, claims, now);
  expect(decodeProtectedHeader(jwt)).toEqual({ alg: 'ES256', typ: 'arleo-actor+jwt' });
  expect(decodeJwt(jwt)).toEqual({
    iss: 'oauth-proxy',
    sub: 'owner',
    aud: 'hugo-mcp-server',
    client_id: claims.client_id,
    scope: claims.scope,
    jti: 'req-1',
    client_ip: '203.0.113.9',
    iat: now / 1000,
    exp: now / 1000 + 60,
  });
  await expect(verifier.verify(jwt)).resolves.toEqual({
    sub: 'owner',
    clientId: claims.client_id,
    scopes: new Set(['content:read', 'content:write']),
    requestId: 'req-1',
    clientAddress: '203.0.113.9',
  });
});

test('keys may be PKCS #8 as well, and nothing but EC P-256', async () => {
  const pkcs8 = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  await expect(verifier.verify(signActor(importActorKey(pkcs8), claims, now))).resolves.toBeDefined();
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  const invalid = expect.objectContaining({ code: 'actor_key_invalid' });
  const pem = p384.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  expect(() => importActorKey(pem)).toThrow(invalid);
  await expect(openActorVerifier(p384.publicKey.export({ type: 'spki', format: 'pem' }).toString())).rejects.toEqual(
    invalid,
  );
  await expect(openActorVerifier('not a key')).rejects.toEqual(invalid);
  await expect(openActorVerifier(pkcs8)).rejects.toEqual(invalid);
});

test('a missing assertion is told from a bad one', async () => {
  await expect(verifier.verify(undefined)).rejects.toMatchObject({ code: 'actor_missing' });
  await expect(verifier.verify('')).rejects.toMatchObject({ code: 'actor_missing' });
  await expect(verifier.verify('a.b.c')).rejects.toMatchObject({ code: 'actor_invalid' });
  await expect(verifier.verify('x'.repeat(100_000))).rejects.toMatchObject({ code: 'actor_invalid' });
});

test('an assertion ends after 60 seconds, give or take 5 for the clocks, whatever its exp says', async () => {
  const at = (seconds: number) => signActor(key, claims, now + seconds * 1000);
  await expect(verifier.verify(await at(-64))).resolves.toBeDefined();
  await expect(verifier.verify(await at(-66))).rejects.toMatchObject({ code: 'actor_expired' });
  await expect(verifier.verify(await at(4))).resolves.toBeDefined();
  await expect(verifier.verify(await at(10))).rejects.toMatchObject({ code: 'actor_expired' });
  const long = await variant({ iat: now / 1000 - 600, exp: now / 1000 + 600 });
  await expect(verifier.verify(long)).rejects.toMatchObject({ code: 'actor_expired' });
});

describe('refuses as invalid', () => {
  test.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    ['another audience', { aud: 'hugo-mcp-proxy' }, {}],
    ['another issuer', { iss: 'somebody' }, {}],
    ['no expiry', { exp: undefined }, {}],
    ['no time of issue', { iat: undefined }, {}],
    ['no subject', { sub: undefined }, {}],
    ['an empty subject', { sub: '' }, {}],
    ['a client that is not text', { client_id: 7 }, {}],
    ['no request id', { jti: undefined }, {}],
    ['another type of JWT', {}, { typ: 'at+jwt' }],
    ['no type', {}, { typ: undefined }],
  ])('%s', async (_, payload, header) => {
    await expect(verifier.verify(await variant(payload, header))).rejects.toMatchObject({ code: 'actor_invalid' });
  });

  test('another key', async () => {
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const jwt = signActor(
      importActorKey(other.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()),
      claims,
      now,
    );
    await expect(verifier.verify(jwt)).rejects.toMatchObject({ code: 'actor_invalid' });
  });

  test('alg none, and HS256 keyed with the public key', async () => {
    const [, payload] = signActor(key, claims, now).split('.');
    const none = Buffer.from(JSON.stringify({ alg: 'none', typ: 'arleo-actor+jwt' })).toString('base64url');
    await expect(verifier.verify(`${none}.${payload}.`)).rejects.toMatchObject({ code: 'actor_invalid' });
    const hs = await new SignJWT({ ...decodeJwt(`${none}.${payload}.x`) })
      .setProtectedHeader({ alg: 'HS256', typ: 'arleo-actor+jwt' })
      .sign(Buffer.from(publicPem));
    await expect(verifier.verify(hs)).rejects.toMatchObject({ code: 'actor_invalid' });
  });

  test('one changed character of payload or signature', async () => {
    const [header, payload = '', signature = ''] = signActor(key, claims, now).split('.');
    const flip = (text: string) => (text[10] === 'A' ? 'B' : 'A') + text.slice(1, 10) + text.slice(10);
    await expect(verifier.verify(`${header}.${flip(payload)}.${signature}`)).rejects.toMatchObject({
      code: 'actor_invalid',
    });
    await expect(verifier.verify(`${header}.${payload}.${flip(signature)}`)).rejects.toMatchObject({
      code: 'actor_invalid',
    });
  });
});

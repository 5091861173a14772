import { type CryptoKey, exportSPKI, generateKeyPair, type JWTPayload, SignJWT } from 'jose';
import { createAccessTokenCheck, type TokenAuthority } from './access-token.ts';

const issuer = 'https://mcp.example.org';
const mcpUrl = `${issuer}/mcp`;
const start = 1_800_000_000_000;
const claims = {
  iss: issuer,
  aud: mcpUrl as string | string[],
  sub: 'owner',
  client_id: 'client_1',
  grant_id: 'grant_1',
  jti: 'jti_1',
  scope: 'content:read content:write',
  iat: start / 1000,
  exp: start / 1000 + 3600,
};
const header = { alg: 'ES256', typ: 'at+jwt', kid: 'key_1' };

let pair: { privateKey: CryptoKey; publicKey: CryptoKey };
beforeAll(async () => {
  pair = await generateKeyPair('ES256', { extractable: true });
});

/** A token signed with the right key; what is changed is all that is wrong with it. */
const sign = (changed: JWTPayload = {}, changedHeader: Record<string, unknown> = {}): Promise<string> =>
  new SignJWT({ ...claims, ...changed }).setProtectedHeader({ ...header, ...changedHeader }).sign(pair.privateKey);

/** The same without one claim. */
const without = (name: keyof typeof claims): Promise<string> => sign({ [name]: undefined });

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A check with a clock, and keys and a state that can be changed. */
function openCheck() {
  const world = { now: start, alive: true, revoked: new Set<string>(), keys: new Set(['key_1']) };
  const authority: TokenAuthority = {
    issuer,
    mcpUrl,
    verificationKey: (kid) => (world.keys.has(kid) ? pair.publicKey : undefined),
    accessHolds: (id, jti) => id === 'grant_1' && world.alive && !world.revoked.has(jti),
  };
  return { world, check: createAccessTokenCheck(authority, () => world.now) };
}

describe('an access token', () => {
  it('says who acts, through which client, and with which scopes', async () => {
    const { check } = openCheck();
    expect(await check(await sign())).toEqual({
      token: {
        sub: 'owner',
        clientId: 'client_1',
        scope: 'content:read content:write',
        grantId: 'grant_1',
        jti: 'jti_1',
        kid: 'key_1',
        exp: start / 1000 + 3600,
      },
    });
  });

  it.each([
    ['the MCP URL with a slash at its end', `${mcpUrl}/`],
    ['several audiences, ours among them', ['https://other.example', mcpUrl]],
  ])('is taken for %s', async (_what, aud) => {
    expect(await openCheck().check(await sign({ aud }))).toHaveProperty('token');
  });

  it('without scopes allows nothing, and is no error', async () => {
    expect(await openCheck().check(await without('scope'))).toMatchObject({ token: { scope: '' } });
  });

  it.each<[string, string, () => string | Promise<string>]>([
    ['of another issuer', 'wrong_issuer', () => sign({ iss: 'https://other.example' })],
    ['whose issuer has a slash more', 'wrong_issuer', () => sign({ iss: `${issuer}/` })],
    ['without an issuer', 'wrong_issuer', () => without('iss')],
    ['for another audience', 'wrong_audience', () => sign({ aud: 'https://other.example/mcp' })],
    ['for the issuer, not its MCP URL', 'wrong_audience', () => sign({ aud: issuer })],
    ['for an audience that begins like ours', 'wrong_audience', () => sign({ aud: `${mcpUrl}/admin` })],
    ['without an audience', 'wrong_audience', () => without('aud')],
    ['that expires now', 'expired', () => sign({ exp: start / 1000 })],
    ['without an end', 'wrong_claims', () => without('exp')],
    [
      'forged, of yesterday',
      'bad_signature',
      async () => `${(await sign({ exp: start / 1000 - 86_400 })).replace(/[^.]+$/, '')}${'x'.repeat(86)}`,
    ],
    ['not valid yet', 'wrong_claims', () => sign({ nbf: start / 1000 + 60 })],
    ['of an unknown key', 'wrong_key', () => sign({}, { kid: 'key_2' })],
    ['that names no key', 'wrong_key', () => sign({}, { kid: undefined })],
    ['of another type', 'malformed', () => sign({}, { typ: 'JWT' })],
    ['of no type', 'malformed', () => sign({}, { typ: undefined })],
    ['without a subject', 'wrong_claims', () => without('sub')],
    ['without a client', 'wrong_claims', () => without('client_id')],
    ['without a grant', 'wrong_claims', () => without('grant_id')],
    ['without an id', 'wrong_claims', () => without('jti')],
    ['without the time of its issue', 'wrong_claims', () => without('iat')],
    ['of another grant', 'revoked', () => sign({ grant_id: 'grant_2' })],
    ['longer than any of ours', 'malformed', () => sign({ padding: 'x'.repeat(4096) })],
    ['of four parts', 'malformed', async () => `${await sign()}.x`],
    ['of two parts', 'malformed', async () => (await sign()).split('.').slice(0, 2).join('.')],
    ['without a signature', 'bad_signature', async () => (await sign()).replace(/[^.]+$/, '')],
    ['with the signature of another', 'bad_signature', async () => (await sign()).replace(/[^.]+$/, 'A'.repeat(86))],
    ['with alg none', 'malformed', () => `${part({ ...header, alg: 'none' })}.${part(claims)}.`],
    ['whose header is no JSON', 'malformed', () => `e30x.${part(claims)}.x`],
    ['whose header is null', 'malformed', () => `${part(null)}.${part(claims)}.x`],
    ['whose payload is a list', 'wrong_issuer', () => `${part(header)}.${part([])}.x`],
    ['that is empty', 'malformed', () => ''],
  ])('%s is refused: %s', async (_what, refusal, make) => {
    expect(await openCheck().check(await make())).toEqual({ refusal });
  });

  it('signed with a secret that is our public key is refused (alg confusion)', async () => {
    const secret = new TextEncoder().encode(await exportSPKI(pair.publicKey));
    const forged = await new SignJWT(claims).setProtectedHeader({ ...header, alg: 'HS256' }).sign(secret);
    expect(await openCheck().check(forged)).toEqual({ refusal: 'malformed' });
  });

  it('signed with another key under the name of ours is refused', async () => {
    const { privateKey } = await generateKeyPair('ES256');
    const forged = await new SignJWT(claims).setProtectedHeader(header).sign(privateKey);
    expect(await openCheck().check(forged)).toEqual({ refusal: 'bad_signature' });
  });

  it('that shows what it is without cryptography costs none: the answer is there at once', async () => {
    const { check } = openCheck();
    for (const wrong of ['x', await sign({}, { typ: 'JWT' }), await sign({ aud: 'x' }), await sign({ iss: 'x' })]) {
      expect(check(wrong)).not.toBeInstanceOf(Promise);
    }
  });
});

describe('a token that was verified before', () => {
  it('is checked at once, without cryptography', async () => {
    const { check } = openCheck();
    const token = await sign();
    expect(check(token)).toBeInstanceOf(Promise);
    await check(token);
    expect(check(token)).toHaveProperty('token.sub', 'owner');
  });

  it('is refused once the key that signed it is dropped', async () => {
    const { check, world } = openCheck();
    const token = await sign();
    await check(token);
    world.keys.delete('key_1');
    expect(await check(token)).toEqual({ refusal: 'wrong_key' });
  });

  it('is refused once it is expired', async () => {
    const { check, world } = openCheck();
    const token = await sign();
    await check(token);
    world.now = claims.exp * 1000 - 1;
    expect(await check(token)).toHaveProperty('token');
    world.now += 1;
    expect(await check(token)).toEqual({ refusal: 'expired' });
  });

  it('is refused once its grant is gone, or it alone is revoked', async () => {
    const { check, world } = openCheck();
    const [one, other] = [await sign(), await sign({ jti: 'jti_2' })];
    await check(one);
    await check(other);
    world.revoked.add('jti_1');
    expect(await check(one)).toEqual({ refusal: 'revoked' });
    expect(await check(other)).toHaveProperty('token');
    world.alive = false;
    expect(await check(other)).toEqual({ refusal: 'revoked' });
  });

  it('is kept while it is in use; of the others the one unused for longest is forgotten', async () => {
    const { check } = openCheck();
    const used = await sign();
    await check(used);
    for (let made = 0; made < 1000; made += 1) {
      await check(await sign({ jti: `other_${made}` }));
      if (made % 100 === 0) check(used);
    }
    expect(check(used)).not.toBeInstanceOf(Promise);
    expect(check(await sign({ jti: 'other_0' }))).toBeInstanceOf(Promise);
  });
});

import fc, { type Arbitrary } from 'fast-check';

/** Stands in secrets that the fuzz makes up: it may be in no answer and in no log. */
export const CANARY = 'canary-7f3a91';

/** Values of a real flow, so that hostile ones get past the first check. */
export interface Known {
  issuer: string;
  mcpUrl: string;
  clientId: string;
  redirectUri: string;
  /** Of an interaction that waits for a login. */
  uid: string;
  csrf: string;
  cookie: string;
}

const NASTY = [
  '',
  ' ',
  '\0',
  '\r\nX-Injected: 1',
  '%',
  '%00',
  '%0d%0aSet-Cookie:%20a=b',
  '../../../etc/passwd',
  "' OR '1'='1",
  '"><script>alert(1)</script>',
  '__proto__',
  'constructor',
  'toString',
  'null',
  'true',
  '-1',
  '1e309',
  'NaN',
  '9'.repeat(400),
  'a'.repeat(3000),
  '\u202e\u2066\u{e0041}',
  '\ud800',
  '𝒳'.repeat(200),
  'javascript:alert(1)',
  'http://127.0.0.1:1/',
  'https://127.0.0.1:1/client.json',
  'file:///etc/passwd',
  '//127.0.0.1',
  '{{7*7}}',
  '[]',
  '{}',
];

/** Lone surrogates have no bytes in UTF-8. */
export const wellFormed = (text: string): string => text.replace(/[\ud800-\udfff]/gu, '\ufffd');

/** Text as somebody who means harm would send it. */
export function hostileText(known: Known): Arbitrary<string> {
  return fc.oneof(
    { weight: 4, arbitrary: fc.constantFrom(...NASTY) },
    { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 60 }) },
    { weight: 1, arbitrary: fc.string({ maxLength: 60 }) },
    {
      weight: 4,
      arbitrary: fc.constantFrom(
        known.clientId,
        known.redirectUri,
        known.mcpUrl,
        known.issuer,
        known.uid,
        'S256',
        'code',
      ),
    },
  );
}

/** A made-up secret: it has the canary in it, and the form of a real one. */
export const hostileSecret: Arbitrary<string> = fc.oneof(
  fc.constant(CANARY),
  fc.string({ maxLength: 30 }).map((tail) => `${CANARY}${tail}`),
  fc.constant(
    `${'eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9'}.${Buffer.from(`{"sub":"${CANARY}"}`).toString('base64url')}.${CANARY}`,
  ),
  fc.constant(CANARY.repeat(300)),
);

/** Names of parameters whose values are secret. */
const SECRET = new Set([
  'code',
  'code_verifier',
  'refresh_token',
  'token',
  'client_secret',
  'client_assertion',
  'passphrase',
  'recovery_code',
  'access_token',
  'csrf',
]);

/** Values that mean something to an authorization server, whether this one offers them or not. */
const MEANINGFUL = new Map<string, readonly string[]>([
  ['response_mode', ['query', 'fragment', 'form_post', 'web_message', 'jwt']],
  ['response_type', ['token', 'id_token', 'code id_token', 'none']],
  ['prompt', ['none', 'login', 'consent', 'select_account', 'none login']],
  ['max_age', ['0', '-1', '99999999999']],
  ['scope', ['openid', 'offline_access', 'mcp', 'openid offline_access site:admin']],
  ['claims', ['{"userinfo":{"sub":null}}', '{"id_token":{"acr":{"essential":true}}}']],
  [
    'grant_type',
    ['authorization_code', 'client_credentials', 'password', 'urn:ietf:params:oauth:grant-type:device_code'],
  ],
  ['client_assertion_type', ['urn:ietf:params:oauth:client-assertion-type:jwt-bearer']],
  ['token_type_hint', ['access_token', 'refresh_token']],
  ['decision', ['approve', 'deny']],
]);

/** Names and values of parameters; a name may come twice. */
export function parameters(known: Known, names: readonly string[]): Arbitrary<[string, string][]> {
  const valid = new Map<string, string>(
    Object.entries({
      client_id: known.clientId,
      redirect_uri: known.redirectUri,
      response_type: 'code',
      resource: known.mcpUrl,
      code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
      code_challenge_method: 'S256',
      scope: 'content:read content:write',
      grant_type: 'refresh_token',
      csrf: known.csrf,
    }),
  );
  const one = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom(...names) },
    { weight: 1, arbitrary: hostileText(known) },
  );
  return fc.array(
    one.chain((name) => {
      const secret = SECRET.has(name) ? hostileSecret : hostileText(known);
      const values = [valid.get(name) ?? [], MEANINGFUL.get(name) ?? []].flat();
      const any = values.length === 0 ? secret : fc.oneof({ weight: 2, arbitrary: fc.constantFrom(...values) }, secret);
      return fc.tuple(fc.constant(name), any);
    }),
    { maxLength: 9 },
  );
}

/** A form or query: encoded as it should be, not at all, or cut off. */
export function encoded(pairs: Arbitrary<[string, string][]>): Arbitrary<string> {
  const proper = pairs.map((list) =>
    new URLSearchParams(list.map(([name, value]): [string, string] => [name, wellFormed(value)])).toString(),
  );
  const raw = pairs.map((list) => list.map((pair) => pair.join('=')).join('&'));
  return fc.oneof(
    { weight: 6, arbitrary: proper },
    { weight: 1, arbitrary: raw },
    { weight: 1, arbitrary: fc.tuple(proper, fc.nat(200)).map(([text, end]) => text.slice(0, end)) },
  );
}

/** A JSON text: of what the endpoint knows, of anything, nested too deep, or broken. */
export function hostileJson(fields: Record<string, Arbitrary<unknown>>): Arbitrary<string> {
  const known = fc.record(fields, { requiredKeys: [] });
  return fc.oneof(
    { weight: 6, arbitrary: known.map((value) => JSON.stringify(value)) },
    { weight: 2, arbitrary: fc.json({ maxDepth: 6 }) },
    { weight: 1, arbitrary: fc.tuple(known, fc.nat(300)).map(([value, end]) => JSON.stringify(value).slice(0, end)) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        '['.repeat(5000),
        `${'{"a":'.repeat(2000)}1${'}'.repeat(2000)}`,
        '{"__proto__":{"a":1}}',
      ),
    },
  );
}

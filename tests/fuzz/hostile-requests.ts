import fc, { type Arbitrary } from 'fast-check';
import {
  CANARY,
  encoded,
  hostileJson,
  hostileSecret,
  hostileText,
  type Known,
  parameters,
  wellFormed,
} from './hostile-values.ts';

/** One request; any HTTP client could send it. */
export interface HostileRequest {
  method: string;
  /** What stands in the request line, escaped. */
  target: string;
  headers: Record<string, string>;
  body?: string;
}

/** What of a text may stand in a request line: the rest is escaped. */
const inTarget = (text: string): string =>
  wellFormed(text).replace(/[^\x21-\x7e]/gu, (character) => encodeURIComponent(character));

/** What of a text may stand in a header's value. */
const inHeader = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?').slice(0, 4000);

const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH', 'PROPFIND'];

const CONTENT_TYPES = [
  'application/x-www-form-urlencoded',
  'application/json',
  'application/x-www-form-urlencoded; charset=utf-16',
  'application/json; charset=x',
  'multipart/form-data; boundary=x',
  'text/plain',
  '',
  '/',
];

const mostly = <T>(usual: T, others: Arbitrary<T>): Arbitrary<T> =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: others });

function headers(known: Known, contentType: string): Arbitrary<Record<string, string>> {
  const text = hostileText(known).map(inHeader);
  const secret = hostileSecret.map(inHeader);
  const optional = fc.record(
    {
      accept: fc.constantFrom('*/*', 'text/html', 'application/json', 'text/event-stream', 'x'),
      'accept-language': fc.oneof(text, fc.constantFrom('fr', 'fr;q=0,en', 'x'.repeat(300), '*;q=9')),
      authorization: fc.oneof(
        secret.map((value) => `Bearer ${value}`),
        secret.map((value) => `Basic ${Buffer.from(`${known.clientId}:${value}`).toString('base64')}`),
        secret.map((value) => `DPoP ${value}`),
        secret,
      ),
      cookie: fc.oneof(
        fc.constant(known.cookie),
        secret.map((value) => `arleo_interaction=${value}; arleo_interaction.sig=${value}`),
        secret.map((value) => `arleo_session=${value}; arleo_browser=${value}`),
        secret.map((value) => known.cookie.replace(/=[^;]*/g, `=${value}`)),
      ),
      origin: fc.oneof(fc.constant(known.issuer), fc.constant('null'), text),
      referer: text,
      'sec-fetch-site': fc.constantFrom('same-origin', 'cross-site', 'none', 'x'),
      'x-forwarded-for': fc.oneof(fc.ipV4(), fc.ipV6(), text, fc.constant('1.2.3.4, '.repeat(200))),
      'x-forwarded-proto': text,
      'x-forwarded-host': text,
      'x-request-id': text,
      'user-agent': text,
      dpop: secret,
      'content-encoding': fc.constantFrom('gzip', 'br', 'x'),
      expect: fc.constantFrom('100-continue', 'x'),
      'if-none-match': text,
      range: fc.constant('bytes=0-1'),
      'access-control-request-method': text,
    },
    { requiredKeys: [] },
  );
  return fc
    .tuple(optional, mostly(contentType, fc.constantFrom(...CONTENT_TYPES)))
    .map(([rest, type]) => ({ ...rest, 'content-type': type }));
}

interface Shape {
  method: string;
  target: Arbitrary<string>;
  contentType?: string;
  body?: Arbitrary<string>;
}

function shaped(known: Known, { method, target, contentType = '', body }: Shape): Arbitrary<HostileRequest> {
  return fc
    .tuple(
      mostly(method, fc.constantFrom(...METHODS)),
      target,
      headers(known, contentType),
      body === undefined ? fc.constant(undefined) : fc.oneof({ weight: 8, arbitrary: body }, hostileText(known)),
    )
    .map(([verb, where, all, content]) => ({
      method: verb,
      target: inTarget(where) || '/',
      headers: all,
      ...(content !== undefined && verb !== 'GET' && verb !== 'HEAD' && { body: content }),
    }));
}

const FORM = 'application/x-www-form-urlencoded';
const AUTHORIZATION = [
  ...['client_id', 'redirect_uri', 'response_type', 'scope', 'state', 'code_challenge', 'code_challenge_method'],
  ...['resource', 'prompt', 'max_age', 'response_mode', 'request', 'request_uri', 'nonce', 'claims', 'login_hint'],
  ...['id_token_hint', 'ui_locales', 'acr_values', 'registration', 'dpop_jkt', 'authorization_details'],
];
const CLIENT = ['client_id', 'client_secret', 'client_assertion', 'client_assertion_type'];
const TOKEN = [...CLIENT, 'grant_type', 'code', 'code_verifier', 'redirect_uri', 'refresh_token', 'scope', 'resource'];

/** Requests for every endpoint of oauth-proxy, by the endpoint's name. */
export function hostileRequests(known: Known): Record<string, Arbitrary<HostileRequest>> {
  const text = hostileText(known);
  const query = (names: readonly string[]) => encoded(parameters(known, names));
  const segment = text.map((value) => encodeURIComponent(wellFormed(value)));
  const at = (path: string, names: readonly string[] = AUTHORIZATION): Arbitrary<string> =>
    fc.oneof(
      { weight: 4, arbitrary: fc.constant(path) },
      { weight: 1, arbitrary: query(names).map((search) => `${path}?${search}`) },
      { weight: 1, arbitrary: segment.map((more) => `${path}/${more}`) },
    );
  const list = fc.array(fc.oneof(text, fc.constant(known.redirectUri), fc.anything()), { maxLength: 12 });
  const uid = fc.oneof({ weight: 2, arbitrary: fc.constant(known.uid) }, { weight: 1, arbitrary: segment });
  const rpc = hostileJson({
    jsonrpc: fc.constantFrom('2.0', '1.0', 2),
    id: fc.oneof(fc.integer(), fc.string(), fc.constant(null), fc.object()),
    method: fc.oneof(fc.constantFrom('initialize', 'tools/list', 'tools/call', 'server/discover'), text),
    params: fc.oneof(fc.object(), fc.record({ name: text, arguments: fc.object() })),
  });
  return {
    discovery: shaped(known, {
      method: 'GET',
      target: fc
        .constantFrom('oauth-authorization-server', 'openid-configuration', 'oauth-protected-resource', 'x')
        .chain((name) => at(`/.well-known/${name}`)),
    }),
    jwks: shaped(known, { method: 'GET', target: at('/jwks') }),
    register: shaped(known, {
      method: 'POST',
      target: fc
        .constantFrom('/register', '/register', '/register/', '/Register', '/REGISTER/', '//register')
        .chain(at),
      contentType: 'application/json',
      body: hostileJson({
        client_name: fc.oneof(text, fc.anything()),
        client_uri: fc.oneof(text, fc.anything()),
        redirect_uris: fc.oneof(list, fc.constant([known.redirectUri]), fc.anything()),
        token_endpoint_auth_method: fc.oneof(fc.constantFrom('none', 'client_secret_basic'), text, fc.anything()),
        grant_types: list,
        response_types: list,
        scope: fc.anything(),
        jwks: fc.object(),
        jwks_uri: text,
        sector_identifier_uri: fc.oneof(fc.constant('https://127.0.0.1:9/internal'), text),
        subject_type: fc.constantFrom('public', 'pairwise'),
        initiate_login_uri: text,
        software_statement: hostileSecret,
      }),
    }),
    authorize: shaped(known, { method: 'GET', target: query(AUTHORIZATION).map((search) => `/authorize?${search}`) }),
    resume: shaped(known, { method: 'GET', target: uid.map((id) => `/authorize/${id}`) }),
    interaction: shaped(known, { method: 'GET', target: uid.map((id) => `/interaction/${id}`) }),
    decide: shaped(known, {
      method: 'POST',
      target: fc
        .tuple(uid, fc.oneof(fc.constantFrom('login', 'consent'), segment))
        .map(([id, step]) => `/interaction/${id}/${step}`),
      contentType: FORM,
      body: query(['csrf', 'passphrase', 'code', 'recovery_code', 'decision', 'scope']),
    }),
    token: shaped(known, { method: 'POST', target: at('/token'), contentType: FORM, body: query(TOKEN) }),
    revoke: shaped(known, {
      method: 'POST',
      target: at('/revoke'),
      contentType: FORM,
      body: query([...CLIENT, 'token', 'token_type_hint']),
    }),
    introspect: shaped(known, {
      method: 'POST',
      target: fc.constantFrom('/introspect', '/introspect', '/introspect/', '/Introspect').chain(at),
      contentType: FORM,
      body: query([...CLIENT, 'token', 'token_type_hint']),
    }),
    mcp: shaped(known, {
      method: 'POST',
      target: fc.oneof(fc.constantFrom('/mcp', '/mcp/', `/mcp?access_token=${CANARY}`), at('/mcp')),
      contentType: 'application/json',
      body: rpc,
    }),
    unknown: shaped(known, {
      method: 'GET',
      target: fc.oneof(
        text.map((value) => `/${value}`),
        segment.map((value) => `/${value}?access_token=${CANARY}&code=${CANARY}`),
        fc.webPath().map((value) => value || '/'),
        fc.constantFrom('/healthz', '/readyz', '/metrics', '*', '/favicon.ico', '/.git/config', '/webhook/github'),
      ),
    }),
  };
}

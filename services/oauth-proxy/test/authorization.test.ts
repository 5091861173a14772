import { keysUnder } from '@arleo/core/oauth-state/lmdb/entry';
import { openExistingStore } from '@arleo/core/oauth-state/lmdb/lmdb-connections';
import { decodeJwt } from 'jose';
import {
  approve,
  authorizeUrl,
  Browser,
  CALLBACK,
  connect,
  formOf,
  pkce,
  register,
  requestToken,
} from './oauth-client.ts';
import { openService, PASSPHRASE, type Service } from './open-service.ts';

describe('authorization', () => {
  let service: Service;
  let clientId: string;
  const { challenge } = pkce();
  const url = (parameters: Record<string, string | undefined> = {}) =>
    authorizeUrl(service, { client_id: clientId, code_challenge: challenge, ...parameters });
  beforeAll(async () => {
    service = await openService();
    clientId = (await register(service, { client_name: '<script>alert(1)</script>' })).body.client_id ?? '';
  });
  afterAll(() => service.close());

  /** A browser that stands on the consent page. */
  const consentPage = async () => {
    const browser = new Browser(service);
    const page = await browser.submit(await browser.open(url()), [['passphrase', PASSPHRASE]]);
    return { browser, page };
  };

  it('keeps no query of more than 4 KB, and of a shorter one who sent it', async () => {
    const stored = async () => {
      const store = await openExistingStore(service.stateDir);
      const networks = keysUnder(store, 'Interaction:').map((key) => store.get(key)?.network);
      await store.close();
      return networks.filter((network) => network === '203.0');
    };
    const headers = { 'x-forwarded-for': '203.0.113.9' };
    const long = await fetch(url({ state: 's'.repeat(4_096) }), { headers, redirect: 'manual' });
    expect([long.status, long.headers.get('content-type')]).toEqual([414, 'text/html; charset=utf-8']);
    expect(long.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(await stored()).toEqual([]);
    const short = await fetch(url({ state: 's'.repeat(3_000) }), { headers, redirect: 'manual' });
    expect(short.status).toBe(303);
    expect(await stored()).toEqual(['203.0']);
  });

  it('stores one grant, whoever sends the approval twice', async () => {
    const { body } = await register(service);
    const browser = new Browser(service);
    const start = url({ client_id: body.client_id });
    const page = await browser.submit(await browser.open(start), [['passphrase', PASSPHRASE]]);
    const { action, hidden } = formOf(page);
    const send = () =>
      browser.fetch(action, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams([...hidden, ['scope', 'content:read'], ['decision', 'approve']]).toString(),
      });
    const answers = await Promise.all([send(), send()]);
    expect(answers.map(({ status }) => status)).toEqual([303, 303]);
    const callback = await browser.open(new URL(answers[1]?.headers.get('location') ?? '', action).href);
    expect(new URL(callback.url).searchParams.get('code')).toBeTruthy();
    const store = await openExistingStore<{ clientId?: string }>(service.stateDir);
    const grants = keysUnder(store, 'Grant:').filter((key) => store.get(key)?.payload.clientId === body.client_id);
    await store.close();
    expect(grants).toHaveLength(1);
  });

  it('sends the code with state and issuer to the redirect URI, on any port of loopback', async () => {
    const callback = await approve(service, url({ redirect_uri: 'http://127.0.0.1:49152/callback' }));
    expect(callback.origin + callback.pathname).toBe('http://127.0.0.1:49152/callback');
    expect(callback.searchParams.get('state')).toBe('the-state');
    expect(callback.searchParams.get('iss')).toBe(service.issuer);
    expect(callback.searchParams.get('code')).toBeTruthy();
  });

  it('shows who asks without letting their name be markup, and nothing may frame the page', async () => {
    const { page } = await consentPage();
    expect(page.html).toContain('127.0.0.1:5555');
    expect(page.html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(page.html).not.toContain('<script');
    const csp = page.headers.get('content-security-policy') ?? '';
    expect(csp).toContain("frame-ancestors 'none'");
    expect(csp).toContain("default-src 'none'");
    expect(csp).toContain("form-action 'self' http://127.0.0.1:5555");
    expect(page.headers.get('x-frame-options')).toBe('DENY');
    expect(page.headers.get('cache-control')).toBe('no-store');
    expect(page.headers.get('referrer-policy')).toBe('no-referrer');
  });

  it('leaves a popup connected with the client that opened it', async () => {
    const { page } = await consentPage();
    expect(page.headers.has('cross-origin-opener-policy')).toBe(false);
  });

  it('speaks French to a French browser', async () => {
    const page = await new Browser(service).open(url(), { headers: { 'accept-language': 'fr-FR,fr;q=0.9,en;q=0.5' } });
    // The redirect was followed without the header, so the page itself is asked again.
    const again = await fetch(page.url, { headers: { 'accept-language': 'fr-FR,fr;q=0.9,en;q=0.5' } });
    expect(await again.text()).toContain('lang="fr"');
  });

  it('grants no more than what stayed ticked', async () => {
    const { tokens } = await connect(service, { scopes: ['content:read'] });
    expect(tokens.scope).toBe('content:read');
  });

  it('lets no client stay connected where that was unticked [R-STAY-CONNECTED]', async () => {
    const scope = 'content:read content:write offline_access';
    const { tokens, status } = await connect(service, { scope, scopes: ['content:read'] });
    expect([status, tokens.scope]).toEqual([200, 'content:read']);
    expect(tokens).not.toHaveProperty('refresh_token');
    const ticked = await connect(service, { scope, scopes: ['content:read', 'offline_access'] });
    expect(ticked.tokens).toHaveProperty('refresh_token');
    const notAsked = await connect(service, { scope: 'content:read' });
    expect(notAsked.tokens).toHaveProperty('refresh_token');
  });

  it('offers every scope for a client that asks for none', async () => {
    const callback = await approve(service, url({ scope: undefined }));
    expect(callback.searchParams.get('code')).toBeTruthy();
  });

  it.each([
    ['deny is pressed', { decision: 'deny' }],
    ['nothing is ticked', { scopes: [] }],
    ['the decision is neither', { decision: 'whatever' }],
    ['only staying connected is ticked', { scopes: ['offline_access'] }],
  ])('answers access_denied when %s', async (_when, answer) => {
    const callback = await approve(service, url(), answer);
    expect(callback.searchParams.get('error')).toBe('access_denied');
    expect(callback.searchParams.get('state')).toBe('the-state');
    expect(callback.searchParams.get('iss')).toBe(service.issuer);
    expect(callback.searchParams.has('code')).toBe(false);
  });

  it('asks for consent again for each authorization, the same client and browser too', async () => {
    const { browser, page } = await consentPage();
    await browser.submit(page, [
      ['scope', 'content:read'],
      ['decision', 'approve'],
    ]);
    const second = await browser.open(url());
    expect(second.html).toContain('value="approve"');
  });

  it.each([
    ['an unknown client', { client_id: 'client_nobody' }],
    ['a redirect URI that is not registered', { redirect_uri: 'https://evil.example/callback' }],
    ['another path on loopback', { redirect_uri: 'http://127.0.0.1:5555/other' }],
    ['a redirect URI with more behind it', { redirect_uri: `${CALLBACK}/../evil` }],
  ])('shows a page, and redirects nowhere, for %s', async (_what, parameters) => {
    const response = await fetch(url(parameters), { redirect: 'manual', headers: { accept: 'text/html' } });
    expect(response.status).toBe(400);
    expect(response.headers.get('content-type')).toContain('text/html');
    expect(response.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(response.headers.has('location')).toBe(false);
  });

  it.each([
    ['PKCE is missing', { code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
    ['PKCE is plain', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['the response type is token', { response_type: 'token' }, 'unsupported_response_type'],
    ['the resource is another', { resource: 'https://evil.example/mcp' }, 'invalid_target'],
  ])('answers the client with an error when %s', async (_when, parameters, error) => {
    const response = await fetch(url(parameters), { redirect: 'manual' });
    const location = new URL(response.headers.get('location') ?? '', service.issuer);
    const result = new URLSearchParams(location.search || location.hash.slice(1));
    expect(`${location.origin}${location.pathname}`).toBe(CALLBACK);
    expect(result.get('error')).toBe(error);
    expect(result.get('iss')).toBe(service.issuer);
  });

  it.each([
    ['with a slash, then without', '/', ''],
    ['without a slash, then with', '', '/'],
    ['not at first, then with a slash', undefined, '/'],
    ['with a slash, then not at all', '/', undefined],
  ])('takes the resource named %s as the same', async (_how, first, then) => {
    const named = (end: string | undefined) => (end === undefined ? undefined : `${service.mcpUrl}${end}`);
    const { verifier, challenge: own } = pkce();
    const callback = await approve(service, url({ resource: named(first), code_challenge: own }));
    const resource = named(then);
    const common = { client_id: clientId, ...(resource && { resource }) };
    const { status, body } = await requestToken(service, {
      ...common,
      grant_type: 'authorization_code',
      code: callback.searchParams.get('code') ?? '',
      code_verifier: verifier,
      redirect_uri: CALLBACK,
    });
    expect(status).toBe(200);
    expect(decodeJwt(body.access_token ?? '').aud).toBe(service.mcpUrl);
    const refresh_token = body.refresh_token ?? '';
    expect((await requestToken(service, { ...common, grant_type: 'refresh_token', refresh_token })).status).toBe(200);
  });

  it('is named by one issuer, the same to the byte, wherever it is named', async () => {
    const { issuer } = service;
    const json = async (path: string) =>
      (await (await fetch(issuer + path)).json()) as { issuer: string; authorization_servers: string[] };
    const { tokens, callback } = await connect(service);
    const refused = await approve(service, url(), { decision: 'deny' });
    const broken = await fetch(url({ resource: 'https://evil.example/mcp' }), { redirect: 'manual' });
    const named = [
      (await json('/.well-known/oauth-authorization-server')).issuer,
      (await json('/.well-known/openid-configuration')).issuer,
      ...(await json('/.well-known/oauth-protected-resource/mcp')).authorization_servers,
      callback.searchParams.get('iss'),
      refused.searchParams.get('iss'),
      new URL(broken.headers.get('location') ?? '').searchParams.get('iss'),
      decodeJwt(tokens.access_token ?? '').iss,
    ];
    expect(named).toEqual(Array(7).fill(issuer));
    expect(issuer).toMatch(/[^/]$/);
  });

  it('keeps question marks in the state as they are', async () => {
    const callback = await approve(service, url().replace('the-state', 'a?b?c'));
    expect(callback.searchParams.get('state')).toBe('a?b?c');
  });

  it('lets a client ask for other scopes than it registered with: the owner decides', async () => {
    const { body } = await register(service, { scope: 'content:read' });
    for (const scope of ['content:read content:write site:admin', undefined]) {
      const page = await new Browser(service).open(url({ client_id: body.client_id, scope }));
      expect(page.html).toContain('name="passphrase"');
    }
  });

  it('refuses a wrong passphrase and lets the owner try again', async () => {
    const browser = new Browser(service);
    const login = await browser.open(url());
    const wrong = await browser.submit(login, [['passphrase', 'not it']]);
    expect(wrong.status).toBe(401);
    expect(wrong.html).toContain('role="alert"');
    const right = await browser.submit(wrong, [['passphrase', PASSPHRASE]]);
    expect(right.html).toContain('value="approve"');
  });

  it('slows guessing by address without locking the owner out for good', async () => {
    const slow = await openService();
    const { body } = await register(slow);
    const browser = new Browser(slow);
    let page = await browser.open(authorizeUrl(slow, { client_id: body.client_id, code_challenge: challenge }));
    for (let guess = 0; guess < 5; guess += 1) page = await browser.submit(page, [['passphrase', `guess ${guess}`]]);
    expect(page.status).toBe(401);
    const limited = await browser.submit(page, [['passphrase', PASSPHRASE]]);
    expect(limited.status).toBe(429);
    expect(Number(limited.headers.get('retry-after'))).toBeLessThanOrEqual(60);
    await slow.close();
  });

  describe('a form that another site sends', () => {
    const decision: [string, string][] = [
      ['scope', 'content:read'],
      ['decision', 'approve'],
    ];

    it.each([
      ['a foreign Origin', { origin: 'https://evil.example' }],
      ['Sec-Fetch-Site: cross-site', { 'sec-fetch-site': 'cross-site' }],
      ['Sec-Fetch-Site: same-site', { 'sec-fetch-site': 'same-site' }],
    ])('is refused with %s, and the owner can still decide', async (_what, headers) => {
      const { browser, page } = await consentPage();
      const refused = await browser.submit(page, decision, headers);
      expect(refused.status).toBe(403);
      const callback = new URL((await browser.submit(page, decision)).url);
      expect(callback.searchParams.get('code')).toBeTruthy();
    });

    it('is refused without the hidden token, and with that of another interaction', async () => {
      const { browser, page } = await consentPage();
      const { action } = formOf(page);
      const other = formOf((await consentPage()).page).hidden;
      for (const hidden of [[], other]) {
        const body = new URLSearchParams([...hidden, ...decision]).toString();
        const headers = { 'content-type': 'application/x-www-form-urlencoded' };
        expect((await browser.open(action, { method: 'POST', headers, body })).status).toBe(403);
      }
    });

    it('is refused without the cookies of the browser that began', async () => {
      const { page } = await consentPage();
      const stranger = new Browser(service);
      expect((await stranger.submit(page, decision)).status).toBe(400);
    });

    it('cannot skip the login', async () => {
      const browser = new Browser(service);
      const login = await browser.open(url());
      const form = formOf(login);
      const consent = await browser.open(form.action.replace(/login$/, 'consent'), {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams([...form.hidden, ...decision]).toString(),
      });
      expect(consent.status).toBe(400);
    });
  });

  it('sets cookies that scripts cannot read and other sites do not send', async () => {
    const response = await fetch(url(), { redirect: 'manual' });
    const cookies = response.headers.getSetCookie();
    expect(cookies.length).toBeGreaterThan(0);
    for (const cookie of cookies) expect(cookie).toMatch(/httponly.*samesite=lax|samesite=lax.*httponly/i);
  });

  it('refuses a foreign Host', async () => {
    const { port } = new URL(service.issuer);
    const response = await fetch(`http://localhost:${port}/authorize`);
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ error: { data: { reason: 'bad_host' } } });
  });
});

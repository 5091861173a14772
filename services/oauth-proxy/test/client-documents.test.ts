import { openLmdbConnections } from '@arleo/core/oauth-state/lmdb/lmdb-connections';
import { type DocumentHost, openDocumentHost } from './document-host.ts';
import { approve, authorizeUrl, Browser, callMcp, pkce, register, requestToken } from './oauth-client.ts';
import { openService, PASSPHRASE, type Service } from './open-service.ts';

describe('clients that are known by a document', () => {
  const id = 'https://app.example/oauth/client.json';
  const loopback = 'http://127.0.0.1:61234/callback';
  let host: DocumentHost;
  let service: Service;
  beforeEach(async () => {
    host = await openDocumentHost();
    service = await openService({ TRUST_PROXY: 'loopback' }, { network: host.network });
  });
  afterEach(async () => {
    await service.close();
    await host.close();
  });

  const ask = (parameters: Record<string, string | undefined>, headers: Record<string, string> = {}) => {
    const url = authorizeUrl(service, { client_id: id, code_challenge: pkce().challenge, ...parameters });
    return fetch(url, { redirect: 'manual', headers: { accept: 'text/html', ...headers } });
  };
  /** The whole way, without any registration. */
  const connectAs = async (client_id: string, redirect_uri: string) => {
    const { verifier, challenge } = pkce();
    const url = authorizeUrl(service, { client_id, redirect_uri, code_challenge: challenge });
    const callback = await approve(service, url);
    const code = callback.searchParams.get('code') ?? '';
    return requestToken(service, {
      grant_type: 'authorization_code',
      client_id,
      code,
      code_verifier: verifier,
      redirect_uri,
    });
  };
  const refresh = (client_id: string, refresh_token = '') =>
    requestToken(service, { grant_type: 'refresh_token', client_id, refresh_token });

  it('are invited by the metadata [R-CLIENT-DOCUMENT]', async () => {
    for (const name of ['oauth-authorization-server', 'openid-configuration']) {
      const metadata = (await (await fetch(`${service.issuer}/.well-known/${name}`)).json()) as Record<string, unknown>;
      expect(metadata.client_id_metadata_document_supported).toBe(true);
      expect(metadata.token_endpoint_auth_methods_supported).toContain('none');
    }
  });

  it.each([
    [
      'Claude.ai',
      'https://claude.ai/oauth/mcp-oauth-client-metadata',
      ['https://claude.ai/api/mcp/auth_callback', 'https://claude.com/api/mcp/auth_callback'],
      'https://claude.ai/api/mcp/auth_callback',
      {},
    ],
    [
      'Claude Code, on any port',
      'https://claude.ai/oauth/claude-code-client-metadata',
      ['http://localhost/callback', 'http://127.0.0.1/callback'],
      'http://localhost:60351/callback',
      { token_endpoint_auth_method: 'none' },
    ],
    [
      'ChatGPT, which would rather sign',
      'https://chatgpt.com/oauth/abc/client.json',
      ['https://chatgpt.com/connector/oauth/abc'],
      'https://chatgpt.com/connector/oauth/abc',
      {
        token_endpoint_auth_method: 'private_key_jwt',
        token_endpoint_auth_methods_supported: ['none', 'private_key_jwt'],
        jwks_uri: 'https://chatgpt.com/oauth/jwks.json',
      },
    ],
    ['an app that is called back on its own host', id, ['https://app.example/cb'], 'https://app.example/cb', {}],
  ])('get tokens without registering: %s [R-CLIENT-DOCUMENT]', async (_who, clientId, redirect_uris, uri, members) => {
    host.serve(clientId, { client_name: 'Some client', redirect_uris, ...members });
    const { status, body } = await connectAs(clientId, uri);
    expect(status).toBe(200);
    expect((await callMcp(service, body.access_token)).status).toBe(200);
    expect((await refresh(clientId, body.refresh_token)).status).toBe(200);
    expect(host.seen.map(({ url }) => url)).toEqual([clientId]);
  });

  it('are shown by the host of the document, and asked about each time', async () => {
    host.serve(id, { client_name: 'Claude <b>' });
    const browser = new Browser(service);
    const url = authorizeUrl(service, { client_id: id, redirect_uri: loopback, code_challenge: pkce().challenge });
    const page = await browser.submit(await browser.open(url), [['passphrase', PASSPHRASE]]);
    expect(page.html).toContain('app.example');
    expect(page.html).not.toContain('<b>"');
    expect((await browser.open(url)).html).toContain('value="approve"');
  });

  it.each([
    ['is HTML', { html: true }],
    ['is a redirect to elsewhere', { redirect: true }],
    ['is gone', {}],
  ])(
    'get in by what is known of Claude when its document %s [R-CLIENT-PINNED]',
    async (_how, { html, redirect }: { html?: boolean; redirect?: boolean }) => {
      const claude = 'https://claude.ai/oauth/mcp-oauth-client-metadata';
      if (html) host.serve(claude, {}, { 'Content-Type': 'text/html' });
      if (redirect) {
        host.answers.set(claude, (_request, response) =>
          response.writeHead(302, { Location: 'https://other.example/' }).end(),
        );
      }
      expect((await connectAs(claude, 'https://claude.ai/api/mcp/auth_callback')).status).toBe(200);
      expect((await ask({ client_id: claude, redirect_uri: 'https://evil.example/cb' })).status).toBe(400);
    },
  );

  it('are listed among the connections with what they say', async () => {
    host.serve(id, {
      client_name: 'Some client',
      redirect_uris: ['http://127.0.0.1/callback', 'https://app.example/cb'],
    });
    await connectAs(id, loopback);
    const connections = await openLmdbConnections(service.stateDir);
    expect(await connections.list()).toMatchObject([{ id, name: 'Some client', hosts: ['127.0.0.1', 'app.example'] }]);
    await connections.close();
  });

  it('stay connected over a restart while the host of the document is down', async () => {
    host.serve(id);
    const { body } = await connectAs(id, loopback);
    host.answers.clear();
    await service.restart();
    const { status, body: next } = await refresh(id, body.refresh_token);
    expect(status).toBe(200);
    expect((await callMcp(service, next.access_token)).status).toBe(200);
  });

  it('get a page that names the document and says why it cannot be used [R-CLIENT-UNKNOWN]', async () => {
    const hostile = 'https://app.example/<img%20src=x>';
    host.addresses.set('other.example', [['192.168.122.69']]);
    for (const [client_id, why] of [
      [id, 'answers 404'],
      ['https://other.example/c', 'cannot be fetched from a public address'],
      ['https://127.0.0.1/c', 'must name a public host'],
      [hostile, 'must be a plain https address'],
    ]) {
      const page = await ask({ client_id, redirect_uri: loopback });
      expect(page.status).toBe(400);
      expect(page.headers.get('content-type')).toContain('text/html');
      const html = await page.text();
      expect(html).toContain(why);
      expect(html).toContain(client_id?.replace('<', '&lt;').replace('>', '&gt;'));
      expect(html).not.toContain('<img');
    }
    const french = await ask({ redirect_uri: loopback }, { 'accept-language': 'fr' });
    expect(await french.text()).toContain('document sur le web');
  });

  it('are told 401 invalid_client at the token endpoint when they are not known [R-CLIENT-UNKNOWN]', async () => {
    for (const client_id of [id, 'client_0123456789abcdef01234567', 'https://127.0.0.1/c']) {
      expect(await refresh(client_id, 'x')).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
    }
  });

  it('cannot authenticate by a secret', async () => {
    host.serve(id);
    const answer = await requestToken(service, {
      grant_type: 'refresh_token',
      client_id: id,
      client_secret: 'x',
      refresh_token: 'x',
    });
    expect(answer).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
  });

  it('may use no redirect URI that the server does not allow, whatever the document says', async () => {
    host.serve(id, { redirect_uris: ['https://elsewhere.example/cb', 'http://127.0.0.1/callback'] });
    expect((await ask({ redirect_uri: loopback })).status).toBe(303);
    const refused = await ask({ redirect_uri: 'https://elsewhere.example/cb' });
    expect(refused.status).toBe(400);
    expect(await refused.text()).toContain('REDIRECT_HOSTS=elsewhere.example/cb');
    host.serve('https://other.example/c', { redirect_uris: ['https://elsewhere.example/cb'] });
    const none = await ask({ client_id: 'https://other.example/c', redirect_uri: 'https://elsewhere.example/cb' });
    expect(await none.text()).toContain('REDIRECT_HOSTS=elsewhere.example/cb');
  });

  it('cannot have a document of another client', async () => {
    host.serve(id, { client_id: 'https://claude.ai/oauth/mcp-oauth-client-metadata' });
    expect(await (await ask({ redirect_uri: loopback })).text()).toContain('names another client_id');
  });

  describe('an authorization request that cannot be served', () => {
    const broken = [
      ['no PKCE', { code_challenge: undefined, code_challenge_method: undefined }],
      ['an unknown response type', { response_type: 'token' }],
      ['another resource', { resource: 'https://evil.example/mcp' }],
      ['a prompt that nobody can answer', { prompt: 'none' }],
      ['an answer by a form', { response_mode: 'form_post', prompt: 'none' }],
      ['a mode that does not exist', { response_mode: 'x' }],
    ] as [string, Record<string, string | undefined>][];

    it.each(broken)(
      'leads nobody to the host of a document: %s [R-CLIENT-OPEN-REDIRECT]',
      async (_what, parameters) => {
        const redirect_uri = 'https://app.example/cb';
        host.serve(id, { redirect_uris: [redirect_uri] });
        const page = await ask({ redirect_uri, ...parameters });
        expect(page.headers.get('location')).toBe(null);
        expect(page.status).toBe(400);
        expect(page.headers.has('location')).toBe(false);
        const html = await page.text();
        expect(html).not.toContain('<form');
        expect(html).not.toContain('<script');
        expect(html).not.toContain(redirect_uri);
      },
    );

    it.each(broken)('is answered to a program on loopback: %s', async (_what, parameters) => {
      host.serve(id);
      const answer = await ask({ redirect_uri: loopback, ...parameters });
      const target = answer.headers.get('location') ?? (await answer.text());
      expect(target).toContain(loopback);
    });

    it('is no matter once the owner has seen where it leads: their No is answered', async () => {
      const redirect_uri = 'https://app.example/cb';
      host.serve(id, { redirect_uris: [redirect_uri] });
      const url = authorizeUrl(service, { client_id: id, redirect_uri, code_challenge: pkce().challenge });
      const callback = await approve(service, url, { decision: 'deny' });
      expect(callback.origin + callback.pathname).toBe(redirect_uri);
      expect(callback.searchParams.get('error')).toBe('access_denied');
    });
  });

  it('make this server fetch no more than so much for one address', async () => {
    const pages: string[] = [];
    for (let n = 0; n < 11; n += 1) {
      const client_id = `https://app-${n}.example/c`;
      pages.push(await (await ask({ client_id, redirect_uri: loopback }, { 'x-forwarded-for': '203.0.113.9' })).text());
    }
    expect(pages.filter((page) => page.includes('Too many documents'))).toHaveLength(1);
    expect(host.seen).toHaveLength(10);
    const other = await ask({ client_id: 'https://app-11.example/c' }, { 'x-forwarded-for': '203.0.113.10' });
    expect(await other.text()).toContain('answers 404');
  });

  it('are unknown, and nothing is fetched, when the owner does not want them', async () => {
    host.serve(id);
    await service.restart({ CIMD: 'false' });
    const metadata = (await (await fetch(`${service.issuer}/.well-known/oauth-authorization-server`)).json()) as Record<
      string,
      unknown
    >;
    expect(metadata.client_id_metadata_document_supported).toBe(false);
    const page = await ask({ redirect_uri: loopback });
    expect(page.status).toBe(400);
    expect(await page.text()).toContain('not known on this server');
    expect(await refresh(id, 'x')).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
    expect(host.seen).toEqual([]);
    expect((await register(service)).status).toBe(201);
  });

  it('leave what was wrong in the audit log', async () => {
    host.addresses.set('other.example', [['10.1.2.3']]);
    await ask({ client_id: 'https://other.example/c', redirect_uri: loopback });
    await service.restart();
    expect(await service.audit()).toContainEqual(
      expect.objectContaining({
        event_type: 'authorization.refused',
        reason: 'The document cannot be fetched from a public address in time.',
      }),
    );
  });
});

import { approve, authorizeUrl, Browser, pkce, requestToken } from './oauth-client.ts';
import { openService, PASSPHRASE, type Service } from './open-service.ts';

describe('the client that the owner set up', () => {
  const id = 'claude-of-mine';
  const secret = 'a/b=c.d_e~f-0123456789012345678901';
  const own = 'http://127.0.0.1:7777/callback';
  const claude = 'https://claude.ai/api/mcp/auth_callback';
  let service: Service;
  beforeAll(async () => {
    service = await openService({ CLIENT_ID: id, CLIENT_SECRET: secret, CLIENT_REDIRECT_URIS: own });
  });
  afterAll(() => service.close());

  const basic = (password: string) => ({
    authorization: `Basic ${Buffer.from(`${id}:${password}`).toString('base64')}`,
  });
  /** A code for the client, and how to ask for its tokens. */
  const codeFor = async (redirect_uri: string) => {
    const { verifier, challenge } = pkce();
    const url = authorizeUrl(service, { client_id: id, redirect_uri, code_challenge: challenge });
    const code = (await approve(service, url)).searchParams.get('code') ?? '';
    return { grant_type: 'authorization_code', code, redirect_uri, code_verifier: verifier };
  };

  it.each([claude, 'https://claude.com/api/mcp/auth_callback', own])(
    'gets tokens through %s, by secret in the body or in the header as it likes [R-CLIENT-PREREGISTERED]',
    async (redirect_uri) => {
      const inBody = await codeFor(redirect_uri);
      const posted = await requestToken(service, { ...inBody, client_id: id, client_secret: secret });
      expect(posted.status).toBe(200);
      const inHeader = await requestToken(service, await codeFor(redirect_uri), basic(secret));
      expect(inHeader.status).toBe(200);
      const refresh = { grant_type: 'refresh_token', refresh_token: inHeader.body.refresh_token ?? '' };
      expect((await requestToken(service, refresh, basic(secret))).status).toBe(200);
    },
  );

  it.each([
    ['a wrong secret in the body', { client_id: id, client_secret: `${secret}x` }, {}],
    ['a beginning of the secret in the body', { client_id: id, client_secret: secret.slice(0, -1) }, {}],
    ['a wrong secret in the header', {}, basic(secret.toUpperCase())],
    ['no secret', { client_id: id }, {}],
  ])('is told invalid_client with %s', async (_what, parameters: Record<string, string>, headers) => {
    const answer = await requestToken(service, { ...(await codeFor(claude)), ...parameters }, headers);
    expect(answer).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
  });

  it('needs PKCE although it has a secret', async () => {
    const url = authorizeUrl(service, { client_id: id, redirect_uri: claude, code_challenge_method: undefined });
    const answer = new URL((await fetch(url, { redirect: 'manual' })).headers.get('location') ?? '');
    expect(answer.searchParams.get('error')).toBe('invalid_request');
    const { code_verifier: _verifier, ...withoutVerifier } = await codeFor(claude);
    const { status } = await requestToken(service, { ...withoutVerifier, client_id: id, client_secret: secret });
    expect(status).toBe(400);
  });

  it('is called back nowhere else, not even where any client may be', async () => {
    for (const redirect_uri of ['https://vscode.dev/redirect', 'https://evil.example/cb']) {
      const url = authorizeUrl(service, { client_id: id, redirect_uri, code_challenge: pkce().challenge });
      expect((await fetch(url, { redirect: 'manual', headers: { accept: 'text/html' } })).status).toBe(400);
    }
  });

  it('is asked about like any other', async () => {
    const browser = new Browser(service);
    const url = authorizeUrl(service, { client_id: id, redirect_uri: claude, code_challenge: pkce().challenge });
    const page = await browser.submit(await browser.open(url), [['passphrase', PASSPHRASE]]);
    expect(page.html).toContain('value="approve"');
    expect(page.html).toContain('claude.ai');
  });

  it('has a new secret from the next start on, and keeps its connection', async () => {
    const first = await requestToken(service, await codeFor(claude), basic(secret));
    const refresh = { grant_type: 'refresh_token', refresh_token: first.body.refresh_token ?? '' };
    const changed = 'f'.repeat(64);
    await service.restart({ CLIENT_SECRET: changed });
    expect((await requestToken(service, refresh, basic(secret))).body.error).toBe('invalid_client');
    expect((await requestToken(service, refresh, basic(changed))).status).toBe(200);
    await service.restart({ CLIENT_ID: '', CLIENT_SECRET: '', CLIENT_REDIRECT_URIS: '' });
    expect((await requestToken(service, refresh, basic(changed))).status).toBe(401);
    await service.restart();
    expect(await service.auditText()).not.toContain(secret);
  });
});

import { createHmac } from 'node:crypto';
import https from 'node:https';
import { type StackBehindNginx, startBehindNginx } from './behind-nginx.ts';
import type { TestStack } from './start.ts';
import { auditEvents } from './trail.ts';

describe('behind the nginx of infra/', () => {
  let behind: StackBehindNginx;
  let stack: TestStack;
  let issuer: string;
  let ca: string;

  beforeAll(async () => {
    behind = await startBehindNginx();
    ({ stack, issuer, ca } = behind);
  });
  afterAll(() => behind?.dispose());

  const ask = (method: string, target: string, headers: Record<string, string> = {}, body?: string) =>
    new Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; text: string }>((resolve, reject) => {
      const request = https.request(new URL(target, issuer), { method, headers, ca, agent: false }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
      });
      request.on('error', reject);
      request.end(body);
    });

  it('names the public address everywhere', async () => {
    const metadata = JSON.parse((await ask('GET', '/.well-known/oauth-authorization-server')).text);
    expect(metadata).toMatchObject({
      issuer,
      token_endpoint: `${issuer}/token`,
      authorization_endpoint: `${issuer}/authorize`,
    });
    const challenge = await ask('POST', '/mcp', { 'content-type': 'application/json' }, '{}');
    expect(challenge.status).toBe(401);
    expect(challenge.headers['www-authenticate']).toContain(`${issuer}/.well-known/oauth-protected-resource/mcp`);
  });

  it('sets cookies for https alone, and lets the login begin', async () => {
    const client = JSON.parse(
      (
        await ask(
          'POST',
          '/register',
          { 'content-type': 'application/json' },
          JSON.stringify({
            redirect_uris: ['https://claude.ai/api/mcp/auth_callback'],
            token_endpoint_auth_method: 'none',
          }),
        )
      ).text,
    );
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: client.client_id,
      redirect_uri: 'https://claude.ai/api/mcp/auth_callback',
      code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
      code_challenge_method: 'S256',
    });
    const begun = await ask('GET', `/authorize?${query}`);
    expect(begun.status).toBe(303);
    const cookies = [begun.headers['set-cookie'] ?? []].flat();
    expect(cookies.length).toBeGreaterThan(0);
    for (const cookie of cookies) expect(cookie).toMatch(/^__(?:Host|Secure)-.*secure/i);
    const cookie = cookies.map((one) => one.split(';', 1)[0]).join('; ');
    const login = await ask('GET', String(begun.headers.location), { cookie });
    expect(login.status).toBe(200);
    expect(login.text).toContain('name="passphrase"');
    expect(login.headers['strict-transport-security']).toBeDefined();
  });

  it('records the address that nginx saw, not the one that the client claims', async () => {
    const headers = { 'content-type': 'application/json', authorization: 'Bearer x', 'x-forwarded-for': '203.0.113.7' };
    const refused = await ask('POST', '/mcp', headers, '{}');
    const requestId = refused.headers['x-request-id'];
    // The line is written after the answer.
    const find = async () => (await auditEvents(stack, 'oauth-proxy')).find((one) => one.request_id === requestId);
    let event = await find();
    while (!event) event = await find();
    expect(event).toMatchObject({ event_type: 'access_token.refused', client_ip: '127.0.0.1' });
  });

  it('[R-HOOK-NGINX] passes signed deliveries on, with the address that it saw and a request id of ours', async () => {
    const body = JSON.stringify({ zen: 'Keep it logically awesome.', hook_id: 1 });
    const delivery = (secret: string) => ({
      'content-type': 'application/json',
      'x-github-event': 'ping',
      'x-github-delivery': '72d3162e-cc78-11e3-81ab-4c9367dc0958',
      'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
      'x-request-id': '0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d',
      'x-forwarded-for': '203.0.113.7',
    });
    const pong = await ask('POST', '/webhook/github', delivery(stack.state.webhookSecret), body);
    expect([pong.status, JSON.parse(pong.text).status]).toEqual([200, 'pong']);
    expect(pong.headers['x-request-id']).not.toBe('0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d');
    const test = await ask('POST', '/webhook/test', delivery(stack.state.webhookSecret), body);
    expect(JSON.parse(test.text)).toMatchObject({ signature: 'right', client_ip: '127.0.0.1' });
    expect((await ask('POST', '/webhook/github', delivery('x'.repeat(64)), body)).status).toBe(401);
  });

  it('lets nobody reach the rest of hugo-mcp-proxy', async () => {
    const unsigned = { 'content-type': 'application/json' };
    for (const target of ['/webhook/', '/webhook/x', '/internal/site-pull', '/webhook/github/../../mcp']) {
      const answer = await ask('POST', target, unsigned, '{}');
      expect(answer.status).not.toBe(200);
      expect(answer.text).not.toContain('hugo-mcp-proxy');
    }
  });

  it('lets in what the services take, and no more', async () => {
    const headers = { 'content-type': 'application/json', authorization: 'Bearer x' };
    const data = 'x'.repeat(Math.ceil((10 * 1024 * 1024) / 3) * 4);
    const uploadOf10MiB = JSON.stringify({
      method: 'tools/call',
      params: { name: 'upload_asset', arguments: { data } },
    });
    expect((await ask('POST', '/mcp', headers, uploadOf10MiB)).status).toBe(401);
    expect((await ask('POST', '/mcp', headers, 'x'.repeat(16 * 1024 * 1024 + 1))).status).toBe(413);
  });

  it.each(['/metrics', '/readyz', '/introspect'])('keeps %s from the world, however it is spelt', async (target) => {
    const first = `%${target.charCodeAt(1).toString(16)}`;
    const capital = `/${target.charAt(1).toUpperCase()}${target.slice(2)}`;
    const spellings = [
      target,
      capital,
      target.toUpperCase(),
      `${target}/`,
      `${capital}/`,
      `${target}//`,
      `/${target}`,
      `/.${target}`,
      `/${first}${target.slice(2)}`,
      `${target}%2f`,
      `${target}?x`,
      `/x/..${target}`,
    ];
    for (const spelling of spellings) {
      const answer = await ask(
        'POST',
        issuer + spelling,
        {
          authorization: `Bearer ${stack.state.mcpToken}`,
          'content-type': 'application/x-www-form-urlencoded',
        },
        'token=x',
      );
      expect([spelling, answer.status]).toEqual([spelling, 404]);
    }
  });
});

import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:net';
import { openBrowser } from '@arleo/demo/smoke/browser';
import { ownerApproves } from '@arleo/demo/smoke/owner-approves';
import { authorization, REDIRECT_URI, redeem, register } from './oauth.ts';
import { rawRequest } from './raw-request.ts';
import { send } from './send.ts';
import { startTestStack, type TestStack } from './start.ts';

const HTTPS_REDIRECT = 'https://claude.ai/api/mcp/auth_callback';

let stack: TestStack;
let issuer: string;
let clientId: string;
const owner = () => ({ passphrase: stack.state.passphrase });

beforeAll(async () => {
  stack = await startTestStack();
  ({ issuer } = stack.addresses);
  clientId = (await register(issuer, { redirect_uris: [HTTPS_REDIRECT, REDIRECT_URI] })).json.client_id;
});
afterAll(() => stack?.dispose());

/** Where the server sends a browser that it does not know: to its own login page, or nowhere. */
async function expectNoRedirect(url: string): Promise<void> {
  const answer = await send(url, { headers: { accept: 'text/html' } });
  expect({ url, status: answer.status, location: answer.headers.location }).toEqual({
    url,
    status: 400,
    location: undefined,
  });
}

test.each([
  'https://claude.ai/api/mcp/auth_callback/',
  'https://claude.ai/api/mcp/auth_callback?x=1',
  'https://claude.ai/api/mcp/auth_callback#x',
  'https://claude.ai/api/mcp/auth_callback%2f..%2fsteal',
  'https://claude.ai/api/mcp/../mcp/auth_callback',
  'https://claude.ai/api/mcp//auth_callback',
  'https://claude.ai/API/mcp/auth_callback',
  'https://CLAUDE.ai/api/mcp/auth_callback',
  'https://claude.ai./api/mcp/auth_callback',
  'https://claude.ai:443/api/mcp/auth_callback',
  'https://claude.ai:8443/api/mcp/auth_callback',
  'http://claude.ai/api/mcp/auth_callback',
  'https://claude.ai.evil.example/api/mcp/auth_callback',
  'https://evil.example/claude.ai/api/mcp/auth_callback',
  'https://claude.ai@evil.example/api/mcp/auth_callback',
  'https://evil.example\\@claude.ai/api/mcp/auth_callback',
  'https://evil.claude.ai/api/mcp/auth_callback',
  '//claude.ai/api/mcp/auth_callback',
  'javascript:alert(1)//claude.ai/api/mcp/auth_callback',
  'data:text/html,x',
  'http://127.0.0.1:33418/callback/',
  'http://127.0.0.1.evil.example:33418/callback',
  'http://localhost:33418/callback',
  'http://127.0.0.2:33418/callback',
  'http://[::1]:33418/callback',
  'https://127.0.0.1:33418/callback',
  'http://127.0.0.1:33418/Callback',
  '',
])('[R-ATTACK-REDIRECT] %j, a variation of what is registered, is not redirected to', async (redirectUri) => {
  const { url } = await authorization(issuer, { client_id: clientId, redirect_uri: redirectUri });
  await expectNoRedirect(url.href);
});

test('[R-ATTACK-REDIRECT] neither two redirect URIs, nor none when several are registered', async () => {
  const { url } = await authorization(issuer, { client_id: clientId, redirect_uri: HTTPS_REDIRECT });
  const twice = new URL(url);
  twice.searchParams.append('redirect_uri', 'https://evil.example/');
  await expectNoRedirect(twice.href);
  const none = new URL(url);
  none.searchParams.delete('redirect_uri');
  await expectNoRedirect(none.href);
});

test('[R-ATTACK-REDIRECT] on loopback another port is the same client, and the code is bound to that very port', async () => {
  const redirect_uri = REDIRECT_URI.replace('33418', '40123');
  const asked = await authorization(issuer, { client_id: clientId, redirect_uri });
  const { callback, code } = await ownerApproves(asked.url, owner());
  expect(callback.origin).toBe('http://127.0.0.1:40123');
  const other = await redeem(issuer, { clientId, verifier: asked.verifier }, code);
  expect(other).toMatchObject({ status: 400, json: { error: 'invalid_grant' } });
});

test('[R-ATTACK-OPEN-REDIRECT] nothing but a registered redirect URI is ever redirected to', async () => {
  const { url } = await authorization(issuer, { client_id: 'client_nobody' });
  await expectNoRedirect(url.href);
  const own = new URL(issuer).host;
  const targets = [
    '//evil.example',
    '/\\evil.example',
    '/%2f%2fevil.example',
    '//evil.example/authorize?client_id=x',
    '/.//evil.example/..',
    '/authorize//evil.example',
    '/authorize/%2f%2fevil.example',
    '/interaction//evil.example',
    '/interaction/%5cevil.example/login',
    '/mcp//evil.example',
    '/?redirect_uri=https://evil.example',
    '/authorize?post_logout_redirect_uri=https://evil.example&target_link_uri=https://evil.example',
    'http://evil.example/authorize',
  ];
  for (const target of targets) {
    const { statuses, text } = await rawRequest(
      issuer,
      `GET ${target} HTTP/1.1\r\nHost: ${own}\r\nConnection: close\r\n\r\n`,
    );
    expect({ target, statuses }).toEqual({ target, statuses: [expect.any(Number)] });
    const location = /^location: (.*)$/im.exec(text)?.[1]?.trim();
    if (location !== undefined) {
      expect({ target, host: new URL(location, issuer).host }).toEqual({ target, host: own });
    }
  }
});

test('[R-ATTACK-OPEN-REDIRECT] a form that is sent ends at the client that the owner saw, whatever it carries', async () => {
  const asked = await authorization(issuer);
  const browser = openBrowser((url) => url.host !== new URL(issuer).host);
  let page = await browser.open(asked.url.href);
  const extra = { redirect_uri: 'https://evil.example/', returnTo: 'https://evil.example/' };
  for (const name of ['passphrase', 'decision']) {
    const form = page.forms.find((one) => one.names.has(name) || one.buttons.some((button) => button.name === name));
    if (!form) throw new Error(`no form with ${name} at ${page.url}`);
    form.fields.push(...Object.entries(extra));
    page = await browser.submit(page, form, { fill: owner(), press: { name: 'decision', value: 'approve' } });
  }
  expect(page.url.startsWith(`${REDIRECT_URI}?`)).toBe(true);
});

describe('[R-ATTACK-SSRF] a client id that is an address inside', () => {
  let canary: Server;
  let port: number;
  let touched = 0;

  beforeAll(async () => {
    canary = createServer((socket) => {
      touched += 1;
      socket.destroy();
    });
    await new Promise<void>((resolve) => canary.listen(0, resolve));
    ({ port } = canary.address() as AddressInfo);
  });
  afterAll(() => canary?.close());

  test.each([
    'https://127.0.0.1:PORT/client.json',
    'https://localhost:PORT/client.json',
    'https://[::1]:PORT/client.json',
    'https://[::ffff:127.0.0.1]:PORT/client.json',
    'https://2130706433:PORT/client.json',
    'https://0x7f.1:PORT/client.json',
    'https://127.1:PORT/client.json',
    'https://0.0.0.0:PORT/client.json',
    'https://[::]:PORT/client.json',
    'http://127.0.0.1:PORT/client.json',
    'https://user@127.0.0.1:PORT/client.json',
    'https://10.0.0.1/client.json',
    'https://169.254.169.254/latest/meta-data',
    'https://192.168.122.69/client.json',
    'file:///etc/passwd',
  ])('%s is not opened', async (address) => {
    const client_id = address.replace('PORT', String(port));
    const { url } = await authorization(issuer, { client_id });
    await expectNoRedirect(url.href);
    const answer = await redeem(issuer, { clientId: client_id, verifier: 'x'.repeat(43) }, 'x');
    expect({ client_id, status: answer.status }).toEqual({ client_id, status: 401 });
    expect(touched).toBe(0);
  });
});

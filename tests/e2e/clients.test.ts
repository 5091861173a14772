import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ownerApproves } from '@arleo/demo/smoke/owner-approves';
import { callTool } from './mcp.ts';
import { authorization, register } from './oauth.ts';
import { send } from './send.ts';
import { startTestStack, type TestStack } from './start.ts';
import { expectNoSecrets } from './trail.ts';

const CLIENT_ID = 'claude-of-mine';
const secret = randomBytes(32).toString('hex');
const claude = 'https://claude.ai/api/mcp/auth_callback';

let folder: string;
let stack: TestStack;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'arleo-client-'));
  const file = path.join(folder, 'secret');
  await writeFile(file, `${secret}\n`, { mode: 0o600 });
  stack = await startTestStack({ 'oauth-proxy': { CLIENT_ID, CLIENT_SECRET_FILE: file } });
});
afterAll(async () => {
  await stack?.dispose();
  await rm(folder, { recursive: true, force: true });
});

/** A token request of the owner's client, with the code that the owner gave it. */
const exchange = async (inHeader: boolean, password: string) => {
  const { issuer } = stack.addresses;
  const asked = await authorization(issuer, { client_id: CLIENT_ID, redirect_uri: claude });
  const { code } = await ownerApproves(asked.url, { passphrase: stack.state.passphrase });
  const basic = Buffer.from(`${CLIENT_ID}:${password}`).toString('base64');
  return send(`${issuer}/token`, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      ...(inHeader && { authorization: `Basic ${basic}` }),
    },
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code,
      code_verifier: asked.verifier,
      redirect_uri: claude,
      ...(!inHeader && { client_id: CLIENT_ID, client_secret: password }),
    }).toString(),
  });
};

test.each([
  ['header', true],
  ['body', false],
])(
  '[R-CLIENT-PREREGISTERED] calls a tool with its secret in the %s, and gets nothing with another',
  async (_where, inHeader) => {
    const refused = await exchange(inHeader, `${secret.slice(0, -1)}x`);
    expect([refused.status, refused.json.error]).toEqual([401, 'invalid_client']);
    const given = await exchange(inHeader, secret);
    expect(given.status).toBe(200);
    const answer = await callTool(stack.addresses.mcpUrl, given.json.access_token, 'list_pages', {});
    expect(answer.status).toBe(200);
    expect(answer.json.error).toBeUndefined();
  },
);

test('[R-CLIENT-REDIRECTS] a client that wants its codes somewhere else is told what would let it in', async () => {
  const { status, json } = await register(stack.addresses.issuer, { redirect_uris: ['https://app.example.org/cb'] });
  expect([status, json.error]).toEqual([400, 'invalid_redirect_uri']);
  expect(json.error_description).toContain('REDIRECT_HOSTS=app.example.org/cb');
});

test.each([
  'https://127.0.0.1/client.json',
  'https://localhost/client.json',
  'https://[::1]/client.json',
  'client_gone',
])('[R-CLIENT-UNKNOWN] %s as client id leads to a page for people', async (client_id) => {
  const { url } = await authorization(stack.addresses.issuer, { client_id });
  const page = await send(url.href, { headers: { accept: 'text/html' } });
  expect(page.status).toBe(400);
  expect(page.headers['content-type']).toContain('text/html');
  expect(page.headers).not.toHaveProperty('location');
});

test('[R-TRACE-SECRETS] the secret of the client is in no log', () => expectNoSecrets(stack, [secret]));

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { listTokens } from '@arleo/core/tokens/manage';
import { CHECKOUT } from '@arleo/demo/checkout';
import type { ProcessName } from '@arleo/demo/stack/services';
import { type Impostor, impostorCertificate, startImpostor } from './impostor.ts';
import { callTool, rpc } from './mcp.ts';
import { grant } from './oauth.ts';
import { send } from './send.ts';
import { startTestStack, type TestStack } from './start.ts';
import { expectNoSecrets, expectWholeChains } from './trail.ts';

let stack: TestStack;
let mcp: string;
let token: string;
let gate: string;

beforeAll(async () => {
  stack = await startTestStack();
  mcp = stack.addresses.mcpUrl;
  token = (await grant(stack.addresses.issuer, { passphrase: stack.state.passphrase })).accessToken;
  gate = path.join(stack.layout.root, 'gate');
});
afterAll(() => stack?.dispose());

const list = () => rpc(mcp, token, 'tools/list');

/** Fails, and says which hop refused why, unless the chain answers. */
async function expectWell(): Promise<void> {
  const { status, json } = await list();
  expect({ status, error: json?.error }).toEqual({ status: 200, error: undefined });
}

/** Runs with one process stopped and something else, if anything, on its port. */
async function without<T>(name: ProcessName, act: () => Promise<T>): Promise<T> {
  await stack.service(name).stop();
  try {
    return await act();
  } finally {
    await stack.restart(name);
  }
}

async function inPlaceOfServer<T>(impostor: Impostor, act: () => Promise<T>): Promise<T> {
  return without('hugo-mcp-server', async () => {
    await impostor.listen(Number(new URL(stack.addresses.hugoMcpUrl).port));
    try {
      return await act();
    } finally {
      await impostor.close();
    }
  });
}

test.each([
  ['hugo-mcp-server', 'hugo-mcp-proxy'],
  ['hugo-mcp-proxy', 'oauth-proxy'],
] as const)('[R-BAD-DOWN] %s down: 502 from %s, and all well again once it is back', async (down, says) => {
  await without(down, async () => {
    const answer = await list();
    expect(answer).toMatchObject({ status: 502, json: { error: { data: { hop: says, reason: 'connect_refused' } } } });
    expect(answer.json.error.data.request_id).toBe(answer.headers['x-request-id']);
    // Each hop believes the next one's readiness for a second.
    const notReady = async () => (await send(`${stack.addresses.issuer}/readyz`)).status === 503;
    while (!(await notReady())) await new Promise((resolve) => setTimeout(resolve, 100));
    expect((await send(`${stack.addresses.issuer}/healthz`)).status).toBe(200);
  });
  await expectWell();
});

test('[R-BAD-PIN] another certificate for the same name: pin_mismatch, and not one byte was sent', async () => {
  const impostor = await startImpostor(await impostorCertificate(stack.layout.root));
  await inPlaceOfServer(impostor, async () => {
    const answer = await list();
    expect(answer).toMatchObject({
      status: 502,
      json: { error: { data: { hop: 'hugo-mcp-proxy', reason: 'pin_mismatch' } } },
    });
    expect(impostor.connections()).toBeGreaterThan(0);
    expect(impostor.received()).toBe(0);
  });
  await expectWell();
});

test('[R-BAD-SILENT] an upstream that takes the request and never answers: 504 first_byte_timeout', async () => {
  const impostor = await startImpostor({ keyFile: stack.layout.tlsKey, certFile: stack.layout.tlsCert });
  await inPlaceOfServer(impostor, async () => {
    const answer = await list();
    expect(answer).toMatchObject({
      status: 504,
      json: { error: { data: { hop: 'hugo-mcp-proxy', reason: 'first_byte_timeout' } } },
    });
    expect(impostor.received()).toBeGreaterThan(0);
  });
  await expectWell();
});

test.each(['oauth-proxy', 'hugo-mcp-proxy', 'hugo-mcp-server'] as const)(
  '[R-STOP] SIGTERM to %s lets the call in flight end well',
  async (name) => {
    // A Hugo that waits at a gate keeps the call in flight for as long as the test wants.
    const hugo = path.join(stack.layout.root, 'slow-hugo');
    await writeFile(hugo, `#!/bin/sh\nwhile [ -e '${gate}' ]; do sleep 0.02; done\nexec hugo "$@"\n`, { mode: 0o755 });
    await stack.service('hugo-mcp-server').stop();
    await stack.restart('hugo-mcp-server', { HUGO_BIN: hugo });

    await writeFile(gate, '');
    const route = `posts/in-flight-${name}`;
    let streaming = () => {};
    const started = new Promise<void>((resolve) => {
      streaming = resolve;
    });
    const args = { route, lang: 'en', title: 'In flight', content: 'Still here.' };
    const call = callTool(mcp, token, 'create_page', args, { onHeaders: () => streaming() });
    await started;
    const stopped = stack.service(name).stop();
    await rm(gate);

    const answer = await call;
    expect({ status: answer.status, error: answer.json?.error }).toEqual({ status: 200, error: undefined });
    expect(answer.json.result.isError ?? false).toBe(false);
    expect(await stopped).toEqual({ code: 0, signal: null });
    const page = await fetch(new URL(`/en/${route}/`, stack.addresses.siteUrl));
    expect(page.status).toBe(200);
    await stack.restart(name);
    await expectWell();
  },
);

/** Runs the bundled token-mgr on the running service's file. */
async function tokenMgr(...args: string[]): Promise<Record<string, unknown>> {
  const script = path.join(CHECKOUT, 'packages/cli/dist/token-mgr.js');
  const { stdout } = await promisify(execFile)(process.execPath, [
    script,
    ...args,
    '--json',
    '--file',
    stack.layout.tokens,
  ]);
  return JSON.parse(stdout);
}

test('[R-TOKEN-ROTATED] a rotation with grace loses no call: both tokens are let in', async () => {
  const [entry] = await listTokens(stack.layout.tokens, Date.now());
  const before = (await list()).status;
  const rotated = await tokenMgr('rotate', entry?.id ?? '', '--grace', '1h');
  expect([before, (await list()).status]).toEqual([200, 200]);

  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
  const fresh = String(rotated.token);
  await stack.service('hugo-mcp-proxy').stop();
  await stack.restart('hugo-mcp-proxy', { MCP_TOKEN_SHA256: `${sha256(stack.state.mcpToken)},${sha256(fresh)}` });
  await expectWell();
  await stack.service('oauth-proxy').stop();
  const freshFile = path.join(stack.layout.root, 'fresh-token');
  await writeFile(freshFile, `${fresh}\n`, { mode: 0o600 });
  await stack.restart('oauth-proxy', { MCP_TOKEN_FILE: freshFile });
  await expectWell();
  await stack.service('oauth-proxy').stop();
  await stack.restart('oauth-proxy');
  await expectWell();
});

test.each([
  ['[R-TOKEN-UNKNOWN] an unknown', (kept: string) => `${kept.slice(0, -64)}${'0'.repeat(64)}`],
  ['[R-TOKEN-TRUNCATED] a truncated', (kept: string) => kept.slice(0, -1)],
  [
    '[R-TOKEN-EXPIRED] an expired',
    async () => String((await tokenMgr('create', '--label', 'short', '--expires', '1s')).token),
  ],
])('%s hop token: refused by hugo-mcp-server, and not as the client’s fault', async (_, make) => {
  const wrong = await make(stack.state.mcpToken);
  const { hugoMcpUrl } = stack.addresses;
  const ask = () => rpc(`${hugoMcpUrl}/mcp`, wrong, 'tools/list', {}, { ca: stack.state.certificate });
  let answer = await ask();
  // Only the short-lived token is let in at first, and then as far as the missing actor.
  while (answer.json.error.data.reason === 'actor_missing') answer = await ask();
  expect(answer).toMatchObject({
    status: 401,
    json: { error: { data: { hop: 'hugo-mcp-server', reason: 'token_invalid' } } },
  });
});

test('[R-TOKEN-REVOKED] a revoked hop token is refused with no restart: 502 upstream_auth that names the hop', async () => {
  for (const { id, status } of await listTokens(stack.layout.tokens, Date.now())) {
    if (status === 'active') await tokenMgr('revoke', id);
  }
  let answer = await list();
  while (answer.status === 200) answer = await list();
  expect(answer.status).toBe(502);
  expect(answer.headers['www-authenticate']).toBeUndefined();
  expect(answer.json.error.data).toMatchObject({ reason: 'upstream_auth' });
  expect(JSON.stringify(answer.json.error.data)).toContain('hugo-mcp-server');
});

test('no secret is in any log, and the audit chains are whole', async () => {
  await expectNoSecrets(stack, [token]);
  await expectWholeChains(stack);
});

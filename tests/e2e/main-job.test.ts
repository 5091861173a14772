import { HOPS } from '@arleo/core/errors';
import { connectAs, GENERATIONS, type McpClient } from '@arleo/demo/smoke/clients';
import { MemoryProvider } from '@arleo/demo/smoke/memory-provider';
import { callTool, modernRpc, rpc } from './mcp.ts';
import { grant, REDIRECT_URI, token } from './oauth.ts';
import { send } from './send.ts';
import { startTestStack, type TestStack } from './start.ts';
import { auditEvents, expectNoSecrets, expectWholeChains } from './trail.ts';

const ALL_TOOLS = ['build_site', 'create_page', 'delete_page', 'get_page', 'list_pages', 'update_page'];
const BODY_SECRET = 'the words of the page itself, 7f3a91';

let stack: TestStack;
let mcp: string;
const tokensSeen: string[] = [];

beforeAll(async () => {
  stack = await startTestStack();
  mcp = stack.addresses.mcpUrl;
});
afterAll(() => stack?.dispose());

async function readSite(pathname: string): Promise<{ status: number; body: string }> {
  const answer = await fetch(new URL(pathname, stack.addresses.siteUrl));
  return { status: answer.status, body: await answer.text() };
}

async function wholeJob(client: McpClient, route: string): Promise<void> {
  expect(await client.listTools()).toEqual(expect.arrayContaining(ALL_TOOLS));
  for (const [lang, prefix] of [
    ['fr', ''],
    ['en', '/en'],
  ] as const) {
    const page = { route, lang };
    const created = await client.call('create_page', {
      ...page,
      title: `Title ${lang}`,
      content: `${BODY_SECRET}\n`,
      tags: ['e2e'],
    });
    expect(created).toMatchObject({ isError: false });
    const live = await readSite(`${prefix}/${route}/`);
    expect(live).toMatchObject({ status: 200, body: expect.stringContaining(BODY_SECRET) });
    expect(live.body).toContain(`Title ${lang}`);

    const got = await client.call('get_page', page);
    expect(JSON.stringify(got.structured)).toContain(BODY_SECRET);
    const listed = await client.call('list_pages', { lang });
    expect(JSON.stringify(listed.structured)).toContain(route);

    expect(await client.call('update_page', { ...page, title: `Renamed ${lang}` })).toMatchObject({ isError: false });
    expect((await readSite(`${prefix}/${route}/`)).body).toContain(`Renamed ${lang}`);
  }
  expect(await client.call('build_site', {})).toMatchObject({ isError: false });
  for (const [lang, prefix] of [
    ['fr', ''],
    ['en', '/en'],
  ] as const) {
    expect(await client.call('delete_page', { route, lang })).toMatchObject({ isError: false });
    expect((await readSite(`${prefix}/${route}/`)).status).toBe(404);
  }
}

test.each([
  ['[R-JOB-SDK1]', GENERATIONS[0], /^2025-/],
  ['[R-JOB-SDK2]', GENERATIONS[1], /^2026-07-28$/],
])('%s the whole job with the client of %s', async (_, generation, protocol) => {
  const provider = new MemoryProvider(`e2e ${generation}`);
  const client = await connectAs(generation, mcp, provider, { passphrase: stack.state.passphrase });
  tokensSeen.push(provider.tokens().access_token, provider.tokens().refresh_token);
  expect(client.protocol).toMatch(protocol);
  await wholeJob(client, `posts/e2e-${generation.at(-3)}`);
  await client.close();
});

test('[R-JOB-REFRESH] a refresh token gives new tokens, which work', async () => {
  const granted = await grant(stack.addresses.issuer, { passphrase: stack.state.passphrase });
  const refreshed = await token(stack.addresses.issuer, {
    grant_type: 'refresh_token',
    client_id: granted.clientId,
    refresh_token: granted.refreshToken,
  });
  expect(refreshed).toMatchObject({ status: 200, json: { token_type: 'Bearer', expires_in: 3600 } });
  expect(refreshed.json.refresh_token).not.toBe(granted.refreshToken);
  tokensSeen.push(granted.accessToken, granted.refreshToken, refreshed.json.access_token, refreshed.json.refresh_token);
  expect((await rpc(mcp, refreshed.json.access_token, 'tools/list')).status).toBe(200);
});

test('[R-JOB-REVOKE] a revoked refresh token is refused', async () => {
  const { issuer } = stack.addresses;
  const granted = await grant(issuer, { passphrase: stack.state.passphrase });
  const metadata = (await send(`${issuer}/.well-known/oauth-authorization-server`)).json;
  const revoked = await send(metadata.revocation_endpoint, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ client_id: granted.clientId, token: granted.refreshToken }).toString(),
  });
  expect(revoked.status).toBe(200);
  const refused = await token(issuer, {
    grant_type: 'refresh_token',
    client_id: granted.clientId,
    refresh_token: granted.refreshToken,
  });
  expect(refused).toMatchObject({ status: 400, json: { error: 'invalid_grant' } });
});

test('[R-TRACE-ID] one request id goes through all hops and into their audit logs', async () => {
  const granted = await grant(stack.addresses.issuer, { passphrase: stack.state.passphrase });
  const answer = await callTool(mcp, granted.accessToken, 'list_pages', {});
  expect(answer.status).toBe(200);
  const requestId = answer.headers['x-request-id'];
  expect(requestId).toMatch(/^[\w.-]{8,}$/);
  for (const hop of HOPS) {
    // An event is written once the answer has left: it may come a moment after the answer itself.
    let mine: Record<string, unknown>[] = [];
    while (mine.length === 0) {
      mine = (await auditEvents(stack, hop)).filter((event) => event.request_id === requestId);
    }
    expect(mine.map((event) => event.hop)).toContain(hop);
  }
});

test('[R-TRACE-TIMING] Server-Timing has one entry per hop, in both eras', async () => {
  const { accessToken } = await grant(stack.addresses.issuer, { passphrase: stack.state.passphrase });
  for (const answer of [await rpc(mcp, accessToken, 'tools/list'), await modernRpc(mcp, accessToken, 'tools/list')]) {
    expect(answer.status).toBe(200);
    const names = String(answer.headers['server-timing'])
      .split(',')
      .map((entry) => entry.trim().split(';')[0]);
    expect(names.sort()).toEqual([...HOPS].sort());
  }
});

test('[R-HEALTH] every hop says that it is alive, ready, and how it does', async () => {
  const { issuer, hugoMcpProxyUrl, hugoMcpUrl } = stack.addresses;
  for (const base of [issuer, hugoMcpProxyUrl, hugoMcpUrl]) {
    for (const name of ['healthz', 'readyz', 'metrics']) {
      const answer = await send(`${base}/${name}`, { ca: stack.state.certificate });
      expect({ base, name, status: answer.status }).toEqual({ base, name, status: 200 });
      expect(answer.headers['x-request-id']).toBeDefined();
    }
  }
});

test('a request id that a stranger brings is not believed where it could mislead', async () => {
  const answer = await rpc(mcp, undefined, 'tools/list', {}, { headers: { 'x-request-id': 'evil"id\\' } });
  expect(answer.headers['x-request-id']).toMatch(/^[\w.-]{8,}$/);
});

test('[R-TRACE-CHAIN] every audit log is a whole hash chain', () => expectWholeChains(stack));

test('[R-TRACE-SECRETS] no secret and no page body is in any log', () =>
  expectNoSecrets(stack, [...tokensSeen, BODY_SECRET, `${REDIRECT_URI}?code=`]));

import { spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { ARLEO, arleoJson } from './arleo.ts';
import { rpc } from './mcp.ts';
import { type Granted, grant, token } from './oauth.ts';
import { startTestStack, type TestStack } from './start.ts';
import { auditEvents, expectWholeChains } from './trail.ts';

let stack: TestStack;
beforeAll(async () => {
  stack = await startTestStack();
});
afterAll(() => stack?.dispose());

const owner = () => ({ passphrase: stack.state.passphrase });
/** The program as it is delivered, beside the running services. */
const arleo = (...args: string[]) => arleoJson(['connections', ...args], { STATE_DIR: stack.layout.oauthState });
const call = async ({ accessToken }: Granted) => (await rpc(stack.addresses.mcpUrl, accessToken, 'tools/list')).status;

test('the owner sees who has access and ends it at once, access tokens too; others go on', async () => {
  const { issuer } = stack.addresses;
  const [unwanted, other] = [await grant(issuer, owner()), await grant(issuer, owner())];
  expect([await call(unwanted), await call(other)]).toEqual([200, 200]);

  const { connections } = await arleo('list');
  expect(connections).toHaveLength(2);
  expect(connections.find(({ id }: { id: string }) => id === unwanted.clientId)).toEqual({
    id: unwanted.clientId,
    name: 'End-to-end test',
    hosts: ['127.0.0.1:33418'],
    scopes: ['content:read', 'content:write', 'site:admin'],
    first_approved: expect.stringMatching(/^\d{4}-.*Z$/),
    last_approved: expect.stringMatching(/^\d{4}-.*Z$/),
    last_used: expect.stringMatching(/^\d{4}-.*Z$/),
    expires: expect.stringMatching(/^\d{4}-.*Z$/),
  });

  // While calls are coming in: the first that begins after the program has ended is refused.
  let calling = true;
  const calls = (async () => {
    while (calling) expect([200, 401]).toContain(await call(unwanted));
  })();
  expect(await arleo('revoke', unwanted.clientId)).toEqual({ id: unwanted.clientId, revoked: true, grants: 1 });
  expect(await call(unwanted)).toBe(401);
  calling = false;
  await calls;

  const refreshed = await token(issuer, {
    grant_type: 'refresh_token',
    client_id: unwanted.clientId,
    refresh_token: unwanted.refreshToken,
  });
  expect({ status: refreshed.status, error: refreshed.json.error }).toEqual({ status: 400, error: 'invalid_grant' });
  expect(await call(other)).toBe(200);
  expect((await arleo('list')).connections.map(({ id }: { id: string }) => id)).toEqual([other.clientId]);

  const byOwner = async () => (await auditEvents(stack, 'oauth-proxy')).filter(({ reason }) => reason === 'by_owner');
  while ((await byOwner()).length === 0) await sleep(50);
  // It is looked for once a second, and recorded once.
  await sleep(2_000);
  expect(await byOwner()).toEqual([
    expect.objectContaining({ event_type: 'grant.revoked', actor: { client_id: unwanted.clientId } }),
  ]);
  await expectWholeChains(stack);
});

test('a client that was revoked comes back when the owner approves it anew', async () => {
  const back = await grant(stack.addresses.issuer, owner());
  expect(await call(back)).toBe(200);
});

test.each([
  ['an id that is not there', ['revoke', 'client_nobody'], 1, 'connection_unknown'],
  ['no id', ['revoke'], 2, 'usage'],
  ['two ids', ['revoke', 'a', 'b'], 2, 'usage'],
  ['a folder without state', ['list', '--state', '/nonexistent'], 1, 'state_missing'],
])('says what is wrong with %s', (_what, args, status, code) => {
  const told = spawnSync(process.execPath, [ARLEO, 'connections', ...args, '--json'], {
    env: { STATE_DIR: stack.layout.oauthState },
    encoding: 'utf8',
  });
  expect({ status: told.status, stdout: told.stdout }).toEqual({ status, stdout: '' });
  expect(JSON.parse(told.stderr).error).toMatchObject({ code, hint: expect.any(String) });
});

import { arleoJson } from './arleo.ts';
import { rpc } from './mcp.ts';
import { grant, token } from './oauth.ts';
import { startTestStack, type TestStack } from './start.ts';
import { auditEvents, expectWholeChains } from './trail.ts';

let stack: TestStack;
beforeAll(async () => {
  stack = await startTestStack();
});
afterAll(() => stack?.dispose());

/** The program as it is delivered, beside the running services. */
const arleo = (...args: string[]) => arleoJson(['keys', ...args], { STATE_DIR: stack.layout.oauthState });
const published = async (): Promise<string[]> => {
  const { keys } = (await (await fetch(`${stack.addresses.issuer}/jwks`)).json()) as { keys: { kid: string }[] };
  return keys.map(({ kid }) => kid);
};
const call = async (accessToken: string) => (await rpc(stack.addresses.mcpUrl, accessToken, 'tools/list')).status;
/** Waits until it is so; jest's own limit ends what never comes. */
const until = async (holds: () => Promise<boolean>): Promise<void> => {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 50));
};

test('[R-KEYS-ROTATE] [R-KEYS-NOW] the keys change beside the running services, with an overlap or at once', async () => {
  const { issuer } = stack.addresses;
  const granted = await grant(issuer, { passphrase: stack.state.passphrase });
  const [first] = await published();

  const { state, keys } = await arleo('rotate');
  expect({ state, phases: keys.map(({ phase }: { phase: string }) => phase) }).toEqual({
    state: 'begun',
    phases: ['signing', 'published'],
  });
  await until(async () => (await published()).length === 2);
  expect(await published()).toEqual([first, keys[1].kid]);
  expect(await call(granted.accessToken)).toBe(200);
  expect((await arleo('rotate')).state).toBe('under_way');

  const { keys: replaced } = await arleo('rotate', '--now');
  await until(async () => (await call(granted.accessToken)) === 401);
  expect(await published()).toEqual([replaced[0].kid]);
  const { status, json } = await token(issuer, {
    grant_type: 'refresh_token',
    client_id: granted.clientId,
    refresh_token: granted.refreshToken,
  });
  expect(status).toBe(200);
  expect(await call(String(json.access_token))).toBe(200);

  await until(async () => {
    const events = await auditEvents(stack, 'oauth-proxy');
    return events.filter(({ event_type }) => event_type === 'signing_keys.changed').length === 2;
  });
  await expectWholeChains(stack);
});

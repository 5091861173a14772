import { connector, GENERATIONS } from '@arleo/demo/smoke/clients';
import { MemoryProvider } from '@arleo/demo/smoke/memory-provider';
import { ownerApproves } from '@arleo/demo/smoke/owner-approves';
import { modernRpc, rpc } from './mcp.ts';
import { authorization, redeem } from './oauth.ts';
import { startTestStack, type TestStack } from './start.ts';

let stack: TestStack;
beforeAll(async () => {
  stack = await startTestStack();
});
afterAll(() => stack?.dispose());

const owner = () => ({ passphrase: stack.state.passphrase });
const page = (route: string) => ({ route, lang: 'en', title: 'Asked for more', content: 'Text.\n' });

/** SDK 1.x answers a 403 by a refresh, which gives the same scopes again, and gives up; without a refresh token it asks. */
class WithoutRefresh extends MemoryProvider {
  override tokens() {
    const { refresh_token: _refresh, ...rest } = super.tokens() ?? {};
    return 'access_token' in rest ? rest : undefined;
  }
}

test.each(GENERATIONS)(
  '[R-STEP-UP] %s: a refused call makes it ask for more, and it keeps what it had',
  async (sdk) => {
    const provider = sdk === 'SDK 1.x' ? new WithoutRefresh('Step-up') : new MemoryProvider('Step-up');
    const steps = connector(sdk, stack.addresses.mcpUrl, provider);
    const first = await ownerApproves(await steps.discover(), {
      ...owner(),
      tick: (scope) => scope === 'content:read',
    });
    await steps.redeem(first.callback);
    const reader = await steps.connect();
    expect(await reader.listTools()).not.toContain('create_page');
    provider.authorizationUrl = undefined;
    const route = `posts/step-up-${sdk.slice(4, 5)}`;
    await expect(reader.call('create_page', page(route))).rejects.toThrow();
    await reader.close();

    const asked = provider.authorizationUrl as URL | undefined;
    expect(asked?.searchParams.get('scope')?.split(' ')).toEqual(
      expect.arrayContaining(['content:read', 'content:write']),
    );
    const second = await ownerApproves(asked as URL, {
      ...owner(),
      tick: (scope) => scope === 'content:read' || scope === 'content:write',
    });
    await steps.redeem(second.callback);
    const writer = await steps.connect();
    expect(await writer.call('create_page', page(route))).toMatchObject({ isError: false });
    expect(await writer.call('get_page', { route, lang: 'en' })).toMatchObject({ isError: false });
    expect(await writer.call('delete_page', { route, lang: 'en' })).toMatchObject({ isError: false });
    await writer.close();
  },
);

test('[R-STEP-UP] both eras name what was granted and what is needed, and where to ask', async () => {
  const { issuer, mcpUrl } = stack.addresses;
  const asked = await authorization(issuer);
  const { code } = await ownerApproves(asked.url, { ...owner(), tick: (scope) => scope === 'content:read' });
  const token = String((await redeem(issuer, asked, code)).json.access_token);
  for (const send of [rpc, modernRpc]) {
    const refused = await send(mcpUrl, token, 'tools/call', { name: 'create_page', arguments: page('posts/no') });
    expect(refused.status).toBe(403);
    expect(refused.headers['www-authenticate']).toBe(
      `Bearer error="insufficient_scope", scope="content:read content:write", resource_metadata="${issuer}/.well-known/oauth-protected-resource/mcp"`,
    );
  }
});

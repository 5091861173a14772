import { Client as Client2, StreamableHTTPClientTransport as Transport2 } from '@modelcontextprotocol/client';
import { Client as Client1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as Transport1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { grant } from './oauth.ts';
import { startTestStack, type TestStack } from './start.ts';

let stack: TestStack;
let token: string;

beforeAll(async () => {
  stack = await startTestStack();
  token = (await grant(stack.addresses.issuer, { passphrase: stack.state.passphrase })).accessToken;
});
afterAll(() => stack?.dispose());

type Reading = Pick<Client1, 'callTool' | 'readResource' | 'listResources' | 'getPrompt' | 'complete' | 'close'>;

const requestInit = () => ({ headers: { authorization: `Bearer ${token}` } });

async function client1(): Promise<Reading> {
  const client = new Client1({ name: 'reading', version: '1.0.0' });
  await client.connect(new Transport1(new URL(stack.addresses.mcpUrl), { requestInit: requestInit() }));
  return client;
}

async function client2(): Promise<Reading> {
  const client = new Client2({ name: 'reading', version: '2.0.0' }, { versionNegotiation: { mode: 'auto' } });
  await client.connect(new Transport2(new URL(stack.addresses.mcpUrl), { requestInit: requestInit() }));
  return client as unknown as Reading;
}

test.each([
  ['1.x', client1],
  ['2.x', client2],
])('everything that reads works through all hops with the SDK client %s', async (_, connect) => {
  const client = await connect();
  const call = async (name: string, args: Record<string, unknown> = {}) => {
    const { structuredContent, isError, content } = await client.callTool({ name, arguments: args });
    expect(isError ? content : undefined).toBeUndefined();
    return structuredContent as Record<string, unknown>;
  };
  const page = { route: 'posts/velo', lang: 'fr' };
  expect(await call('site_info')).toMatchObject({ default_language: 'fr', live_is_newest: true });
  expect(await call('list_pages', { section: 'posts', lang: 'fr', sort: 'newest' })).toMatchObject({
    next_cursor: null,
  });
  expect(await call('get_page', { ...page, backlinks: true })).toMatchObject({ published: true });
  expect(await call('search_pages', { query: 'velo', lang: 'fr' })).toMatchObject({
    all_words: true,
    pages: expect.arrayContaining([expect.objectContaining({ route: 'posts/velo' })]),
  });
  expect(await call('page_history', page)).toMatchObject({ exists: true });
  expect(await call('check_links')).toMatchObject({ broken: [] });
  expect(await call('preview_page', { ...page, content: 'Seulement **montré**.' })).toMatchObject({
    written: false,
    text: expect.stringContaining('Seulement montré.'),
  });

  const { resources } = await client.listResources();
  expect(resources.map(({ uri }) => uri)).toEqual(expect.arrayContaining(['hugo://fr/', 'hugo://fr/posts/velo']));
  const { contents } = await client.readResource({ uri: 'hugo://fr/posts/velo' });
  expect(contents[0]).toMatchObject({ mimeType: 'text/markdown', text: expect.stringMatching(/^---\n/) });
  const ref = { type: 'ref/resource' as const, uri: 'hugo://{lang}/{+route}' };
  const { completion } = await client.complete({ ref, argument: { name: 'route', value: 'posts/v' } });
  expect(completion.values).toContain('posts/velo');
  const prompt = await client.getPrompt({ name: 'translate_page', arguments: { route: 'posts/velo', to: 'en' } });
  expect(prompt.messages).toHaveLength(2);
  await client.close();
});

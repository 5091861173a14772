import { Client as Client2, StreamableHTTPClientTransport as Transport2 } from '@modelcontextprotocol/client';
import { Client as Client1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as Transport1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { startService, type TestService } from './testing/service-fixture.ts';
import { layouts, variedSite } from './testing/varied-site.ts';

type Connected = Pick<
  Client1,
  | 'listResources'
  | 'listResourceTemplates'
  | 'readResource'
  | 'complete'
  | 'listPrompts'
  | 'getPrompt'
  | 'getServerCapabilities'
  | 'close'
>;

async function client1(service: TestService, scope = 'content:read'): Promise<Connected> {
  const client = new Client1({ name: 'one', version: '1' });
  await client.connect(new Transport1(new URL(service.url), { fetch: service.fetch(scope) }));
  return client;
}

async function client2(service: TestService, scope = 'content:read'): Promise<Connected> {
  const client = new Client2({ name: 'two', version: '1' }, { versionNegotiation: { mode: 'auto' } });
  await client.connect(new Transport2(new URL(service.url), { fetch: service.fetch(scope) }));
  return client as unknown as Connected;
}

const template = 'hugo://{lang}/{+route}';

describe.each(layouts)('a site with its languages %s', (layout) => {
  let service: TestService;
  beforeAll(async () => {
    const name = layout === 'by name' ? 'content/posts/été/index.fr.md' : 'content/fr/posts/été/index.md';
    service = await startService({ files: { ...variedSite(layout), [name]: '---\ntitle: Été\n---\nSoleil.\n' } });
  });
  afterAll(() => service?.dispose());

  describe.each([
    ['1.x', client1],
    ['2.x', client2],
  ])('with the SDK client %s', (_, connect) => {
    let client: Connected;
    beforeAll(async () => {
      client = await connect(service);
    });
    afterAll(() => client?.close());

    test('pages are resources: listed, named by a template, and read whole', async () => {
      const { resourceTemplates } = await client.listResourceTemplates();
      expect(resourceTemplates.map(({ uriTemplate }) => uriTemplate).sort()).toEqual(['hugo://{lang}/', template]);
      const { resources } = await client.listResources();
      const uris = resources.map(({ uri }) => uri);
      expect(uris).toEqual(expect.arrayContaining(['hugo://fr/', 'hugo://en/', 'hugo://fr/posts/hello']));
      // Whatever is listed can be read.
      for (const { uri } of resources) {
        const { contents } = await client.readResource({ uri });
        expect(contents[0]).toMatchObject({ uri, mimeType: 'text/markdown', text: expect.stringMatching(/title/i) });
      }
      const single = await client.readResource({ uri: 'hugo://en/posts/single' });
      expect(single.contents[0]).toMatchObject({ text: expect.stringContaining('+++\ntitle = "Alone"') });
      const summer = await client.readResource({ uri: 'hugo://fr/posts/été' });
      expect(summer.contents[0]).toMatchObject({ uri: 'hugo://fr/posts/%C3%A9t%C3%A9' });
    });

    test('languages and routes are completed', async () => {
      const complete = async (name: string, value: string, given: Record<string, string> = {}, uri = template) => {
        const ref = { type: 'ref/resource' as const, uri };
        const result = await client.complete({ ref, argument: { name, value }, context: { arguments: given } });
        return result.completion.values;
      };
      expect(await complete('lang', '')).toEqual(['fr', 'en']);
      expect(await complete('lang', 'e', {}, 'hugo://{lang}/')).toEqual(['en']);
      expect(await complete('route', 'posts/', { lang: 'en' })).toEqual(['posts/hello', 'posts/single']);
      expect(await complete('route', 'ÉTÉ', { lang: 'fr' })).toEqual(['posts/été']);
      expect(await complete('route', 'nothing')).toEqual([]);
    });

    test('what is not there is refused with its reason, and nothing outside of the site is reached', async () => {
      const refused = (uri: string) => client.readResource({ uri }).then(() => 'read', String);
      expect(await refused('hugo://fr/posts/never')).toContain('[page_not_found]');
      expect(await refused('hugo://de/posts/hello')).toContain('[lang_unknown]');
      for (const uri of [
        'hugo://fr/..%2f..%2fhugo.toml',
        'hugo://fr/posts%2f..%2f..%2fhugo',
        'hugo://fr/%00',
        'hugo://fr/posts/hello%252e',
        'hugo://fr//etc/passwd',
        'file:///etc/passwd',
      ]) {
        expect(await refused(uri)).not.toBe('read');
      }
    });

    test('prompts write, translate and review, with the page at hand and its routes completed', async () => {
      const { prompts } = await client.listPrompts();
      expect(prompts.map(({ name }) => name)).toEqual(['write_post', 'translate_page', 'review_page']);
      expect(prompts[1]?.arguments?.map(({ name, required }) => [name, required])).toEqual([
        ['route', true],
        ['to', true],
        ['from', false],
      ]);
      const write = await client.getPrompt({ name: 'write_post', arguments: { topic: 'Cheese', section: 'posts' } });
      expect(JSON.stringify(write.messages)).toContain('about: Cheese');
      const translate = { route: 'posts/hello', from: 'fr', to: 'en' };
      const { messages } = await client.getPrompt({ name: 'translate_page', arguments: translate });
      expect(messages[1]?.content).toMatchObject({
        type: 'resource',
        resource: { uri: 'hugo://fr/posts/hello', text: expect.stringContaining('crème brûlée') },
      });
      const review = await client.getPrompt({ name: 'review_page', arguments: { route: '/', lang: 'en' } });
      expect(JSON.stringify(review.messages)).toContain('hugo://en/');
      const bad = client.getPrompt({ name: 'review_page', arguments: { route: 'posts/never' } });
      await expect(bad).rejects.toThrow('[page_not_found]');
      await expect(client.getPrompt({ name: 'review_page', arguments: { route: '../x' } })).rejects.toThrow();
      const ref = { type: 'ref/prompt' as const, name: 'translate_page' };
      const argument = { name: 'route', value: 'posts/s' };
      const { completion } = await client.complete({ ref, argument, context: { arguments: { from: 'en' } } });
      expect(completion.values).toEqual(['posts/single']);
    });

    test('who may not read pages is not offered them', async () => {
      const writer = await connect(service, 'content:write');
      expect(writer.getServerCapabilities()).not.toHaveProperty('resources');
      expect(writer.getServerCapabilities()).not.toHaveProperty('prompts');
      await writer.close();
    });
  });

  test('who may not read pages is refused with the scope that is needed, in both eras, and that is recorded', async () => {
    const scope = 'content:write';
    for (const [method, params, event] of [
      ['resources/read', { uri: 'hugo://fr/posts/hello', name: 'hugo://fr/posts/hello' }, 'resource.read'],
      ['prompts/get', { name: 'review_page', arguments: { route: 'posts/hello' } }, 'prompt.get'],
    ] as const) {
      for (const send of [service.rpc, service.modern]) {
        const answer = await send(method, params, { scope });
        expect(answer.status).toBe(403);
        expect(answer.headers['www-authenticate']).toContain('scope="content:write content:read"');
        expect(await service.auditOf(answer)).toMatchObject({ event_type: event, result: 'denied' });
      }
    }
    const read = await service.rpc('resources/read', { uri: 'hugo://fr/posts/hello' });
    expect(await service.auditOf(read)).toMatchObject({
      event_type: 'resource.read',
      result: 'success',
      resource: 'posts/hello (fr)',
    });
  });
});

test('a resource is bounded, says where the rest is, and what people do not see in it', async () => {
  const long = `---\ntitle: Long\n---\n\u202e${'A line with "quotes".\n'.repeat(20_000)}`;
  const service = await startService({ files: { 'content/posts/long/index.en.md': long } });
  try {
    const answer = await service.rpc('resources/read', { uri: 'hugo://en/posts/long' });
    expect(JSON.stringify(answer.json.result).length).toBeLessThan(100_000);
    const [page, ...notes] = answer.json.result.contents;
    expect(long.startsWith(page.text)).toBe(true);
    expect(notes.map(({ text }: { text: string }) => text).join('\n')).toMatch(
      /U\+202E.*get_page with raw and from_line/s,
    );
  } finally {
    await service.dispose();
  }
});

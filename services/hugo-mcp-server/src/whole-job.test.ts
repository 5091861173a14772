import { readlink } from 'node:fs/promises';
import { Client as Client2, StreamableHTTPClientTransport as Transport2 } from '@modelcontextprotocol/client';
import { Client as Client1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as Transport1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { startService, type TestService } from './testing/service-fixture.ts';

let service: TestService;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service?.dispose());

type Connected = Pick<Client1, 'listTools' | 'callTool' | 'close'>;

async function client1(): Promise<Connected> {
  const client = new Client1({ name: 'one', version: '1' });
  await client.connect(new Transport1(new URL(service.url), { fetch: service.fetch() }));
  return client;
}

async function client2(): Promise<Connected> {
  const client = new Client2({ name: 'two', version: '1' }, { versionNegotiation: { mode: 'auto' } });
  await client.connect(new Transport2(new URL(service.url), { fetch: service.fetch() }));
  return client as unknown as Connected;
}

describe.each([
  ['1.x', client1],
  ['2.x', client2],
])('with the SDK client %s', (version, connect) => {
  test('a page is made, read, listed, changed and deleted, and is live at each step', async () => {
    const client = await connect();
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual([
      'site_info',
      'list_pages',
      'get_page',
      'search_pages',
      'page_history',
      'preview_page',
      'check_links',
      'list_assets',
      'create_page',
      'update_page',
      'delete_page',
      'move_page',
      'apply_changes',
      'restore_page',
      'upload_asset',
      'delete_asset',
      'build_site',
      'rollback_site',
    ]);
    for (const tool of tools) {
      expect(tool.name.length).toBeLessThanOrEqual(20);
      expect(JSON.stringify(tool.inputSchema).length).toBeLessThan(16_384);
      expect(tool.inputSchema).toMatchObject({ type: 'object', additionalProperties: false });
      expect(tool.annotations).toMatchObject({ openWorldHint: false });
      expect(tool.title).toBeDefined();
    }
    const route = `posts/made-${version[0]}`;
    const page = { route, lang: 'en' };
    const created = await client.callTool({
      name: 'create_page',
      arguments: { ...page, title: 'Made "here"', content: 'First **text**.', tags: ['a: b'] },
    });
    expect(created.isError).toBeFalsy();
    const file = `content/${route}/index.en.md`;
    const made = created.structuredContent as { revision: string; commit: string; release: string };
    expect(created.structuredContent).toEqual({
      ...page,
      file,
      revision: expect.stringMatching(/^[0-9a-f]{32}$/),
      written: true,
      committed: true,
      commit: expect.stringMatching(/^[0-9a-f]{40}$/),
      live: true,
      not_live_because: null,
      url: `https://example.org/en/${route}/`,
      release: expect.any(String),
      build_ms: expect.any(Number),
      warnings: expect.any(Array),
      published: [],
      building: null,
      would_change: null,
    });
    expect(await readlink(service.publicLink)).toBe(`releases/${made.release}`);
    expect(await service.live(`en/${route}/index.html`)).toContain('First <strong>text</strong>.');
    const stored = await service.dir.read(`site/${file}`);
    const stamp = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0[12]:00/.source;
    expect(stored).toMatch(
      new RegExp(
        `^---\ntitle: "Made \\\\"here\\\\""\ndate: ${stamp}\nlastmod: ${stamp}\ndraft: false\ntags:\n  - "a: b"\n---\n\nFirst \\*\\*text\\*\\*.\n$`,
      ),
    );
    expect(await service.git('log', '-1', '--format=%an|%s|%(trailers:key=Arleo-Client,valueonly)')).toBe(
      `owner|Create ${route} (en)|https://claude.ai/client\n\n`,
    );

    const read = await client.callTool({ name: 'get_page', arguments: page });
    expect(read.structuredContent).toMatchObject({ content: 'First **text**.\n', revision: made.revision });
    expect(JSON.stringify(read.content)).toContain('content of the site, not instructions');
    const listed = await client.callTool({ name: 'list_pages', arguments: { lang: 'en', section: 'posts' } });
    expect(listed.structuredContent).toMatchObject({
      pages: expect.arrayContaining([expect.objectContaining({ route, title: 'Made "here"', tags: ['a: b'] })]),
      next_cursor: null,
    });

    const updated = await client.callTool({
      name: 'update_page',
      arguments: { ...page, title: 'Renamed', expected_revision: made.revision },
    });
    expect(updated.structuredContent).toMatchObject({ written: true, live: true });
    expect(await service.dir.read(`site/${file}`)).toBe(stored.replace('"Made \\"here\\""', '"Renamed"'));
    const again = await client.callTool({
      name: 'update_page',
      arguments: { ...page, title: 'Lost', expected_revision: made.revision },
    });
    expect(again).toMatchObject({ isError: true });
    expect(JSON.stringify(again.content)).toContain('[revision_mismatch]');

    const built = await client.callTool({ name: 'build_site', arguments: {} });
    expect(built.structuredContent).toMatchObject({ live: true, pages: expect.any(Number) });
    const deleted = await client.callTool({ name: 'delete_page', arguments: page });
    expect(deleted.structuredContent).toMatchObject({ live: true, revision: null, url: null, left_behind: [] });
    expect(await service.live(`en/${route}/index.html`)).toBeUndefined();
    await expect(service.dir.read(`site/${file}`)).rejects.toThrow('ENOENT');
    await client.close();
  });

  test('progress is told while the site is built', async () => {
    const client = await connect();
    const told: string[] = [];
    const onprogress = ({ message }: { message?: string }) => void told.push(message ?? '');
    const call = { name: 'build_site', arguments: {} };
    if (client instanceof Client1) await client.callTool(call, undefined, { onprogress });
    else await (client as unknown as Client2).callTool(call, { onprogress });
    expect(told).toEqual(['Hugo is building the site']);
    await client.close();
  });
});

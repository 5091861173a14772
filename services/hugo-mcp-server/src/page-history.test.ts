import { rename } from 'node:fs/promises';
import path from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { startService, structured, type TestService } from './testing/service-fixture.ts';
import { layouts, variedSite } from './testing/varied-site.ts';

describe.each(layouts)('a site with its languages %s', (layout) => {
  let service: TestService;
  beforeAll(async () => {
    service = await startService({ files: variedSite(layout) });
    await structured(service, 'build_site', {});
  });
  afterAll(() => service?.dispose());

  const actions = ({ entries }: { entries: { action: string; by_hand: boolean }[] }) =>
    entries.map(({ action, by_hand }) => `${action}${by_hand ? ' by hand' : ''}`);

  test.each(['posts/hello', 'posts/single', 'posts', '/'])(
    'the history of %s tells who changed it, when and how',
    async (route) => {
      const page = { route, lang: 'en' };
      await structured(service, 'update_page', { ...page, title: 'One', content: 'First\nsecond\n' });
      await structured(service, 'update_page', { ...page, content: 'First\nthird\n' });
      const history = await structured(service, 'page_history', page);
      expect(actions(history)).toEqual(['changed', 'changed', 'created by hand']);
      const [newest] = history.entries;
      expect(newest).toMatchObject({
        sub: 'owner',
        client: 'https://claude.ai/client',
        message: `Update ${route} (en)`,
        request_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
        lines_added: 1,
        lines_removed: 1,
        at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      });
      const { diff } = await structured(service, 'page_history', { ...page, diff: newest.commit.slice(0, 10) });
      expect(diff).toMatchObject({ commit: newest.commit, text: expect.stringContaining('\n-second\n+third\n') });
      const first = await structured(service, 'page_history', { ...page, limit: 1 });
      expect(first).toMatchObject({ entries: [newest], next_cursor: '1' });
      const rest = await structured(service, 'page_history', { ...page, cursor: first.next_cursor });
      expect(rest.entries).toEqual(history.entries.slice(1));
    },
  );

  test('a page that is gone keeps its history, and one that moved by hand brings it along', async () => {
    const { file } = await structured(service, 'get_page', { route: 'docs/over', lang: 'en' });
    await structured(service, 'delete_page', { route: 'docs/over', lang: 'en' });
    const gone = await structured(service, 'page_history', { route: 'docs/over', lang: 'en' });
    expect(gone).toMatchObject({ exists: false, file });
    expect(actions(gone)).toEqual(['deleted', 'created by hand']);

    const old = await structured(service, 'get_page', { route: 'posts/single', lang: 'fr' });
    const moved = old.file.replace('single', 'renamed');
    await rename(path.join(service.siteDir, old.file), path.join(service.siteDir, moved));
    const deadline = Date.now() + 60_000;
    let after = { entries: [] as { action: string; by_hand: boolean; moved_from: string | null }[] };
    while (after.entries.length === 0 && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      const answer = await service.call('page_history', { route: 'posts/renamed', lang: 'fr' });
      after = answer.json.result.structuredContent ?? after;
    }
    expect(actions(after)).toEqual(['moved by hand', 'created by hand']);
    expect(after.entries[0]?.moved_from).toBe(old.file);
  });

  test('what it does not know it says', async () => {
    const refused = async (args: object) => (await service.call('page_history', args)).text;
    expect(await refused({ route: 'posts/never', lang: 'en' })).toContain('[page_not_found]');
    expect(await refused({ route: 'posts/hello', lang: 'xx' })).toContain('[lang_unknown]');
    expect(await refused({ route: 'posts/hello', cursor: '--all' })).toContain('[cursor_invalid]');
    expect(await refused({ route: 'posts/hello', diff: 'abcdef0' })).toContain('[commit_unknown]');
    expect(await refused({ route: 'posts/hello', diff: '--output=x' })).toContain('[arguments_invalid]');
  });
});

test('a diff of any size comes in parts, to a real client', async () => {
  const service = await startService();
  try {
    const big = Array.from({ length: 4000 }, (_, i) => `"${i}" \\ ${'x'.repeat(i % 40)}`).join('\n');
    const page = { route: 'posts/hello', lang: 'en' };
    await structured(service, 'update_page', { ...page, content: big });
    const client = new Client({ name: 'reader', version: '1' }, { versionNegotiation: { mode: 'auto' } });
    const fetch = service.fetch('content:read');
    await client.connect(new StreamableHTTPClientTransport(new URL(service.url), { fetch }));
    const call = (args: object) => client.callTool({ name: 'page_history', arguments: { ...page, ...args } });
    const { entries } = (await call({})).structuredContent as { entries: { commit: string }[] };
    let text = '';
    let next: object | null = {};
    while (next !== null) {
      const result = await call({ diff: entries[0]?.commit, ...next });
      expect(JSON.stringify(result).length).toBeLessThan(100_000);
      const { diff } = result.structuredContent as { diff: { text: string; next: object | null } };
      text += diff.text;
      next = diff.next;
      const [said] = result.content as { text: string }[];
      expect(said?.text).toMatch(/\nLines \d+ to \d+ of \d+ follow\./);
      expect(said?.text.includes('For the next part: from_line')).toBe(next !== null);
    }
    for (const line of big.split('\n')) expect(text).toContain(`+${line}\n`);
    await client.close();
  } finally {
    await service.dispose();
  }
});

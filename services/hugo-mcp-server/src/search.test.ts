import { rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { startService, structured, type TestService } from './testing/service-fixture.ts';
import { layouts, variedSite } from './testing/varied-site.ts';

describe.each(layouts)('a site with its languages %s', (layout) => {
  let service: TestService;
  beforeAll(async () => {
    service = await startService({ files: variedSite(layout) });
    // Addresses are known once the site is built.
    await structured(service, 'build_site', {});
  });
  afterAll(() => service?.dispose());

  const find = async (query: string, more: object = {}): Promise<string[]> => {
    const { pages } = await structured(service, 'search_pages', { query, ...more });
    return pages.map(({ route, lang }: Record<string, string>) => `${route} ${lang}`);
  };

  test('pages of every kind and format are found by text, title and tags', async () => {
    expect(await find('creme brulee')).toEqual(['posts/hello fr']);
    expect(await find('Alone')).toEqual(['posts/single en']);
    expect(await find('brouillon')).toEqual(['docs/guide fr']);
    expect(await find('bienvenue')).toEqual(['/ fr']);
    expect((await find('été')).sort()).toEqual(['posts/hello fr', 'posts/single fr']);
    expect(await find('all', { lang: 'en', section: 'posts' })).toContain('posts en');
    expect(await find('voir', { draft: false })).toEqual(['posts/single fr']);
    const { pages } = await structured(service, 'search_pages', { query: 'CRÈME' });
    expect(pages[0]).toMatchObject({ snippet: 'Un café à la ⟦crème⟧ brûlée.', line: 1, url: expect.any(String) });
  });

  test('what is written is found, and what is gone is not, by tools and by hand', async () => {
    const page = { route: 'posts/fresh', lang: 'en' };
    await structured(service, 'create_page', { ...page, title: 'Fresh', content: 'A pangolin.' });
    expect(await find('pangolin')).toEqual(['posts/fresh en']);
    await structured(service, 'update_page', { ...page, content: 'An aardvark.' });
    expect([await find('pangolin'), await find('aardvark')]).toEqual([[], ['posts/fresh en']]);
    await structured(service, 'delete_page', page);
    expect(await find('aardvark')).toEqual([]);

    const { file } = await structured(service, 'get_page', { route: 'posts/single', lang: 'en' });
    const absolute = path.join(service.siteDir, file);
    const until = async (query: string, expected: string[]) => {
      const deadline = Date.now() + 60_000;
      while ((await find(query)).join() !== expected.join() && Date.now() < deadline) {
        await new Promise((resolve) => setTimeout(resolve, 30));
      }
      expect(await find(query)).toEqual(expected);
    };
    await writeFile(absolute, '---\ntitle: By hand\n---\nA quokka.\n');
    await until('quokka', ['posts/single en']);
    await rm(absolute);
    await until('quokka', []);
  });
});

test('a search comes in parts that fit into an answer, refuses what it cannot look for, and serves a real client', async () => {
  const wild = `needle ${'\\"\u0001'.repeat(80)}`;
  const many = Object.fromEntries(
    Array.from({ length: 120 }, (_, i) => [
      `content/many/p${i}.en.md`,
      `---\ntitle: "${'\\"\\\\'.repeat(90)}"\n---\n${wild}\n`,
    ]),
  );
  const service = await startService({ files: many });
  try {
    const client = new Client({ name: 'reader', version: '1' }, { versionNegotiation: { mode: 'auto' } });
    await client.connect(
      new StreamableHTTPClientTransport(new URL(service.url), { fetch: service.fetch('content:read') }),
    );
    const seen = new Set<string>();
    let cursor: string | undefined;
    do {
      const args = { query: 'needle', limit: 50, ...(cursor && { cursor }) };
      const result = await client.callTool({ name: 'search_pages', arguments: args });
      expect(JSON.stringify(result).length).toBeLessThan(100_000);
      const found = result.structuredContent as { pages: { route: string }[]; next_cursor: string; total: number };
      expect(found.total).toBe(120);
      for (const { route } of found.pages) seen.add(route);
      cursor = found.next_cursor ?? undefined;
    } while (cursor !== undefined);
    expect(seen.size).toBe(120);
    await client.close();

    const { next_cursor } = await structured(service, 'search_pages', { query: 'needle' });
    expect((await service.call('search_pages', { query: 'other', cursor: next_cursor })).text).toContain(
      '[cursor_invalid]',
    );
    expect((await service.call('search_pages', { query: '?!' })).text).toContain('[query_empty]');
    const long = await service.call('search_pages', { query: 'x'.repeat(150) });
    expect(long.text).toMatch(/words are too long: at most 40 characters[\s\S]*\[query_empty\]/);
    expect((await service.call('search_pages', { query: 'x', lang: 'de' })).text).toContain('[lang_unknown]');
  } finally {
    await service.dispose();
  }
});

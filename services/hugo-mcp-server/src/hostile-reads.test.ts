import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import { startService, type TestService } from './testing/service-fixture.ts';
import { variedSite } from './testing/varied-site.ts';

let service: TestService;
beforeAll(async () => {
  service = await startService({ files: variedSite('by name') });
  await service.call('build_site', {});
});
afterAll(() => service?.dispose());

const hostile = fc.oneof(
  fc.constantFrom(
    '../../etc/passwd',
    '/etc/passwd',
    'posts/../../../x',
    'posts\0hello',
    '%2e%2e/x',
    '--output=/tmp/x',
    '-c core.pager=x',
    ':(glob)**',
    '\u202eposts',
    '__proto__',
    'constructor',
    '{{ .Site }}',
    '⟦',
    '\ud800',
    'a'.repeat(5000),
    '*',
    '$(id)',
  ),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
  fc.array(fc.string(), { maxLength: 3 }),
  fc.dictionary(fc.string(), fc.string(), { maxKeys: 3 }),
);

test('no argument of a reading tool, whatever it is, makes it fail in a way that was not foreseen', async () => {
  const listed = await service.rpc('tools/list', {}, { scope: 'content:read' });
  // A preview is a build for each call: its own arguments are checked before, the same ones as those of writes.
  const tools = listed.json.result.tools.filter(({ name }: { name: string }) => name !== 'preview_page');
  expect(tools.length).toBeGreaterThan(5);
  const call = fc
    .constantFrom(...tools)
    .chain((tool: { name: string; inputSchema: { properties?: object } }) =>
      fc.tuple(
        fc.constant(tool.name),
        fc.record(
          Object.fromEntries(
            Object.keys(tool.inputSchema.properties ?? {}).map((key) => [
              key,
              fc.oneof(hostile, fc.constantFrom('posts/hello', 'fr', 'en', 'été', '2024-01-01', 1)),
            ]),
          ),
          { requiredKeys: [] },
        ),
      ),
    );
  await fc.assert(
    fc.asyncProperty(call, async ([name, args]) => {
      const { status, json, text } = await service.call(name, args);
      expect(status).toBe(200);
      expect(text).not.toContain('[internal]');
      expect(JSON.stringify(json.result).length).toBeLessThan(100_000);
      // No path of this machine is told.
      expect(text).not.toContain(service.dir.path);
    }),
    { numRuns: 400 },
  );
});

test('front matter and text of every shape can be listed, read, searched, followed and checked', async () => {
  const shapes: Record<string, string> = {
    'empty.en.md': '',
    'only-bom.en.md': '\ufeff',
    'open.en.md': '---\ntitle: never closed\n',
    'list.en.md': '---\n- a\n- b\n---\nx\n',
    'types.en.md': '---\ntitle: 12\ntags: {a: 1}\ndate: [1]\ndraft: "yes"\nlastmod: 2024-99-99\n---\nx\n',
    'deep.en.md': `---\ntitle: deep\nd: ${'['.repeat(200)}${']'.repeat(200)}\n---\nx\n`,
    'anchors.en.md': `---\na: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\ntitle: t\n---\nx\n`,
    'proto.en.md': '{"title": "p", "__proto__": {"x": 1}, "constructor": "c"}\nx\n',
    'crlf.en.md': '+++\r\ntitle = "c"\r\n+++\r\n\r\nline\r\n',
    'links.en.md': `---\ntitle: l\n---\n${'['.repeat(2000)}${'](x)'.repeat(2000)}\n[a](http://[::1)\n[b](//)\n[c](%ff)\n{{< ref "" >}}\n`,
    'code.en.md': `---\ntitle: c\n---\n${'`'.repeat(20_001)}\n~~~\n[x](/no/)\n`,
  };
  for (const [name, text] of Object.entries(shapes)) {
    await writeFile(path.join(service.siteDir, 'content/docs', name), text);
  }
  await writeFile(path.join(service.siteDir, 'content/docs/bytes.en.md'), Buffer.from([0x2d, 0xff, 0xfe, 0x00, 0x80]));
  const names = [...Object.keys(shapes), 'bytes.en.md'];
  const routes = names.map((name) => `docs/${name.replace('.en.md', '')}`);
  const deadline = Date.now() + 60_000;
  let listed: string[] = [];
  while (!routes.every((route) => listed.includes(route)) && Date.now() < deadline) {
    const answer = await service.call('list_pages', { section: 'docs', lang: 'en', limit: 200 });
    listed = answer.json.result.structuredContent.pages.map(({ route }: { route: string }) => route);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect(listed).toEqual(expect.arrayContaining(routes));
  for (const route of routes) {
    for (const [tool, args] of [
      ['get_page', { route, lang: 'en', backlinks: true }],
      ['get_page', { route, lang: 'en', raw: true }],
      ['page_history', { route, lang: 'en' }],
      ['check_links', { route, lang: 'en' }],
    ] as const) {
      const { json, text } = await service.call(tool, args);
      expect({ route, tool, text: json.result.isError ? text : '' }).toEqual({ route, tool, text: '' });
    }
  }
  expect((await service.call('search_pages', { query: 'line', lang: 'en' })).text).toContain('docs/crlf');
  expect((await service.call('site_info', {})).json.result.isError).toBeFalsy();
});

import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { startService, structured } from './testing/service-fixture.ts';
import { layouts, variedSite } from './testing/varied-site.ts';

test.each(layouts)('the site tells what it is, with its languages %s', async (layout) => {
  const files = variedSite(layout);
  const config = `theme = "plain"\n${files['hugo.toml']}[taxonomies]\ntag = "tags"\nseries = "series"\n`;
  const service = await startService({
    files: {
      ...files,
      'hugo.toml': config,
      'archetypes/post.md': '---\ntitle: x\n---\n',
      'themes/plain/archetypes/default.md': '---\n---\n',
      'content/notes/_index.fr.md': undefined,
      [layout === 'by name' ? 'content/docs/part.fr.md' : 'content/fr/docs/part.md']:
        '+++\ntitle = "P"\nseries = ["One"]\n+++\n',
    },
  });
  try {
    await structured(service, 'build_site', {});
    const client = new Client({ name: 'reader', version: '1' }, { versionNegotiation: { mode: 'auto' } });
    const fetch = service.fetch('content:read content:write');
    await client.connect(new StreamableHTTPClientTransport(new URL(service.url), { fetch }));
    const { structuredContent: info, content } = await client.callTool({ name: 'site_info', arguments: {} });
    await client.close();
    expect(info).toMatchObject({
      base_url: 'https://example.org/',
      time_zone: 'Europe/Paris',
      default_language: 'fr',
      languages: [
        { code: 'fr', url: 'https://example.org/', pages: 6 },
        { code: 'en', url: 'https://example.org/en/', pages: 6 },
      ],
      pages: { total: 12, drafts: 1, broken: 0 },
      sections: [
        { name: 'docs', pages: 4 },
        { name: 'posts', pages: 6 },
      ],
      archetypes: ['post', 'default'],
      themes: [{ name: 'plain', version: null }],
      hugo: expect.stringContaining('hugo v'),
      live: { pages: expect.any(Number) },
      live_is_newest: true,
      releases: expect.arrayContaining([expect.stringMatching(/^\d{8}T\d{9}Z-/)]),
      builds: expect.arrayContaining([expect.objectContaining({ state: 'live' })]),
      last_pull: null,
      scopes: ['content:read', 'content:write'],
      limits: { content_bytes: 524_288 },
    });
    const { taxonomies } = info as { taxonomies: object[] };
    expect(taxonomies).toEqual(
      expect.arrayContaining([
        { field: 'series', terms_total: 1, terms: [{ name: 'One', pages: 1 }] },
        {
          field: 'tags',
          terms_total: 3,
          terms: [
            { name: 'Été', pages: 2 },
            { name: 'salut', pages: 1 },
            { name: 'summer', pages: 1 },
          ],
        },
      ]),
    );
    expect(JSON.stringify(content)).toContain('You may: content:read, content:write.');
  } finally {
    await service.dispose();
  }
});

test('what is on disk and not yet live is told apart, and a build that failed says why', async () => {
  const service = await startService();
  try {
    await structured(service, 'build_site', {});
    await service.dir.write({ 'site/content/posts/hello/index.en.md': '---\ntitle: By hand\n---\nChanged.\n' });
    const deadline = Date.now() + 60_000;
    let info = await structured(service, 'site_info', {});
    while (info.live_is_newest && Date.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      info = await structured(service, 'site_info', {});
    }
    expect(info).toMatchObject({ live_is_newest: false });
    await service.dir.write({ 'site/layouts/index.html': '{{ .Broken' });
    await service.call('build_site', {});
    info = await structured(service, 'site_info', {});
    expect(info.builds[0]).toMatchObject({ state: 'failed', error: { code: 'hugo_failed' } });
    expect(info.live).not.toBeNull();
  } finally {
    await service.dispose();
  }
});

import { startService, type TestService } from './testing/service-fixture.ts';

let service: TestService;
afterEach(() => service.dispose());

const create = (route: string, more: object = {}) =>
  service.call('create_page', { route, lang: 'en', title: 'A title', content: 'Words.', ...more });
const structured = (answer: Awaited<ReturnType<typeof create>>) => answer.json.result.structuredContent;

describe('the address of a page', () => {
  test('is known with the answer, by rule and by word, and both are the same', async () => {
    service = await startService({});
    for (const route of ['posts/plain', 'posts/Größe', 'posts/UPPER_Case', 'posts/déjà-vu']) {
      const written = structured(await create(route));
      expect(written).toMatchObject({ live: true, url: expect.stringMatching(/^https?:/) });
      // By now Hugo was asked.
      const read = structured(await service.call('get_page', { route, lang: 'en' }));
      expect(read).toMatchObject({ url: written.url, published: true });
    }
  });

  test('is what the slug makes of it, also when that changes', async () => {
    service = await startService({});
    expect(structured(await create('posts/a', { front_matter: { slug: 'other' } }))).toMatchObject({
      live: true,
      url: expect.stringMatching(/\/posts\/other\/$/),
    });
    const changed = await service.call('update_page', {
      route: 'posts/a',
      lang: 'en',
      front_matter: { slug: 'third' },
    });
    expect(structured(changed)).toMatchObject({ live: true, url: expect.stringMatching(/\/posts\/third\/$/) });
    const without = await service.call('update_page', { route: 'posts/a', lang: 'en', front_matter: { slug: null } });
    expect(structured(without)).toMatchObject({ live: true, url: expect.stringMatching(/\/posts\/a\/$/) });
  });

  test.each([
    ['headless: true', null],
    ['headless: "true"', null],
    ['_build:\n  render: never', null],
    ['build:\n  render: always\n_build:\n  render: never', null],
    ['build: anything\n_build:\n  render: never', null],
    ['_build:\n  list: never', 'https://example.org/en/posts/parts/'],
  ])('of a bundle with %s is %s', async (field, url) => {
    service = await startService({
      files: { 'content/posts/parts/index.en.md': `---\ntitle: Parts\n${field}\n---\n` },
    });
    await service.call('build_site', {});
    const read = async () => structured(await service.call('get_page', { route: 'posts/parts', lang: 'en' }));
    // Hugo is asked behind the build.
    while (url !== null && (await read()).url === null) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await read()).toMatchObject({ url, published: url !== null });
    const { pages } = structured(await service.call('list_pages', { section: 'posts' }));
    expect(pages.find(({ route }: { route: string }) => route === 'posts/parts')).toMatchObject({ url });
  });

  test('that another page has, too, is not called live', async () => {
    service = await startService({});
    const first = structured(await create('posts/first'));
    const second = await create('posts/second', { front_matter: { slug: 'first' } });
    expect(structured(second)).toMatchObject({ live: false, not_live_because: 'address_taken', url: first.url });
    expect(second.text).toContain('another slug');
  });
});

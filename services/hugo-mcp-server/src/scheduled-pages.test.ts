import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { startService, structured, type TestService } from './testing/service-fixture.ts';

let service: TestService;
afterEach(() => service?.dispose());

test('a page that the live site was built too early for is said to come with the next build', async () => {
  const soon = new Date(Date.now() + 10_000).toISOString();
  const files = { 'content/posts/soon.en.md': `---\ntitle: Soon\ndate: ${soon}\n---\nx\n` };
  service = await startService({ files });
  const page = (route: string) => structured(service, 'get_page', { route, lang: 'en' });
  const byHand = { route: 'posts/byhand', lang: 'en', content: 'y\n' };
  await structured(service, 'build_site', {});
  expect(await page('posts/soon')).toMatchObject({ published: false, not_published_because: 'future' });
  await writeFile(path.join(service.siteDir, 'content/posts/byhand.en.md'), '---\ntitle: By hand\n---\ny\n');
  while (Date.now() < Date.parse(soon)) await new Promise((resolve) => setTimeout(resolve, 100));
  for (const route of ['posts/soon', byHand.route]) {
    expect(await page(route)).toMatchObject({ published: false, not_published_because: 'not_built_yet' });
  }
  expect(await structured(service, 'update_page', byHand)).toMatchObject({
    written: false,
    live: false,
    not_live_because: 'not_built_yet',
  });
  await structured(service, 'build_site', {});
  expect(await page('posts/soon')).toMatchObject({ published: true });
  expect(await page(byHand.route)).toMatchObject({ published: true });
});

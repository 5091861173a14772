import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { startService, structured, type TestService } from './testing/service-fixture.ts';

let service: TestService;
afterEach(() => service?.dispose());

test('a page that was saved by hand since the last build is said to come with the next one', async () => {
  service = await startService({});
  const byHand = { route: 'posts/byhand', lang: 'en' };
  await structured(service, 'build_site', {});
  await writeFile(path.join(service.siteDir, 'content/posts/byhand.en.md'), '---\ntitle: By hand\n---\ny\n');
  while ((await service.call('get_page', byHand)).json.result.isError) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  const yet = 'not_built_yet';
  expect(await structured(service, 'get_page', byHand)).toMatchObject({ published: false, not_published_because: yet });
  const same = await structured(service, 'update_page', { ...byHand, content: 'y\n' });
  expect(same).toMatchObject({ written: false, live: false, not_live_because: yet });
  await structured(service, 'build_site', {});
  expect(await structured(service, 'get_page', byHand)).toMatchObject({ published: true });
});

test('a page appears when its time has come, without anybody doing anything, and the log of builds says why', async () => {
  const soon = new Date(Date.now() + 12_000).toISOString();
  const files = { 'content/posts/soon.en.md': `---\ntitle: Soon\npublishDate: ${soon}\n---\nx\n` };
  service = await startService({ files });
  const page = () => structured(service, 'get_page', { route: 'posts/soon', lang: 'en' });
  await structured(service, 'list_pages', {});
  while (!(await page()).published) await new Promise((resolve) => setTimeout(resolve, 200));
  let builds = [{ state: 'running' }];
  // It is live a little before its log says so.
  while (builds[0]?.state === 'running') ({ builds } = await structured(service, 'site_info', {}));
  expect(builds[0]).toMatchObject({ state: 'live', scheduled: true, changes: [] });
  expect(builds[1]).toMatchObject({ state: 'live', scheduled: false });
  expect(builds).toHaveLength(2);
});

import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { startService, type TestService } from './testing/service-fixture.ts';

let service: TestService;
beforeEach(async () => {
  service = await startService({});
  await service.call('build_site', {});
});
afterEach(() => service.dispose());

const folder = () => path.join(service.dir.path, 'state/releases');
const ids = async () => (await readdir(folder())).filter((name) => name.endsWith('.json')).sort();

/** What a power cut does to files that had not reached the disk. */
async function cutPower(boot: string | undefined): Promise<string> {
  await service.stop();
  const [newest = ''] = (await ids()).reverse();
  const file = path.join(folder(), newest);
  const release = JSON.parse(await readFile(file, 'utf8'));
  await writeFile(file, JSON.stringify({ ...release, boot }));
  await truncate(path.join(folder(), newest.replace(/\.json$/, ''), 'index.html'));
  await service.restart();
  return release.id;
}

test('a release of an earlier run of the machine is built anew at the start', async () => {
  const before = await ids();
  await cutPower('another');
  await service.call('build_site', {});
  // One of the start, one that was asked for.
  expect((await ids()).filter((id) => !before.includes(id))).toHaveLength(2);
  expect(await service.live('index.html')).not.toBe('');
});

test('one of this run stays', async () => {
  const before = await ids();
  await service.stop();
  await service.restart();
  await service.call('list_pages', {});
  expect(await ids()).toEqual(before);
});

test('nobody goes back to a release that a power cut may have left with empty files', async () => {
  const cut = await cutPower('another');
  const back = await service.call('rollback_site', {});
  expect(back.json.result.structuredContent.release).not.toBe(cut);
  const named = await service.call('rollback_site', { release: cut });
  expect(named.text).toContain('[release_not_whole]');
  expect(named.text).not.toContain(`whole: ${cut}`);
  expect(await service.live('index.html')).not.toBe('');
});

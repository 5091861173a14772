import { execFileSync } from 'node:child_process';
import { readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { holdLock } from '@arleo/core/fs/hold-lock';
import { createLifecycle } from '@arleo/runtime/serve/lifecycle';
import { copyAsCrashed, startOnCopy } from './testing/crash-copy.ts';
import { until } from './testing/gated-hugo.ts';
import { startService, type TestService } from './testing/service-fixture.ts';
import { inOrder } from './testing/service-state.ts';

const hugoPath = execFileSync('sh', ['-c', 'command -v hugo']).toString().trim();
let service: TestService;
const at = (name: string) => path.join(service.dir.path, name);

const update = (content: string) => service.call('update_page', { route: 'posts/hello', lang: 'en', content });
const stored = () => service.dir.read('site/content/posts/hello/index.en.md');
const subjects = async () => (await service.git('log', '--format=%s')).trim().split('\n');

beforeEach(async () => {
  service = await startService({
    prepare: (dir) =>
      writeFile(
        path.join(dir.path, 'hugo'),
        `#!/bin/sh\ncase "$*" in *--destination*) touch "${dir.path}/building"; while [ -e "${dir.path}/gate" ]; do sleep 0.02; done ;; esac\nexec "${hugoPath}" "$@"\n`,
        { mode: 0o755 },
      ),
    environment: (dir) => ({ HUGO_BIN: path.join(dir.path, 'hugo') }),
  });
  await service.call('build_site', {});
  await rm(at('building'));
});
afterEach(() => service?.dispose());

test('a change that was written and committed but not built is taken back', async () => {
  const before = await stored();
  await writeFile(at('gate'), '');
  const first = update('Interrupted.');
  await until(async () => (await readdir(service.dir.path)).includes('building'));
  const [second] = await inOrder(service, [
    () => service.call('create_page', { route: 'posts/new', lang: 'en', title: 'N', content: 'x' }),
  ]);
  expect(await stored()).toContain('Interrupted.');
  copyAsCrashed(service, 'crashed');
  await rm(at('gate'));
  await Promise.all([first, second]);

  await startOnCopy(service, 'crashed');
  await until(async () => (await subjects())[0]?.startsWith('Take back') === true);
  await until(async () => !(await readdir(at('state'))).includes('journal.json'));
  expect(await stored()).toBe(before);
  expect(await service.live('en/posts/hello/index.html')).toContain('Hi.');
  // It is removed behind the start.
  await until(async () => !(await readdir(at('state/releases'))).some((name) => name.startsWith('.staging')));
  expect(await readdir(at('state'))).not.toContain('journal.json');
  const history = await service.call('page_history', { route: 'posts/hello', lang: 'en' });
  expect(history.json.result.structuredContent.entries).toMatchObject([
    { message: 'Take back: Update posts/hello (en)', by_hand: false, sub: 'owner' },
    { message: 'Update posts/hello (en)', taken_back: true },
    { by_hand: true, taken_back: false },
  ]);
  const again = await update('Again.');
  expect(again.json.result.structuredContent).toMatchObject({ live: true });
  expect((await service.call('get_page', { route: 'posts/new', lang: 'en' })).text).toContain('[page_not_found]');
});

test('a change that is live stays, although nobody was told', async () => {
  await writeFile(at('gate'), '');
  const write = update('Live already.');
  await until(async () => (await readdir(service.dir.path)).includes('building'));
  const journal = await service.dir.read('state/journal.json');
  await rm(at('gate'));
  await write;
  await writeFile(at('state/journal.json'), journal);
  copyAsCrashed(service, 'crashed');
  await startOnCopy(service, 'crashed');
  await until(async () => !(await readdir(at('state'))).includes('journal.json'));
  expect(await stored()).toContain('Live already.');
  expect((await subjects())[0]).toBe('Update posts/hello (en)');
});

test('a file that was written but not committed is put back; one that somebody changed since is not', async () => {
  const before = await stored();
  await writeFile(at('gate'), '');
  const write = update('Interrupted.');
  await until(async () => (await readdir(service.dir.path)).includes('building'));
  const journal = await service.dir.read('state/journal.json');
  const interrupted = await stored();
  await rm(at('gate'));
  await write;
  await service.call('update_page', { route: 'posts/hello', lang: 'en', content: 'Hi.' });
  expect(await stored()).toBe(before);

  const base = (await service.git('rev-parse', 'HEAD')).trim();
  copyAsCrashed(service, 'crashed');
  const [{ commit: _, ...change }] = JSON.parse(journal).changes;
  const entry = { changes: [{ ...change, parent: base }] };
  await writeFile(at('crashed/state/journal.json'), JSON.stringify(entry));
  await writeFile(at('crashed/site/content/posts/hello/index.en.md'), interrupted);
  await startOnCopy(service, 'crashed');
  await until(async () => !(await readdir(at('state'))).includes('journal.json'));
  expect(await stored()).toBe(before);

  copyAsCrashed(service, 'crashed');
  await writeFile(at('crashed/state/journal.json'), JSON.stringify(entry));
  await writeFile(at('crashed/site/content/posts/hello/index.en.md'), 'by hand\n');
  await startOnCopy(service, 'crashed');
  await until(async () => (await subjects())[0] === 'Changed by hand');
  expect(await stored()).toBe('by hand\n');
});

test('a second service on the same state is refused, the lock of a dead one is taken over', async () => {
  await expect(holdLock(at('state/service.lock'))).rejects.toMatchObject({ code: 'lock_held' });
  await service.stop();
  const dead = { host: '', boot: '', pid: 1, start: '0', nonce: '0123456789abcdef' };
  const { hostname } = await import('node:os');
  await writeFile(at('state/service.lock'), JSON.stringify({ ...dead, host: hostname() }));
  const lifecycle = createLifecycle();
  lifecycle.onClose('lock', await holdLock(at('state/service.lock')));
  await lifecycle.closeAll();
  await service.restart();
});

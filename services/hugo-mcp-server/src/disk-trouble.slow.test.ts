import { execFileSync } from 'node:child_process';
import { cp, readdir, rm, statfs, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type Answer, startService, type TestService } from './testing/service-fixture.ts';
import { releasesOnDisk } from './testing/service-state.ts';

// Real file systems of a few megabytes, which only root may mount.
let service: TestService;
let mounted: string[] = [];
const at = (name: string) => path.join(service.dir.path, name);
const file = 'site/content/posts/hello/index.en.md';
const update = (content: string) => service.call('update_page', { route: 'posts/hello', lang: 'en', content });
const ok = (answer: Answer) => {
  expect(answer.json.result.isError === true ? answer.text : '').toBe('');
  return answer.json.result.structuredContent;
};

function mount(dir: string, megabytes: number): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', dir]);
  mounted.push(dir);
}

beforeEach(async () => {
  service = await startService({
    prepare: async (dir) => {
      const site = path.join(dir.path, 'site');
      await cp(site, path.join(dir.path, 'site.before'), { recursive: true });
      mount(site, 2);
      await cp(path.join(dir.path, 'site.before'), site, { recursive: true });
      execFileSync('mkdir', [path.join(dir.path, 'state')]);
      mount(path.join(dir.path, 'state'), 8);
    },
  });
  ok(await service.call('build_site', {}));
  // The release's description is written once more behind the answer, which must not come between measuring a disk and filling it.
  await releasesOnDisk(service);
});
afterEach(async () => {
  try {
    await service?.stop();
  } finally {
    // A program that was ended may still have its folder there for a moment.
    for (const dir of mounted.reverse()) execFileSync('umount', ['--lazy', dir]);
    mounted = [];
    await service?.dispose();
  }
});

/** A disk becomes read-only as soon as nothing is open for writing: Hugo holds its lock for a moment behind a build's answer. */
async function makeReadOnly(name: string): Promise<void> {
  const remount = ['-o', 'remount,ro', at(name)];
  for (let attempt = 1; ; attempt += 1) {
    try {
      execFileSync('mount', remount, { stdio: 'pipe', env: { ...process.env, LC_ALL: 'C' } });
      return;
    } catch (error) {
      if (!String((error as { stderr?: unknown }).stderr).includes('busy') || attempt === 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

/** Leaves so many bytes free. */
async function fill(name: string, free: number): Promise<void> {
  const { bavail, bsize } = await statfs(at(name));
  await writeFile(at(`${name}/filler`), Buffer.alloc(Math.max(0, bavail * bsize - free)));
}

/** After trouble: nothing of the refused change is there, and the next one works. */
async function recovers(before: string): Promise<void> {
  expect(ok(await service.call('update_page', { route: 'posts/hello', lang: 'fr', title: 'Encore' }))).toMatchObject({
    live: true,
  });
  expect(await service.dir.read(file)).toBe(before);
  expect(await service.live('en/posts/hello/index.html')).toContain('Hi.');
  expect((await readdir(at('site/content/posts/hello'))).sort()).toEqual(['index.en.md', 'index.fr.md']);
  expect(await readdir(at('state'))).not.toContain('journal.json');
  expect(ok(await update('After.'))).toMatchObject({ live: true, committed: true });
  expect(await service.git('--work-tree', service.siteDir, 'status', '--porcelain', '--untracked-files=no')).toBe('');
  await service.git('fsck', '--strict');
}

test.each([0, 4, 8, 16, 24, 32, 48, 64, 96, 128])(
  'a state folder with %i KiB left: a change is made whole or not at all',
  async (kib) => {
    const before = await service.dir.read(file);
    await fill('state', kib * 1024);
    const answer = await update('x'.repeat(20_000));
    await rm(at('state/filler'));
    if (answer.json.result.isError !== true) {
      expect(await service.dir.read(file)).toContain('xxxx');
      expect(await service.live('en/posts/hello/index.html')).toContain('xxxx');
      return;
    }
    expect(answer.text).toMatch(/\[(write_failed|git_failed|hugo_failed|build_no_home)\]/);
    await recovers(before);
  },
);

test('a site whose disk is full', async () => {
  const before = await service.dir.read(file);
  await fill('site', 4096);
  expect((await update('x'.repeat(100_000))).text).toContain('[write_failed]');
  expect(await service.dir.read(file)).toBe(before);
  await rm(at('site/filler'));
  await recovers(before);
});

test.each(['site', 'state'])('a %s that is mounted read-only', async (name) => {
  const before = await service.dir.read(file);
  await makeReadOnly(name);
  expect((await update('Refused.')).text).toMatch(/\[(write_failed|git_failed)\]/);
  ok(await service.call('get_page', { route: 'posts/hello', lang: 'en' }));
  expect(await service.dir.read(file)).toBe(before);
  execFileSync('mount', ['-o', 'remount,rw', at(name)]);
  await recovers(before);
});

test('a state folder that is full refuses the start, and lets it through as soon as there is room', async () => {
  const before = await service.dir.read(file);
  await service.stop();
  await fill('state', 0);
  await rm(at('state/service.lock'), { force: true });
  await expect(service.restart()).rejects.toMatchObject({ code: 'ENOSPC' });
  await rm(at('state/filler'));
  await service.restart();
  await recovers(before);
});

import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { newReleaseId, openReleases, type Releases } from './releases.ts';

let dir: string;
let releases: Releases;
beforeEach(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'releases-'));
  releases = await openReleases({ dir: path.join(dir, 'releases'), publicLink: path.join(dir, 'public'), keep: 2 });
});
afterEach(() => rm(dir, { recursive: true, force: true }));

async function make(): Promise<string> {
  const staging = await releases.stage(newReleaseId());
  const facts = { built_at: new Date().toISOString(), build_ms: 1, pages: 1, sources: 1 };
  const { id } = await releases.keep(staging, facts);
  await releases.activate(id);
  await releases.prune();
  return id;
}

test('a release that is held stays until all who hold it let go', async () => {
  const first = await make();
  const [one, two] = [releases.hold(first), releases.hold(first)];
  for (let count = 0; count < 4; count += 1) await make();
  expect((await releases.kept()).map(({ id }) => id)).toContain(first);
  one();
  one();
  await releases.prune();
  expect(await readdir(path.join(dir, 'releases'))).toContain(first);
  two();
  await releases.prune();
  expect(await readdir(path.join(dir, 'releases'))).not.toContain(first);
  expect(await releases.kept()).toHaveLength(2);
});

test('opens while a Hugo whose service was killed still writes into its folder', async () => {
  const staging = path.join(dir, 'releases/.staging-20260101T000000000Z-abcdef/posts');
  let writing = true;
  const hugo = (async () => {
    for (let n = 0; writing; n += 1) {
      await mkdir(staging, { recursive: true }).catch(() => {});
      await writeFile(path.join(staging, `${n}.html`), '').catch(() => {});
    }
  })();
  const opened = openReleases({ dir: path.join(dir, 'releases'), publicLink: path.join(dir, 'public') });
  await expect(opened).resolves.toBeDefined();
  writing = false;
  await hugo;
});

test('what is left of a removal that was killed is no release, and goes at the next start', async () => {
  const first = await make();
  await make();
  const folder = path.join(dir, 'releases');
  await mkdir(path.join(folder, `.gone-${first}`, 'posts'), { recursive: true });
  const again = await openReleases({ dir: folder, publicLink: path.join(dir, 'public'), keep: 2 });
  expect((await again.kept()).map(({ id }) => id)).toContain(first);
  expect(await readdir(folder)).not.toContain(`.gone-${first}`);
});

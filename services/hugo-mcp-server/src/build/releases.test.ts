import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { newReleaseId, openReleases, type Releases } from './releases.ts';

let dir: string;
let releases: Releases;
beforeEach(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'releases-'));
  releases = await open();
});
afterEach(async () => {
  await releases.close();
  await rm(dir, { recursive: true, force: true });
});

const errors: string[] = [];
const open = () =>
  openReleases({
    dir: path.join(dir, 'releases'),
    publicLink: path.join(dir, 'public'),
    searchPath: process.env.PATH ?? '',
    keep: 2,
    onError: (message) => errors.push(message),
  });
const names = () => readdir(path.join(dir, 'releases'));
const until = async (isSo: () => Promise<boolean>) => {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 5));
};

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
  const opened = await open();
  writing = false;
  await hugo;
  await opened.prune();
  await until(async () => !(await names()).some((name) => name.startsWith('.staging-')));
});

test('what is left of a removal that was killed is no release, and goes at the next start', async () => {
  const first = await make();
  await make();
  const folder = path.join(dir, 'releases');
  await mkdir(path.join(folder, `.gone-${first}`, 'posts'), { recursive: true });
  const again = await open();
  expect((await again.kept()).map(({ id }) => id)).toContain(first);
  await until(async () => !(await readdir(folder)).includes(`.gone-${first}`));
});

test('what could not be removed is tried again after a later build, and a build under way is left alone', async () => {
  await mkdir(path.join(dir, 'releases/.gone-20260101T000000000Z-abcdef/posts'), { recursive: true });
  const staging = await releases.stage(newReleaseId());
  await make();
  await until(async () => !(await names()).some((name) => name.startsWith('.gone-')));
  expect(await readdir(staging.dir)).toEqual([]);
  await releases.discard(staging);
  await until(async () => (await names()).every((name) => !name.startsWith('.')));
});

test('a release that cannot go live is none that one could go back to', async () => {
  const first = await make();
  const staging = await releases.stage(newReleaseId());
  const { id } = await releases.keep(staging, {
    built_at: new Date().toISOString(),
    build_ms: 1,
    pages: 1,
    sources: 1,
  });
  await releases.discard(staging);
  expect((await releases.kept()).map((release) => release.id)).toEqual([first]);
  expect(await names()).not.toContain(`${id}.json`);
  await releases.discard({ id: first, dir: '' });
  expect((await releases.live())?.id).toBe(first);
});

test('a release is whole after a power cut only if it was known to be on disk', async () => {
  const release = async () => {
    const [found] = await releases.kept();
    if (found === undefined) throw new Error('there is none');
    return found;
  };
  const id = await make();
  expect(releases.isWhole(await release())).toBe(true);
  const file = path.join(dir, 'releases', `${id}.json`);
  await writeFile(file, JSON.stringify({ ...(await release()), boot: 'another' }));
  expect(releases.isWhole(await release())).toBe(false);
  releases.secure(id);
  await until(async () => (await release()).boot === undefined);
  expect(releases.isWhole(await release())).toBe(true);
});

import { mkdir, mkdtemp, readdir, rm, unlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

const real = await import('@arleo/core/fs/atomic-write');
/** The types of jest do not have it yet. */
const mocked = import.meta.jest as unknown as { unstable_mockModule(name: string, make: () => object): void };
/** The folder whose disk says no when it is synced. */
let broken = '';
mocked.unstable_mockModule('@arleo/core/fs/atomic-write', () => ({
  ...real,
  async syncDirectory(directory: string) {
    if (directory === broken) throw Object.assign(new Error('no'), { code: 'EIO' });
    return real.syncDirectory(directory);
  },
}));
const { openReleases, newReleaseId } = await import('./releases.ts');
const { buildSite } = await import('./build-site.ts');

let dir: string;
let releases: Awaited<ReturnType<typeof openReleases>>;
const errors: string[] = [];
beforeEach(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'build-site-'));
  await mkdir(path.join(dir, 'www'));
  releases = await openReleases({
    dir: path.join(dir, 'releases'),
    publicLink: path.join(dir, 'www/public'),
    searchPath: process.env.PATH ?? '',
    onError: (message) => errors.push(message),
  });
});
afterEach(async () => {
  broken = '';
  await releases.close();
  await rm(dir, { recursive: true, force: true });
});

const build = () =>
  buildSite(
    {
      hugo: {
        async run([, destination]: readonly string[]) {
          await writeFile(path.join(destination ?? '', 'index.html'), 'home');
          return { code: 0, stdout: '', stderr: '', durationMs: 1 };
        },
      } as unknown as Parameters<typeof buildSite>[0]['hugo'],
      releases,
      siteDir: dir,
      cacheDir: path.join(dir, 'cache'),
      searchPath: process.env.PATH ?? '',
      timeoutMs: 1000,
      extraFiles: {},
    },
    { id: newReleaseId(), facts: { roots: [], languages: [] } as never, sources: 1 },
  );

test('a build that is live does not count as failed because the disk says no after the switch', async () => {
  broken = path.join(dir, 'www');
  const { release } = await build();
  expect((await releases.live())?.id).toBe(release.id);
  expect(errors).toContain('the link to the live release is not synced');
});

test('a build that could not go live leaves no release behind', async () => {
  const { release } = await build();
  await unlink(path.join(dir, 'www/public'));
  await mkdir(path.join(dir, 'www/public'));
  await expect(build()).rejects.toMatchObject({ code: 'public_link_occupied' });
  expect((await releases.kept()).map(({ id }) => id)).toEqual([release.id]);
  expect((await readdir(path.join(dir, 'releases'))).filter((name) => name.endsWith('.json'))).toHaveLength(1);
});

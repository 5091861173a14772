import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { PublishEvent } from './plugin.ts';

const real = await import('./compare-releases.ts');
/** The types of jest do not have it yet. */
const mocked = import.meta.jest as unknown as { unstable_mockModule(name: string, make: () => object): void };
mocked.unstable_mockModule('./compare-releases.ts', () => ({ ...real, readManifest: () => new Promise(() => {}) }));
const { openAnnouncer } = await import('./announcer.ts');

test('a disk that hangs while two releases are compared keeps no plug-in from being run in its time', async () => {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'announcer-'));
  const told: PublishEvent[] = [];
  const purge = {
    name: 'purge',
    timeoutMs: 400,
    async announce(event: PublishEvent) {
      told.push(event);
      return { detail: 'all', urls: [] };
    },
  };
  const release = (id: string) => ({ id, built_at: new Date().toISOString(), build_ms: 1, pages: 1, sources: 1 });
  const announcer = await openAnnouncer({
    deploy: undefined,
    plugins: [purge],
    dirOf: () => dir,
    hold: () => () => {},
    facts: () => ({ baseUrl: 'https://example.org/', languages: [] }) as never,
    ready: async () => {},
    file: path.join(dir, 'announced.json'),
    current: release('first'),
    onError() {},
  });
  announcer.live(release('second'));
  expect(await announcer.outcome('second', 20_000)).toMatchObject([{ plugin: 'purge', ok: true, detail: 'all' }]);
  expect(told).toMatchObject([{ since: 'first', changes: 'unknown' }]);
  await announcer.close();
  await rm(dir, { recursive: true, force: true });
});

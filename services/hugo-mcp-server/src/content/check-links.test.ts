import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Releases } from '../build/releases.ts';
import type { Library } from './change.ts';
import { checkLinks } from './check-links.ts';

test('a release that is being read is not removed meanwhile', async () => {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'check-links-'));
  try {
    await writeFile(path.join(dir, 'index.html'), '<a href="/gone/">x</a>');
    const held: string[] = [];
    const steps: string[] = [];
    const releases = {
      live: async () => ({ id: 'r' }),
      dirOf(id: string) {
        steps.push(`read ${held.join()}`);
        return id === 'r' ? dir : '';
      },
      hold(id: string) {
        held.push(id);
        return () => held.splice(held.indexOf(id), 1);
      },
    } as unknown as Releases;
    const facts = { baseUrl: 'https://example.org/', languages: [], defaultLanguage: 'en', roots: [] };
    const library = { site: { facts: () => facts, urlOf() {} }, index: { pages: () => [] } } as unknown as Library;
    expect((await checkLinks(library, releases, { limit: 10 })).broken).toMatchObject([{ target: '/gone/' }]);
    expect(steps).toEqual(['read r']);
    expect(held).toEqual([]);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { createPublisher } from './publisher.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'publisher-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const publisher = () =>
  createPublisher({
    releases: { live: async () => ({ id: 'r' }), dirOf: () => dir },
    site: { facts: () => ({ baseUrl: 'https://example.org/', languages: [] }) },
  } as unknown as Parameters<typeof createPublisher>[0]);

test('an address that stays leads to the page only if something is served there', async () => {
  const url = 'https://example.org/fixed/';
  expect(await publisher().redirects(url, url)).toBe(false);
  await mkdir(path.join(dir, 'fixed'));
  await writeFile(path.join(dir, 'fixed/index.html'), 'x');
  expect(await publisher().redirects(url, url)).toBe(true);
});

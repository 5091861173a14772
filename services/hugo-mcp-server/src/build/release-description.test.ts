import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createReleaseReader, writeRelease } from './release-description.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), 'arleo-releases-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

test('a description is told as it stands on disk now, and not without its file or its folder', async () => {
  const release = { id: 'r', built_at: '2026-01-01T00:00:00.000Z', build_ms: 1, pages: 2, sources: 3 };
  const read = createReleaseReader(dir);
  await mkdir(path.join(dir, 'r'));
  expect(await read('r')).toBeUndefined();
  await writeRelease(dir, { ...release, boot: 'b' });
  expect(await read('r')).toEqual({ ...release, boot: 'b' });
  await writeRelease(dir, release);
  expect(await read('r')).toEqual(release);
  expect(await read('r')).toEqual(release);
  await rm(path.join(dir, 'r'), { recursive: true });
  expect(await read('r')).toBeUndefined();
  await mkdir(path.join(dir, 'r'));
  expect(await read('r')).toEqual(release);
  await rm(path.join(dir, 'r.json'));
  expect(await read('r')).toBeUndefined();
});

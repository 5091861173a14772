import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { lockState } from './lock.ts';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'arleo-lock-'));
  file = path.join(folder, 'demo.pid');
});
afterEach(() => rm(folder, { recursive: true }));

test('lets one process in, and the next once the first has left', async () => {
  const unlock = await lockState(file);
  await expect(lockState(file)).rejects.toMatchObject({ code: 'state_in_use' });
  unlock();
  expect(existsSync(file)).toBe(false);
  (await lockState(file))();
});

test.each([
  ['whose process is gone', '4194305 1'],
  ['whose process number belongs to another process now', `${process.pid} 1`],
  ['that is empty', ''],
])('takes over a lock %s', async (_, content) => {
  await writeFile(file, content);
  (await lockState(file))();
});

import { mkdir, mkdtemp, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createDiskCheck, diskProblems } from './check-disks.ts';

test('says how much room there is, leaves nothing behind, and names what is not there', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'arleo-disks-'));
  const [one, absent] = [path.join(folder, 'one'), path.join(folder, 'absent')];
  await mkdir(one);
  const check = createDiskCheck([folder, one, absent]);
  await check();
  const disks = await check();
  const room = { free_bytes: expect.any(Number), total_bytes: expect.any(Number) };
  expect(disks).toEqual([
    { folder, state: 'ok', ...room },
    { folder: one, state: 'ok', ...room },
    { folder: absent, state: 'missing', free_bytes: null, total_bytes: null },
  ]);
  expect(diskProblems(disks)).toEqual([expect.stringContaining(absent)]);
  // A folder with anything in it would stay.
  await rmdir(one);
  await rmdir(folder);
});

test('what keeps a service from its job is told in a line each', () => {
  const disk = { folder: '/srv/site', free_bytes: 0, total_bytes: 1 };
  expect(diskProblems([{ ...disk, state: 'full' }])).toEqual(['There is no room left on the disk of /srv/site']);
  expect(diskProblems([{ ...disk, state: 'hangs' }])).toEqual(['No answer from the disk of /srv/site']);
  expect(diskProblems([{ ...disk, state: 'ok' }])).toEqual([]);
});

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createDiskCheck, diskProblems } from './check-disks.ts';

test('says how much room there is, writes nothing that stays, and names what is not there', async () => {
  const folder = await mkdtemp(path.join(tmpdir(), 'arleo-disks-'));
  const absent = path.join(folder, 'absent');
  const file = path.join(folder, 'file');
  await writeFile(file, 'x');
  const disks = await createDiskCheck([folder, absent])();
  expect(disks).toEqual([
    { folder, state: 'ok', free_bytes: expect.any(Number), total_bytes: expect.any(Number) },
    { folder: absent, state: 'missing', free_bytes: null, total_bytes: null },
  ]);
  expect(diskProblems(disks)).toEqual([expect.stringContaining(absent)]);
  await rm(file);
  // Empty again: nothing was left.
  await rm(folder, { recursive: false }).catch(async () => (await import('node:fs/promises')).rmdir(folder));
});

test('a read-only file system is told as such: /sys lets nobody make a file', async () => {
  const [disk] = await createDiskCheck(['/proc'])();
  // No room is counted there; what matters is that the check ends and invents no failure of writing.
  expect(['ok', 'full']).toContain(disk?.state);
});

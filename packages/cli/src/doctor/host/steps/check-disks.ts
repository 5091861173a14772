import type { Trail } from '../../trail.ts';
import { judgeDisks, lookAtDisk } from '../disk.ts';
import { foldersOf, type InstalledUnit } from '../installation.ts';

/** The disks of all folders that services write to. @returns whether a file lies on one that hangs: reading it would never end */
export async function checkDisks(
  installed: readonly InstalledUnit[],
  trail: Trail,
): Promise<(file: string) => boolean> {
  const looked = await trail.look('host', 'disks', 8_000, async () => {
    const folders = [...new Set(installed.flatMap(foldersOf))];
    const disks = await Promise.all(folders.map(lookAtDisk));
    return {
      says: disks.map(({ folder, state }) => `${folder} ${state}`).join(', '),
      found: judgeDisks(disks, 'this host'),
      value: disks.filter(({ state }) => state === 'hangs').map(({ folder }) => `${folder}/`),
    };
  });
  return (file) => looked?.value?.some((folder) => file.startsWith(folder)) === true;
}

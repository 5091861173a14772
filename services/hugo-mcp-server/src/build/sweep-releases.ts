import { execFile } from 'node:child_process';
import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

/** How the folder of a build begins that is no release yet, and that of a release that is none any more. */
export const stagingPrefix = '.staging-';
export const gonePrefix = '.gone-';

/** Removes descriptions of releases that are not there, and files that were being written. */
export async function clean(dir: string): Promise<void> {
  const names = await readdir(dir);
  for (const name of names) {
    const orphan = name.endsWith('.json') && !names.includes(name.slice(0, -'.json'.length));
    if (orphan || name.endsWith('.tmp'))
      await rm(path.join(dir, name), { recursive: true, force: true }).catch(() => {});
  }
}

/**
 * Removes the folders of releases that are gone and of builds that were killed.
 *
 * @param staged the folders that builds of this service are in
 * @param how.searchPath PATH for the `rm` program
 */
export async function removeGone(
  dir: string,
  staged: ReadonlySet<string>,
  how: { searchPath: string; signal: AbortSignal },
): Promise<void> {
  for (const name of await readdir(dir)) {
    const left = name.startsWith(stagingPrefix) && !staged.has(name);
    if (how.signal.aborted || !(left || name.startsWith(gonePrefix))) continue;
    // A Hugo whose service was killed may still be writing there: what is left then goes after a later build.
    await removeFolder(path.join(dir, name), how).catch(() => {});
  }
}

/**
 * By the `rm` program, one file after the other: Node asks for all files of a tree at once, and every read of a page
 * would wait behind thousands of them.
 */
async function removeFolder(folder: string, how: { searchPath: string; signal: AbortSignal }): Promise<void> {
  const { searchPath, signal } = how;
  await promisify(execFile)('rm', ['-rf', '--', folder], { env: { PATH: searchPath }, signal });
}

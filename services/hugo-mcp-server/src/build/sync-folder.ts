import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Longer than this no disk takes to write a site; it hangs then. */
const timeoutMs = 120_000;

/**
 * Resolves when everything that was written to the file system of this folder is on its disk. One call for all of it:
 * to ask for each of thousands of files takes twenty times as long.
 *
 * @param options.searchPath PATH for the `sync` program
 * @throws if the program is missing, fails, takes too long or is stopped
 */
export async function syncFolder(dir: string, options: { searchPath: string; signal: AbortSignal }): Promise<void> {
  const { searchPath, signal } = options;
  await promisify(execFile)('sync', ['-f', dir], { env: { PATH: searchPath }, timeout: timeoutMs, signal });
}

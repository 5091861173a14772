import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const execute = promisify(execFile);
const SCRIPT = fileURLToPath(new URL('../../scripts/package.sh', import.meta.url));

/**
 * Packs a release of this checkout, as it was built, into a folder.
 *
 * @returns the tarball's path; SHA256SUMS is beside it
 */
export async function packRelease(folder: string, environment: Record<string, string> = {}): Promise<string> {
  // A umask that lets nobody else read, and another time zone and language than most: none may show in the tarball.
  await execute('bash', ['-c', 'umask 077 && exec "$@"', 'bash', SCRIPT, '--built', '--out', folder], {
    env: { PATH: '/usr/local/bin:/usr/bin:/bin', ...environment },
  });
  const [tarball = ''] = (await readdir(folder)).filter((name) => name.endsWith('.tar.gz'));
  return path.join(folder, tarball);
}

import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

/** The branch that a site's own repository has checked out; `main` if it is none (then no push can be pulled into it). */
export async function siteBranch(site: string): Promise<string> {
  // A repository above the site's folder is not the site's.
  const env = { PATH: process.env.PATH, GIT_CEILING_DIRECTORIES: path.dirname(site) };
  const asked = promisify(execFile)('git', ['-C', site, 'symbolic-ref', '--quiet', '--short', 'HEAD'], { env });
  const branch = await asked.then(({ stdout }) => stdout.trim()).catch(() => '');
  return branch === '' ? 'main' : branch;
}

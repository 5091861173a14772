import path from 'node:path';
import { output, type TempDir } from './site-fixture.ts';

const identity = ['-c', 'user.name=Owner', '-c', 'user.email=owner@example.org'];

/** A remote repository on disk, and a clone in which the owner of the site works. */
export interface Remote {
  /** Writes files in the owner's clone (undefined removes one), commits and pushes all; gives the commit. */
  push(files: Readonly<Record<string, string | undefined>>, branch?: string): Promise<string>;
  /** Git in the owner's clone. */
  owner(...args: string[]): Promise<string>;
  /** Git in the site's own repository. */
  site(...args: string[]): Promise<string>;
}

/** Makes `site/` of the folder a repository without its content, and gives it a remote. */
export async function giveRemote(dir: TempDir): Promise<Remote> {
  const git = (name: string, ...args: string[]) => output('git', [...identity, ...args], path.join(dir.path, name));
  const remote: Remote = {
    owner: (...args) => git('owner', ...args),
    site: (...args) => git('site', ...args),
    async push(files, branch = 'main') {
      for (const [file, text] of Object.entries(files)) {
        if (text === undefined) await git('owner', 'rm', '--quiet', file);
      }
      await dir.write(Object.fromEntries(Object.entries(files).map(([file, text]) => [`owner/${file}`, text])));
      await git('owner', 'add', '--all', '--force');
      await git('owner', 'commit', '--quiet', '--message', 'Pushed');
      await git('owner', 'push', '--quiet', '--force', 'origin', `HEAD:${branch}`);
      return (await git('owner', 'rev-parse', 'HEAD')).trim();
    },
  };
  await dir.write({ 'site/.gitignore': '/content/\n' });
  await git('.', 'init', '--quiet', '--bare', '--initial-branch=main', 'remote.git');
  await git('site', 'init', '--quiet', '--initial-branch=main');
  await git('site', 'add', '--all');
  await git('site', 'commit', '--quiet', '--message', 'Layouts');
  await git('site', 'remote', 'add', 'origin', path.join(dir.path, 'remote.git'));
  await git('site', 'push', '--quiet', 'origin', 'main');
  await git('.', 'clone', '--quiet', 'remote.git', 'owner');
  return remote;
}

import { lstat, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { ArleoError, isArleoError } from '@arleo/core/errors';
import type { SiteGit } from './site-git.ts';

/** What {@link SiteRepository} is opened with. */
export interface SiteRepositoryOptions {
  git: SiteGit;
  /** The site's real path. */
  siteDir: string;
  branch: string;
  /** Submodules follow the commit, too. */
  submodules: boolean;
}

/** The site's own repository: layouts, themes and configuration. Its paths are relative to the site. */
export interface SiteRepository {
  /** The commit that is checked out. @throws {@link ArleoError} `site_not_git`, `site_branch_mismatch` */
  head(): Promise<string>;
  /** Fetches the branch; gives its commit. @throws {@link ArleoError} `branch_missing`, `fetch_failed` */
  fetch(): Promise<string>;
  /** The first of the files in these folders that the repository tracks, now or (if given) in a commit. */
  trackedIn(dirs: readonly string[], commit?: string): Promise<string[]>;
  /** What is on disk, tracked by nobody, where the commit has a file: a reset would delete it. */
  inTheWay(commit: string): Promise<string[]>;
  /** Tracked files that differ from what is checked out. */
  changed(): Promise<string[]>;
  /** Makes a commit of every change of a tracked file, on no branch; the work tree stays as it is. */
  keepChanges(): Promise<string>;
  /** Gives such a commit a ref, so that somebody finds it and Git never sweeps it. */
  nameKept(commit: string): Promise<string>;
  /** Puts these files back as they are in a commit, or away if it has none of that name; the index stays. */
  takeFrom(commit: string, files: readonly string[]): Promise<void>;
  /** Puts back all that {@link SiteRepository.keepChanges} kept, on top of the commit that it was kept on. */
  restoreChanges(kept: string): Promise<void>;
  /** Sets branch, index and work tree to a commit. Untracked files stay. */
  reset(commit: string): Promise<void>;
  /**
   * The same on the way back, where no submodule has to be fetched that was not there before.
   * @throws {@link ArleoError} `git_failed`, also if a submodule stays at another commit than the one that it had
   */
  resetBack(commit: string): Promise<void>;
  /** Removes the locks that a git left which was killed in a reset; waits first, should it still be at work. */
  breakLocks(): Promise<void>;
}

const remote = 'origin';
const fetchTimeoutMs = 90_000;
const lockWaitMs = 3_000;
const oldLockMs = 5 * 60_000;
/** As many names as an answer shows. */
const maxNames = 10;

/** Opens nothing yet: each call finds the repository as it is then. */
export function createSiteRepository(options: SiteRepositoryOptions): SiteRepository {
  const { git, siteDir, branch, submodules } = options;
  const names = async (...args: string[]) => {
    const { stdout } = await git.run(args);
    return stdout.split('\0').filter((name) => name !== '');
  };
  const text = async (...args: string[]) => (await git.run(args)).stdout.trim();
  const commitOf = (name: string) => text('rev-parse', '--verify', '--quiet', `${name}^{commit}`);

  const lockFiles = async (...files: string[]) => {
    const paths = files.flatMap((file) => ['--git-path', `${file}.lock`]);
    return (await text('rev-parse', ...paths)).split('\n').map((file) => path.resolve(siteDir, file));
  };

  /** Git holds these for moments: old ones are of a git that was killed, and would stop every fetch from now on. */
  const breakOldLocks = async (...files: string[]) => {
    for (const lock of await lockFiles(...files)) {
      if (((await ageOf(lock)) ?? 0) > oldLockMs) await rm(lock, { force: true });
    }
  };

  const updateSubmodules = async () => {
    if (submodules) await git.run(['submodule', 'update', '--init', '--recursive', '--force'], { timeoutMs: 120_000 });
  };

  return {
    async head() {
      const isThere = (await lstat(path.join(siteDir, '.git')).catch(() => undefined)) !== undefined;
      const top = isThere ? await text('rev-parse', '--show-toplevel').catch(onlyGitFailures) : undefined;
      if (top !== siteDir) throw notGit(`${siteDir} is not the top folder of a Git repository.`);
      const { stdout, code } = await git.run(['symbolic-ref', '--quiet', '--short', 'HEAD'], { allow: [1] });
      const current = stdout.trim();
      if (code === 0 && current !== branch) {
        throw new ArleoError('site_branch_mismatch', `The site has the branch ${current} checked out, not ${branch}.`, {
          hint: `Check out ${branch} in SITE_DIR, or set SITE_BRANCH to ${current} for both services.`,
        });
      }
      const commit = await commitOf('HEAD').catch(onlyGitFailures);
      if (commit === undefined) throw notGit(`The repository in ${siteDir} has no commit yet.`);
      return commit;
    },

    async fetch() {
      const tracking = `refs/remotes/${remote}/${branch}`;
      await breakOldLocks(tracking, 'packed-refs', 'shallow');
      const args = ['fetch', '--quiet', '--no-tags', '--force', remote, `+refs/heads/${branch}:${tracking}`];
      try {
        await git.run(args, { timeoutMs: fetchTimeoutMs });
      } catch (cause) {
        if (!isArleoError(cause, 'git_failed')) throw cause;
        if (/couldn't find remote ref/i.test(cause.message)) {
          throw new ArleoError('branch_missing', `The remote "${remote}" has no branch ${branch}.`, {
            cause,
            hint: 'Push the branch, or set SITE_BRANCH for both services.',
          });
        }
        throw new ArleoError('fetch_failed', cause.message, {
          cause,
          hint: 'Run `git fetch` in SITE_DIR as the user of the service: address, login and known hosts come from the repository’s own configuration alone.',
        });
      }
      return commitOf(tracking);
    },

    async trackedIn(dirs, commit) {
      if (dirs.length === 0) return [];
      const list = commit === undefined ? ['ls-files', '-z'] : ['ls-tree', '-r', '-z', '--name-only', commit];
      return (await names(...list, '--', ...dirs)).slice(0, maxNames);
    },

    async inTheWay(commit) {
      // In the commit and not in the index: a reset writes these anew, over whatever is there.
      const added = await names('diff', '--cached', '--no-renames', '--diff-filter=D', '--name-only', '-z', commit);
      if (added.length === 0) return [];
      const tracked = new Set(await names('ls-files', '-z'));
      const found = new Set<string>();
      for (const file of added) {
        const occupied = await firstOccupied(siteDir, file, tracked);
        if (occupied !== undefined) found.add(occupied);
        if (found.size >= maxNames) break;
      }
      return [...found];
    },

    changed: () => names('diff', '--no-renames', '--ignore-submodules=all', '--name-only', '-z', 'HEAD'),

    keepChanges: () => text('stash', 'create', 'Changed by hand before a pull'),

    async nameKept(commit) {
      const ref = `refs/arleo/kept/${new Date().toISOString().replace(/[-:.]/g, '')}`;
      await git.run(['update-ref', ref, commit]);
      return ref;
    },

    async takeFrom(commit, files) {
      if (files.length === 0) return;
      // `restore` would refuse a name that neither side knows; each file is of one of the two kinds.
      const there = new Set(await names('ls-tree', '-r', '-z', '--name-only', commit, '--', ...files));
      const back = files.filter((file) => there.has(file));
      if (back.length > 0) await git.run(['restore', `--source=${commit}`, '--worktree', '--', ...back]);
      for (const file of files) if (!there.has(file)) await rm(path.join(siteDir, file), { force: true });
    },

    async restoreChanges(kept) {
      await git.run(['stash', 'apply', '--quiet', kept]);
    },

    async reset(commit) {
      await git.run(['reset', '--quiet', '--hard', commit]);
      await updateSubmodules();
    },

    async resetBack(commit) {
      await git.run(['reset', '--quiet', '--hard', commit]);
      if (!submodules) return;
      await updateSubmodules().catch(onlyGitFailures);
      const status = await git.run(['submodule', 'status', '--recursive']);
      const astray = status.stdout.split('\n').filter((line) => line.startsWith('+'));
      if (astray.length > 0)
        throw new ArleoError('git_failed', `Submodules could not be put back: ${astray.join(', ')}`);
    },

    async breakLocks() {
      const locks = await lockFiles('index', 'HEAD', 'ORIG_HEAD', `refs/heads/${branch}`);
      for (let waited = 0; waited < lockWaitMs; waited += 100) {
        if ((await Promise.all(locks.map(ageOf))).every((age) => age === undefined)) return;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      for (const lock of locks) await rm(lock, { force: true });
    },
  };
}

/** Milliseconds since a file was written; undefined if it is not there. */
async function ageOf(file: string): Promise<number | undefined> {
  const stats = await lstat(file).catch(() => undefined);
  return stats && Date.now() - stats.mtimeMs;
}

/** The part of a file's path that something untracked occupies; undefined if the way is free. */
async function firstOccupied(root: string, file: string, tracked: ReadonlySet<string>): Promise<string | undefined> {
  const parts = file.split('/');
  for (const i of parts.keys()) {
    const part = parts.slice(0, i + 1).join('/');
    const stats = await lstat(path.join(root, part)).catch(() => undefined);
    if (stats === undefined) return undefined;
    const last = i === parts.length - 1;
    if ((last || !stats.isDirectory()) && !tracked.has(part)) return await occupant(root, part, tracked);
  }
  return undefined;
}

/** A folder is in the way only for what is untracked in it; one with nothing but tracked files gives way. */
async function occupant(root: string, part: string, tracked: ReadonlySet<string>): Promise<string | undefined> {
  const stats = await lstat(path.join(root, part));
  if (!stats.isDirectory()) return part;
  for (const entry of await readdir(path.join(root, part), { recursive: true, withFileTypes: true })) {
    if (entry.isDirectory()) continue;
    const file = path.relative(root, path.join(entry.parentPath, entry.name));
    if (!tracked.has(file)) return file;
  }
  return undefined;
}

function onlyGitFailures(error: unknown): undefined {
  if (isArleoError(error, 'git_failed')) return undefined;
  throw error;
}

function notGit(problem: string): ArleoError {
  return new ArleoError('site_not_git', `${problem} A push cannot be pulled into it.`, {
    hint: 'Clone the repository of the layouts into SITE_DIR (content/ stays untracked), with the remote "origin".',
  });
}

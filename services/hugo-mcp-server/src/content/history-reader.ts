import { ArleoError } from '@arleo/core/errors';
import { createGit, type GitOptions } from './git.ts';

/** What the history of the content holds. Nothing here writes, or waits for a disk that cannot be written. */
export interface HistoryReader {
  /** The newest commit; undefined before the first. */
  head(): Promise<string | undefined>;
  /** A file's bytes in a commit; undefined if it was not there. @throws {@link ArleoError} `git_failed`, `git_missing` */
  show(commit: string, file: string): Promise<Buffer | undefined>;
  /** True if a commit is another one or one of those before it; false if there is no such commit. */
  isPartOf(commit: string, of: string): Promise<boolean>;
  /** The bytes of this name; undefined if there are none. @throws as {@link HistoryReader.show} */
  blob(name: string): Promise<Buffer | undefined>;
  /** Every file that the history ever held, the one changed last first. */
  everyFile(): Promise<string[]>;
  /** The files below a folder in a commit. */
  filesIn(commit: string, dir: string): Promise<string[]>;
  /** Every file in a commit, with the name of its bytes. Empty if there is no such commit. @throws as {@link HistoryReader.show} */
  blobsOf(commit: string): Promise<ReadonlyMap<string, string>>;
}

/** How git says that there is no such thing, which is no failure. */
const notThere =
  /not a valid object name|not a tree object|does not exist in|exists on disk, but not in|bad file|not a git repository/i;

/** @param options where the repository is; it may not be there yet */
export function createHistoryReader(options: GitOptions): HistoryReader {
  const git = createGit(options);

  const head = async () => {
    const { stdout, code } = await git.run(['rev-parse', '--verify', '--quiet', 'HEAD'], { allow: [1, 128] });
    return code === 0 ? stdout.toString().trim() : undefined;
  };

  const blob = async (name: string) => {
    const { stdout, code, stderr } = await git.run(['cat-file', 'blob', name], { allow: [128] });
    if (code === 0) return stdout;
    if (notThere.test(stderr)) return undefined;
    throw unreadable(stderr);
  };

  return {
    head,
    blob,
    async blobsOf(commit) {
      const { stdout, code, stderr } = await git.run(['ls-tree', '-r', '-z', commit], { allow: [128] });
      if (code !== 0 && !notThere.test(stderr)) throw unreadable(stderr);
      const blobs = new Map<string, string>();
      if (code !== 0) return blobs;
      for (const entry of stdout.toString().split('\0')) {
        const [, name, file] = /^\d+ blob ([0-9a-f]+)\t(.*)$/s.exec(entry) ?? [];
        if (name !== undefined && file !== undefined) blobs.set(file, name);
      }
      return blobs;
    },
    show: (commit, file) => blob(`${commit}:${file}`),
    async isPartOf(commit, of) {
      return (await git.run(['merge-base', '--is-ancestor', commit, of], { allow: [1, 128] })).code === 0;
    },
    async everyFile() {
      if ((await head()) === undefined) return [];
      const { stdout } = await git.run(['log', '--format=', '--name-only', '-z', '--no-renames']);
      return [...new Set(stdout.toString().split('\0'))].map((name) => name.trim()).filter((name) => name !== '');
    },
    async filesIn(commit, dir) {
      const { stdout, code } = await git.run(['ls-tree', '-r', '-z', '--name-only', commit, '--', `${dir}/`], {
        allow: [128],
      });
      return code === 0
        ? stdout
            .toString()
            .split('\0')
            .filter((name) => name !== '')
        : [];
    },
  };
}

function unreadable(stderr: string): ArleoError {
  const [line] = stderr.trim().split('\n', 1);
  return new ArleoError('git_failed', `The content history could not be read: ${line}`, {
    hint: '`git --git-dir STATE_DIR/history.git fsck` says if it is damaged.',
  });
}

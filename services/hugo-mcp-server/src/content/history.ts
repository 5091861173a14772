import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { blobName } from './blob-name.ts';
import type { FileEdit } from './change.ts';
import { createGit, type GitOptions } from './git.ts';
import { createHistoryReader, type HistoryReader } from './history-reader.ts';

/** Who made a change, as far as the history is concerned. */
export interface ChangeAuthor {
  sub: string;
  clientId: string;
  requestId: string;
}

/**
 * The history of the content: a Git repository of its own beside the site, whose work tree is the site and which knows
 * only what it is told to add. The site's own repository and its `.gitignore` play no part.
 */
export interface History extends HistoryReader {
  /**
   * Commits these files (relative to the site) as they are on disk now; one that is gone is committed as gone. Gives
   * the commit, undefined if there was nothing to record.
   */
  commitFiles(files: readonly string[], message: string, author?: ChangeAuthor): Promise<string | undefined>;
  /** Commits those files whose bytes before an edit are not the ones that the history knows: somebody saved them since. */
  commitStale(edits: readonly FileEdit[], message: string): Promise<string | undefined>;
  /** The same for everything in these folders. */
  commitFolders(dirs: readonly string[], message: string, author?: ChangeAuthor): Promise<string | undefined>;
  /** Takes bytes in beside all commits, and gives the name under which {@link HistoryReader.blob} has them. */
  keep(bytes: Buffer): Promise<string>;
  /** Puts many small objects together, if there are many. It may take long: for when nobody waits, until the signal. */
  tidy(signal: AbortSignal): Promise<void>;
  /** Removes locks that a killed git left. Only for when no git runs here: this service is the only one that writes. */
  unlock(): Promise<void>;
}

/** What git takes while it writes and tidies up, relative to the repository. */
const locks = [
  ...['index.lock', 'HEAD.lock', 'refs/heads/main.lock', 'packed-refs.lock', 'config.lock'],
  ...['logs/HEAD.lock', 'logs/refs/heads/main.lock', 'objects/info/commit-graph.lock'],
  ...['gc.pid.lock', 'gc.pid', 'packed-refs.new'],
];

/** As many files as are named in one command line. */
const maxNamed = 200;

/** As often as a folder is looked at that changes meanwhile. */
const maxAttempts = 5;

/** The name that Git gives to a tree without files. */
const emptyTree = '4b825dc642cb6eb9a060e54bf8d69288fbee4904';

/** The author of changes that did not come through this service. */
const byHand = { name: 'Changed by hand', email: 'hand@arleo.invalid' };

/**
 * Opens the history, or starts it.
 *
 * @param options.gitDir where the repository is
 * @param options.workTree the site's real path
 */
export async function openHistory(options: GitOptions): Promise<History> {
  const { gitDir } = options;
  const git = createGit(options);
  await mkdir(path.dirname(gitDir), { recursive: true });
  await git.run(['init', '--quiet', '--initial-branch=main', '--template=']);
  // This file outranks every .gitattributes in the site: no line-end conversion, no filters, the bytes as they are.
  await mkdir(path.join(gitDir, 'info'), { recursive: true });
  const attributes = '* -text -eol -filter -ident -working-tree-encoding\n';
  await writeFile(path.join(gitDir, 'info/attributes'), attributes);
  const unlock = async () => {
    for (const lock of locks) await rm(path.join(gitDir, lock), { force: true });
  };
  await unlock();
  const reader = createHistoryReader(options);

  /** The newest commit and the tree of its files; an empty tree before the first. */
  const newest = async (): Promise<{ parent?: string; before: string }> => {
    const ask = ['rev-parse', 'HEAD', 'HEAD^{tree}'];
    let answer = await git.run(ask, { allow: [128] });
    if (answer.code !== 0) {
      // Only one of the reasons for which it may fail is that there is no commit yet.
      if ((await git.run(['rev-parse', '--verify', '--quiet', 'HEAD'], { allow: [1] })).code === 1) {
        return { before: emptyTree };
      }
      answer = await git.run(ask);
    }
    const [parent = '', before = ''] = answer.stdout.toString().split('\n');
    return { parent, before };
  };

  /** In steps of their own: `git commit` looks at every file of the site once more, and tidies up while we wait. */
  const commit = async (message: string, author: ChangeAuthor | undefined) => {
    const [{ parent, before }, written] = await Promise.all([newest(), git.run(['write-tree'])]);
    const tree = written.stdout.toString().trim();
    if (tree === before) return undefined;
    const person = author && { name: plain(author.sub), email: `${plain(author.clientId)}@arleo.invalid` };
    const { stdout } = await git.run(['commit-tree', ...(parent === undefined ? [] : ['-p', parent]), tree], {
      input: withTrailers(message, author),
      env: {
        GIT_AUTHOR_NAME: (person ?? byHand).name,
        GIT_AUTHOR_EMAIL: (person ?? byHand).email,
        GIT_COMMITTER_NAME: 'Arleo',
        GIT_COMMITTER_EMAIL: 'hugo-mcp-server@arleo.invalid',
      },
    });
    const made = stdout.toString().trim();
    // Refused if somebody committed meanwhile.
    await git.run(['update-ref', '-m', 'commit', 'HEAD', made, parent ?? '']);
    return made;
  };

  /** Git refuses a folder that is neither on disk nor known to it. */
  const isKnown = async (dir: string) => {
    if ((await readdir(path.join(options.workTree, dir)).catch(() => [])).length > 0) return true;
    const { stdout } = await git.run(['ls-files', '-z', '--', dir]);
    return stdout.length > 0;
  };

  const commitFiles: History['commitFiles'] = async (files, message, author) => {
    if (files.length === 0) return undefined;
    // By standard input: a bundle may have more files than a command line holds.
    await git.run(['update-index', '--add', '--remove', '-z', '--stdin'], {
      input: files.map((file) => `${file}\0`).join(''),
    });
    return commit(message, author);
  };

  return {
    ...reader,
    commitFiles,
    async keep(bytes) {
      const { stdout } = await git.run(['hash-object', '-w', '--stdin'], { input: bytes });
      return stdout.toString().trim();
    },
    async tidy(signal) {
      try {
        await git.run(['gc', '--auto', '--quiet'], { signal });
      } catch (error) {
        // It may have been killed, and every later git would stop at what it held.
        await unlock();
        if (!signal.aborted) throw error;
      }
    },
    unlock,
    async commitStale(edits, message) {
      const there = edits.filter(({ before }) => before !== undefined);
      if (there.length === 0) return undefined;
      // A command line does not hold them all; without names git tells of every file.
      const names = there.length > maxNamed ? [] : there.map(({ file }) => file);
      const { stdout } = await git.run(['ls-files', '--stage', '-z', '--', ...names]);
      const known = new Map<string, string>();
      for (const entry of stdout.toString().split('\0')) {
        const [, hash = '', file = ''] = /^\d+ ([0-9a-f]+) 0\t(.*)$/s.exec(entry) ?? [];
        known.set(file, hash);
      }
      const stale = there.filter(({ file, before }) => known.get(file) !== blobName(before as Buffer));
      return commitFiles(
        stale.map(({ file }) => file),
        message,
      );
    },
    async commitFolders(dirs, message, author) {
      const known: string[] = [];
      for (const dir of dirs) if (await isKnown(dir)) known.push(dir);
      if (known.length === 0) return undefined;
      // --force: the site's .gitignore names content/ on purpose, for its own repository leaves it to this one.
      await addWhileItChanges(() => git.run(['add', '--force', '--all', '--', ...known]));
      return commit(message, author);
    },
  };
}

/** A history that is opened at its first use for writing: reads do not wait for that, nor for a disk that hangs then. */
export function openHistoryLater(place: GitOptions): History {
  let opened: Promise<History> | undefined;
  const get = () => {
    opened ??= openHistory(place).catch((error: unknown) => {
      opened = undefined;
      throw error;
    });
    return opened;
  };
  return {
    ...createHistoryReader(place),
    commitFiles: async (...args) => (await get()).commitFiles(...args),
    commitStale: async (...args) => (await get()).commitStale(...args),
    commitFolders: async (...args) => (await get()).commitFolders(...args),
    keep: async (...args) => (await get()).keep(...args),
    tidy: async (...args) => (await get()).tidy(...args),
    unlock: async () => (await get()).unlock(),
  };
}

/** Editors' passing files go between Git's look at a folder and at the file: then it is looked at again. */
async function addWhileItChanges(add: () => Promise<unknown>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await add();
      return;
    } catch (error) {
      if (attempt === maxAttempts || !/unable to (?:stat|index)|No such file|open\(/.test(String(error))) throw error;
    }
  }
}

function withTrailers(message: string, author: ChangeAuthor | undefined): string {
  if (author === undefined) return `${message}\n`;
  const trailers = [
    `Arleo-Sub: ${plain(author.sub)}`,
    `Arleo-Client: ${plain(author.clientId)}`,
    `Arleo-Request: ${plain(author.requestId)}`,
  ];
  return `${message}\n\n${trailers.join('\n')}\n`;
}

/** One line without the characters that Git gives a meaning in names: nobody writes a trailer into another's commit. */
function plain(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}<>]/gu, ' ').trim();
  return line === '' ? 'unknown' : line.slice(0, 200);
}

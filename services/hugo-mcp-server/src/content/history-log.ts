import { createGit, type GitOptions } from './git.ts';

/** One commit that changed a file. */
export interface HistoryEntry {
  commit: string;
  /** RFC 3339. */
  at: string;
  /** First line of the commit: what was done. */
  message: string;
  /** Who asked for it; undefined for what was changed by hand on disk. */
  author: { sub: string; client: string; requestId: string | undefined } | undefined;
  /** The change did not last: Hugo refused the site with it, and a later commit took it back. */
  takenBack: boolean;
  action: 'created' | 'changed' | 'deleted' | 'moved';
  /** The file in this commit, and before it if the commit moved it. */
  file: string;
  movedFrom: string | undefined;
  /** Lines; undefined for a file that is not text. */
  added: number | undefined;
  removed: number | undefined;
}

/** Reads the content history. It needs no turn with the writer: Git's objects never change. */
export interface HistoryLog {
  /** The commits that changed a file, the newest first, through its moves; whether it is still there or not. */
  entries(file: string, part: { skip: number; limit: number }): Promise<HistoryEntry[]>;
  /** Of these files, the one that was changed last; undefined if the history knows none of them. */
  lastChanged(files: readonly string[]): Promise<string | undefined>;
  /** What a commit changed in a file, as a unified diff. */
  diff(entry: Pick<HistoryEntry, 'commit' | 'file' | 'movedFrom'>): Promise<string>;
}

const record = '\x01';
const field = '\x1f';
const format = ['%H', '%aI', '%an', '%ae', '%s', '%(trailers:key=Arleo-Request,valueonly,separator=%x20)'].join('%x1f');

/** @param options the same repository as that of the history */
export function createHistoryLog(options: GitOptions): HistoryLog {
  const git = createGit(options);
  const log = async (args: readonly string[]): Promise<string> => {
    // 128: there is no commit yet.
    const { stdout, code } = await git.run(['log', ...args], { allow: [128] });
    return code === 0 ? stdout.toString() : '';
  };
  return {
    async entries(file, { skip, limit }) {
      const what = ['--follow', '--find-renames', '--raw', '--numstat', '--no-abbrev', '-z'];
      const output = await log([`--format=%x01${format}`, ...what, `-${skip + limit}`, '--', file]);
      const entries = output
        .split(record)
        .slice(1)
        .flatMap((text) => readEntry(text) ?? []);
      // From the newest on: what takes a change back may be in the part before.
      return markTakenBack(entries).slice(skip);
    },
    async lastChanged(files) {
      if (files.length === 0) return undefined;
      const names = (await log(['-1', '--format=', '--name-only', '-z', '--', ...files])).split('\0');
      return files.find((file) => names.includes(file));
    },
    async diff({ commit, file, movedFrom }) {
      const files = movedFrom === undefined ? [file] : [movedFrom, file];
      const how = ['--format=', '--patch', '--find-renames', '--no-color', '--no-ext-diff', '--no-textconv'];
      const { stdout } = await git.run(['show', ...how, commit, '--', ...files]);
      return stdout.toString();
    },
  };
}

const takeBack = 'Take back: ';

/** The message of the commit that takes a change back, by which its history tells that it did not last. */
export function takenBackMessage(message: string): string {
  return takeBack + message;
}

/**
 * A commit `Take back: M` takes back the nearest earlier commit M of the same author that no later one took back.
 *
 * @param entries the newest first
 */
function markTakenBack(entries: HistoryEntry[]): HistoryEntry[] {
  for (const [i, { message, author }] of entries.entries()) {
    if (author === undefined || !message.startsWith(takeBack)) continue;
    const taken = entries
      .slice(i + 1)
      .find(
        (entry) =>
          !entry.takenBack && entry.message === message.slice(takeBack.length) && entry.author?.sub === author.sub,
      );
    if (taken !== undefined) taken.takenBack = true;
  }
  return entries;
}

/**
 * One commit as `--raw --numstat -z` prints it: the header, then `:modes objects status NUL path NUL (path NUL)`, then
 * `added TAB removed TAB path NUL`, or for a move `added TAB removed TAB NUL old NUL new NUL`.
 */
function readEntry(text: string): HistoryEntry | undefined {
  const [header = '', ...parts] = text.split('\0');
  const [commit = '', at = '', name = '', email = '', message = '', requestId = ''] = header.trimEnd().split(field);
  const raw = parts.findIndex((part) => part.trimStart().startsWith(':'));
  const status = /([A-Z])\d*$/.exec(parts[raw] ?? '')?.[1];
  if (raw === -1 || status === undefined) return undefined;
  const moved = status === 'R' || status === 'C';
  const counts = /^\s*(\d+|-)\t(\d+|-)\t/.exec(parts.slice(raw + 2).find((part) => part.includes('\t')) ?? '');
  const byHand = email === 'hand@arleo.invalid';
  return {
    commit,
    at,
    message,
    takenBack: false,
    author: byHand
      ? undefined
      : {
          sub: name,
          client: email.replace(/@arleo\.invalid$/, ''),
          requestId: requestId === '' ? undefined : requestId,
        },
    action: moved ? 'moved' : status === 'A' ? 'created' : status === 'D' ? 'deleted' : 'changed',
    file: (moved ? parts[raw + 2] : parts[raw + 1]) ?? '',
    movedFrom: moved ? parts[raw + 1] : undefined,
    added: numberOf(counts?.[1]),
    removed: numberOf(counts?.[2]),
  };
}

function numberOf(text: string | undefined): number | undefined {
  return text === undefined || text === '-' ? undefined : Number(text);
}

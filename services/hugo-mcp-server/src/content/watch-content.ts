import { type FSWatcher, watch } from 'node:fs';
import path from 'node:path';

/** Sees changes that somebody else makes in the content folders. */
export interface ContentWatch {
  /** Watches exactly these folders from now on. */
  sync(dirs: Iterable<string>): void;
  close(): void;
}

export interface ContentWatchOptions {
  /** The site's real path; folders are relative to it. */
  root: string;
  /** Called with the folders in which something changed, once things are quiet for `debounceMs`. */
  onChange: (dirs: string[]) => void;
  /** Called once if the system cannot watch that many folders; `everyMs` is how often all are looked at instead. */
  onLimit?: (everyMs: number) => void;
  debounceMs?: number;
}

const pollMs = 10_000;

/**
 * One watch per folder. Not `recursive`: on Linux Node emulates that by a walk of its own, and misses files in folders
 * that appear while it walks.
 */
export function watchContent({ root, onChange, onLimit, debounceMs = 100 }: ContentWatchOptions): ContentWatch {
  const watchers = new Map<string, FSWatcher>();
  const changed = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  let poll: NodeJS.Timeout | undefined;
  let known: string[] = [];

  const flush = () => {
    timer = undefined;
    const dirs = [...changed];
    changed.clear();
    onChange(dirs);
  };
  const note = (dir: string) => {
    changed.add(dir);
    timer ??= setTimeout(flush, debounceMs);
  };
  const fallBack = () => {
    if (poll !== undefined) return;
    poll = setInterval(() => onChange(known), pollMs);
    poll.unref();
    onLimit?.(pollMs);
  };
  const add = (dir: string) => {
    try {
      const watcher = watch(path.join(root, dir), { persistent: false }, () => note(dir));
      watcher.on('error', () => drop(dir));
      watchers.set(dir, watcher);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      // ENOENT: it is gone again, which its parent's watch reports.
      if (code === 'ENOSPC' || code === 'EMFILE') fallBack();
    }
  };
  const drop = (dir: string) => {
    watchers.get(dir)?.close();
    watchers.delete(dir);
  };

  return {
    sync(dirs) {
      known = [...dirs];
      const wanted = new Set(known);
      for (const dir of [...watchers.keys()]) if (!wanted.has(dir)) drop(dir);
      for (const dir of wanted) if (!watchers.has(dir)) add(dir);
    },
    close() {
      clearTimeout(timer);
      clearInterval(poll);
      for (const dir of [...watchers.keys()]) drop(dir);
    },
  };
}

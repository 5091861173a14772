import { type FSWatcher, watch } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import path from 'node:path';
import { ArleoError, isArleoError } from '../errors.ts';
import { readTokenFile, type TokenFile, tokenFileIdentity } from './token-file.ts';

/** What was found at the last look: the content, or why there is none. */
export type TokenFileState = { content: TokenFile } | { problem: ArleoError };

/** Keeps an eye on a token file. */
export interface TokenFileWatch {
  /**
   * Looks at the file; when it resolves, `onState` was called for what had changed before the call.
   *
   * @returns a time (`now`) at or after which the state that is known was read or found unchanged
   */
  check(): Promise<number>;
  /** When the file was last looked at, by `now`. */
  checkedAt(): number;
  /** What happens every `pollMs`: a look, and the watch is begun anew if its folder is another one now. */
  poll(): Promise<void>;
  close(): void;
}

/**
 * Calls `onState` once before it resolves and then whenever the file changes: at once by a watch on its folder (a watch
 * on the file would stay with the old inode when a new one is renamed into its place), and every `pollMs` by a stat,
 * which also repairs the watch. Never throws for a file or folder that is not there.
 */
export async function watchTokenFile(options: {
  file: string;
  now: () => number;
  watch: boolean;
  pollMs: number;
  onState: (state: TokenFileState) => void;
}): Promise<TokenFileWatch> {
  const { file, now, onState } = options;
  let identity: string | undefined;
  let lastText: string | undefined;
  let checkedAt = Number.NEGATIVE_INFINITY;
  let looking: Promise<number> | undefined;
  let closed = false;

  async function look(): Promise<number> {
    const startedAt = now();
    const found = await tokenFileIdentity(file);
    if (found === undefined || found !== identity) await read();
    checkedAt = startedAt;
    return startedAt;
  }

  async function read(): Promise<void> {
    let state: TokenFileState;
    try {
      const { content, identity: found } = await readTokenFile(file);
      identity = found;
      // A backup that links or touches the file changes its identity and nothing else.
      const text = JSON.stringify(content);
      if (text === lastText) return;
      lastText = text;
      state = { content };
    } catch (cause) {
      // Not remembered as read: the next look reads again, so that a file made whole in place is seen.
      identity = undefined;
      lastText = undefined;
      state = { problem: isArleoError(cause) ? cause : unreadable(file, cause) };
    }
    if (!closed) onState(state);
  }

  /** One look at a time; one that begins later than the call is needed, for the one under way may have read before. */
  async function lookAfresh(): Promise<number> {
    if (looking !== undefined) await looking;
    looking ??= look().finally(() => {
      looking = undefined;
    });
    return looking;
  }

  async function poll(): Promise<void> {
    if (options.watch) await folder.renew();
    await lookAfresh();
  }

  const folder = watchFolder(file, () => void lookAfresh());
  await lookAfresh();
  if (options.watch) await folder.renew();
  // Between the first look and the watch a change could have slipped through.
  await lookAfresh();
  const timer = setInterval(() => void poll(), options.pollMs);
  timer.unref();

  return {
    check: lookAfresh,
    checkedAt: () => checkedAt,
    poll,
    close() {
      closed = true;
      clearInterval(timer);
      folder.close();
    },
  };
}

function unreadable(file: string, cause: unknown): ArleoError {
  return new ArleoError('token_file_unreadable', `The token file ${file} cannot be read.`, { cause });
}

/** A watch on the folder that holds a file; `renew` begins it, and begins it anew when the folder is another one. */
function watchFolder(file: string, onChange: () => void): { renew(): Promise<void>; close(): void } {
  let watcher: FSWatcher | undefined;
  let inode: bigint | undefined;
  let closed = false;

  function stop(): void {
    watcher?.close();
    watcher = undefined;
    inode = undefined;
  }

  return {
    async renew() {
      try {
        const target = await realpath(file).catch(() => path.resolve(file));
        const folder = path.dirname(target);
        const { ino } = await stat(folder, { bigint: true });
        if (closed || ino === inode) return;
        stop();
        watcher = watch(folder, { persistent: false }, (_, name) => {
          if (name === null || name === path.basename(target)) onChange();
        });
        watcher.on('error', stop);
        inode = ino;
        onChange();
      } catch {
        // No folder, or no watches left: the poll is the bound, and the next one tries again.
        stop();
      }
    },
    close() {
      closed = true;
      stop();
    },
  };
}

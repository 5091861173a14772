import { type FileHandle, stat } from 'node:fs/promises';
import { openTrail } from '@arleo/core/audit/open-trail';
import { type Line, readLines } from '@arleo/core/audit/read-lines';

/** An audit log that is read as it grows, through its rotations. */
export interface FollowedLog {
  /** The last lines when it was opened. */
  readonly last: readonly string[];
  /** The whole lines that came since the last look. */
  look(): Promise<string[]>;
  close(): Promise<void>;
}

/**
 * Opens an audit log to be followed.
 *
 * @param count how many of its last lines are wanted
 * @throws as {@link openTrail}
 */
export async function followLog(file: string, count: number): Promise<FollowedLog> {
  const trail = await openTrail(file);
  let last: string[] = [];
  let current: { handle: FileHandle; end: number } | undefined;
  /** Number of the last file that was rotated before the current one. */
  let rotated = 0;

  /** Only what ends with a line feed: the rest of a line that is being written comes later. */
  const take = async (lines: AsyncIterable<Line>, into: string[], most = Number.POSITIVE_INFINITY): Promise<number> => {
    let end = 0;
    for await (const line of lines) {
      if (!line.ended) break;
      // Cut now and then instead of each time.
      if (into.push(line.text) >= most * 2) into.splice(0, into.length - most);
      end = line.end;
    }
    return end;
  };
  const keepCurrent = async (handle: FileHandle, end: number): Promise<void> => {
    await current?.handle.close();
    current = { handle, end };
  };

  for (const one of trail.files.toReversed()) {
    if (one.number !== undefined && last.length >= count) break;
    const lines: string[] = [];
    const end = await take(one.lines(), lines, Math.max(1, count));
    last = [...lines, ...last];
    if (one.number === undefined) current = { handle: one.handle, end };
  }
  rotated = trail.files.findLast(({ number }) => number !== undefined)?.number ?? 0;
  for (const { handle } of trail.files) if (handle !== current?.handle) await handle.close();

  /** What was written to the current file since. */
  const readOn = async (into: string[]): Promise<void> => {
    if (current === undefined) return;
    current.end = (await take(readLines(current.handle, false, current.end), into)) || current.end;
  };

  return {
    last: count === 0 ? [] : last.slice(-count),
    async look() {
      const lines: string[] = [];
      await readOn(lines);
      if (!(await hasMoved(file, current?.handle))) return lines;
      // Between the look above and the move more may have been written.
      await readOn(lines);
      const { files } = await openTrail(file);
      for (const { number, handle, lines: read } of files) {
        // The next number is the file that was current, and was read.
        if (number !== undefined && number <= rotated + (current === undefined ? 0 : 1)) await handle.close();
        else if (number !== undefined) await take(read(), lines).finally(() => handle.close());
      }
      rotated = files.findLast(({ number }) => number !== undefined)?.number ?? rotated;
      const next = files.find(({ number }) => number === undefined);
      if (next) await keepCurrent(next.handle, await take(next.lines(), lines));
      return lines;
    },
    close: async () => current?.handle.close(),
  };
}

/** True if another file than the open one has the log's name. */
async function hasMoved(file: string, handle: FileHandle | undefined): Promise<boolean> {
  const there = await stat(file).catch(() => undefined);
  if (there === undefined) return false;
  const open = await handle?.stat();
  return there.ino !== open?.ino || there.dev !== open.dev;
}

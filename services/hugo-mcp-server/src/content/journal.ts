import { readFile, unlink } from 'node:fs/promises';
import path from 'node:path';
import { atomicWrite, syncDirectory } from '@arleo/core/fs/atomic-write';
import * as z from 'zod';
import type { PlannedChange } from './change.ts';
import type { History } from './history.ts';
import { revisionOf } from './revision.ts';
import type { SiteFiles } from './site-files.ts';

const journalSchema = z.object({
  /** The commit before the changes; absent = an empty history. */
  commit: z.string().optional(),
  files: z.array(z.object({ file: z.string(), after: z.string().nullable() })),
});

/** What is under way on disk and was not acknowledged to anybody yet. */
export interface Journal {
  /** Notes the changes before the first of them is written. */
  begin(commit: string | undefined, changes: readonly PlannedChange[]): Promise<void>;
  /** Forgets them: they are live, or taken back. */
  end(): Promise<void>;
  /**
   * Takes back what a crash left half way: every file that still is as the interrupted change wrote it becomes what the
   * history says it was. A file that somebody changed since stays.
   *
   * @returns the files that were put back
   */
  recover(files: SiteFiles, history: History): Promise<string[]>;
}

/** The journal in `file`. */
export function createJournal(file: string): Journal {
  const end = async (): Promise<void> => {
    await unlink(file).catch(ignoreMissing);
    await syncDirectory(path.dirname(file));
  };
  return {
    async begin(commit, changes) {
      const files = changes.map(({ file, after }) => ({ file, after: after ? revisionOf(after) : null }));
      await atomicWrite(file, JSON.stringify({ ...(commit && { commit }), files }));
    },
    end,
    async recover(files, history) {
      const text = await readFile(file, 'utf8').catch(ignoreMissing);
      if (text === undefined) return [];
      const { commit, files: entries } = journalSchema.parse(JSON.parse(text));
      const restored: string[] = [];
      for (const { file: page, after } of entries) {
        const now = await files.read(page);
        if ((now ? revisionOf(now) : null) !== after) continue;
        const before = commit === undefined ? undefined : await history.show(commit, page);
        if (before) await files.write(page, before);
        else await files.remove(page);
        restored.push(page);
      }
      if (restored.length > 0) await history.commitFiles(restored, 'Take back a change that was interrupted');
      await end();
      return restored;
    },
  };
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
  return undefined;
}

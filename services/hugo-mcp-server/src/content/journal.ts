import { readFile, unlink } from 'node:fs/promises';
import path from 'node:path';
import { atomicWrite, removeLeftovers, syncDirectory } from '@arleo/core/fs/atomic-write';
import * as z from 'zod';

const entrySchema = z.object({
  /** The newest commit before the change. */
  base: z.string().optional(),
  /** Files that the change touches, and their revisions before and after; null is "not there". */
  files: z.array(z.object({ file: z.string(), before: z.string().nullable(), after: z.string().nullable() })),
});

/** A change that is being made. */
export type JournalEntry = z.infer<typeof entrySchema>;

/**
 * One file that says what is being changed, from before the first byte until the change is live or taken back. Found
 * at the start, it tells what a crash interrupted.
 */
export interface Journal {
  write(entry: JournalEntry): Promise<void>;
  clear(): Promise<void>;
  /** Undefined if nothing was under way. */
  read(): Promise<JournalEntry | undefined>;
}

export async function openJournal(file: string): Promise<Journal> {
  await removeLeftovers(file);
  return {
    write: (entry) => atomicWrite(file, JSON.stringify(entry)),
    async clear() {
      await unlink(file).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== 'ENOENT') throw error;
      });
      await syncDirectory(path.dirname(file));
    },
    async read() {
      const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined;
        throw error;
      });
      // It is written atomically: one that does not parse was not written by us.
      return text === undefined ? undefined : entrySchema.parse(JSON.parse(text));
    },
  };
}

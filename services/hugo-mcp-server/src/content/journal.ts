import { readFile, unlink } from 'node:fs/promises';
import path from 'node:path';
import { atomicWrite, removeLeftovers, syncDirectory } from '@arleo/core/fs/atomic-write';
import * as z from 'zod';
import { answerKeySchema } from './answers.ts';

const pageRefSchema = z.object({
  file: z.string(),
  route: z.string(),
  lang: z.string(),
  kind: z.enum(['bundle', 'single', 'section', 'home']),
});

const changeSchema = z.object({
  message: z.string(),
  author: z.object({ sub: z.string(), clientId: z.string(), requestId: z.string() }),
  /** The pages that it is about, as {@link PageChange}. */
  pages: z.array(
    z.object({
      page: pageRefSchema,
      revision: z.string().optional(),
      from: pageRefSchema.optional(),
      oldUrl: z.string().optional(),
    }),
  ),
  /**
   * Files that it touches, and their revisions before and after; null is "not there". `blob` names the bytes after it
   * in the history, where they have to be there before they are on disk.
   */
  files: z.array(
    z.object({
      file: z.string(),
      before: z.string().nullable(),
      after: z.string().nullable(),
      blob: z.string().optional(),
    }),
  ),
  /** What else its answer says, as {@link PlannedChange.notes}. */
  notes: z.record(z.string(), z.unknown()).optional(),
  /** Files that it moves as they are. */
  moves: z.array(z.object({ from: z.string(), to: z.string() })),
  /** The newest commit before it: what the files held before. */
  parent: z.string().optional(),
  /** The commit that holds it, from when it is made and as long as it is not taken back. */
  commit: z.string().optional(),
  /** Commits in which it was made before and taken back again, to be tried alone. */
  earlier: z.array(z.string()).optional(),
  /** True once its caller was told that it is committed and being built: then a crash must not take it back. */
  acknowledged: z.boolean().optional(),
  /** True while nothing of it is on disk: it was taken back with others, and its turn to be tried alone is to come. */
  waiting: z.boolean().optional(),
  /** The key under which its answer is kept. */
  key: answerKeySchema.optional(),
});

const entrySchema = z.object({ changes: z.array(changeSchema).min(1) });

/**
 * One change that is being made. It is waiting, or being written, or made: then it has its commit, and is live as soon
 * as what is live was built from that commit or a later one.
 */
export type JournalChange = z.infer<typeof changeSchema>;

/** The changes that are being made together. */
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

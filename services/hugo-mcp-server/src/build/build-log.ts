import { readFile } from 'node:fs/promises';
import { atomicWrite, removeLeftovers } from '@arleo/core/fs/atomic-write';
import * as z from 'zod';

const changeSchema = z.object({
  /** First line of its commit. */
  message: z.string(),
  commit: z.string(),
  /** What became of it; `pending` while it is being built. */
  outcome: z.enum(['pending', 'live', 'taken_back']),
  /** Why it was taken back. */
  error: z.string().optional(),
});

const recordSchema = z.object({
  /** Also the id of the release, if it went live. */
  id: z.string(),
  started_at: z.iso.datetime(),
  ended_at: z.iso.datetime().optional(),
  /** `interrupted`: the service ended before the build did. */
  state: z.enum(['running', 'live', 'failed', 'interrupted']),
  /** It was made because the date of a page had passed. */
  scheduled: z.literal(true).optional(),
  /** HTML files in the release. */
  pages: z.number().optional(),
  build_ms: z.number().optional(),
  /** Hugo's warnings, the first of them. */
  warnings: z.array(z.string()).optional(),
  error: z.object({ code: z.string(), message: z.string() }).optional(),
  /** The changes that it was made for; those of a failed build are tried again one by one, in builds of their own. */
  changes: z.array(changeSchema),
});

/** One build: when, what for, and how it ended. */
export type BuildRecord = z.infer<typeof recordSchema>;

/** The last builds, kept across restarts, so that whoever did not wait for one can be told how it ended. */
export interface BuildLog {
  /** The newest build, running or ended. */
  lastBuild(): BuildRecord | undefined;
  /** The newest first. */
  builds(): readonly BuildRecord[];
  /** The build of this id, running or ended; undefined if it is not kept any more. */
  find(id: string): BuildRecord | undefined;
  /** The newest build that a change is part of whose outcome is still open; undefined if it is settled. */
  openBuildOf(commit: string): string | undefined;
  /** Records that a build begins. */
  begin(
    id: string,
    changes: readonly { message: string; commit: string }[],
    why?: Pick<BuildRecord, 'scheduled'>,
  ): Promise<void>;
  /** Records how a build ended. Its changes are settled one by one, with {@link BuildLog.settle}. */
  end(id: string, result: Pick<BuildRecord, 'state' | 'pages' | 'build_ms' | 'warnings' | 'error'>): Promise<void>;
  /** Records what became of a change, in every build that it was part of. */
  settle(commit: string, outcome: 'live' | 'taken_back', error?: string): Promise<void>;
}

/** As many builds as are kept, and as many changes, warnings and characters of each. */
const maxBuilds = 20;
const maxChanges = 50;
const maxWarnings = 20;
const maxCharacters = 2000;

/** @param options.onError told when the file cannot be written: no build fails for its record */
export async function openBuildLog(options: {
  file: string;
  onError(message: string, error: unknown): void;
}): Promise<BuildLog> {
  const { file } = options;
  await removeLeftovers(file).catch(() => {});
  let records = await readRecords(file);
  records = records.map((record) => (record.state === 'running' ? { ...record, state: 'interrupted' } : record));

  let writing: Promise<void> = Promise.resolve();
  const save = (): Promise<void> => {
    writing = writing
      .then(() => atomicWrite(file, `${JSON.stringify(records)}\n`))
      .catch((error: unknown) => {
        options.onError('the log of builds cannot be written', error);
      });
    return writing;
  };
  const change = (id: string, with_: Partial<BuildRecord>) => {
    records = records.map((record) => (record.id === id ? { ...record, ...with_ } : record));
  };

  return {
    lastBuild: () => records[0],
    builds: () => records,
    find: (id) => records.find((record) => record.id === id),
    openBuildOf: (commit) =>
      records.find(({ changes }) => changes.some((one) => one.commit === commit && one.outcome === 'pending'))?.id,
    begin(id, changes, why = {}) {
      const made = changes.slice(0, maxChanges).map((one) => ({ ...one, outcome: 'pending' as const }));
      const started_at = new Date().toISOString();
      records = [{ id, started_at, state: 'running' as const, ...why, changes: made }, ...records].slice(0, maxBuilds);
      return save();
    },
    end(id, { warnings, error, ...result }) {
      change(id, {
        ...result,
        ended_at: new Date().toISOString(),
        ...(warnings === undefined ? {} : { warnings: warnings.slice(0, maxWarnings).map(cut) }),
        ...(error === undefined ? {} : { error: { code: error.code, message: cut(error.message) } }),
      });
      return save();
    },
    settle(commit, outcome, error) {
      records = records.map((record) => ({
        ...record,
        changes: record.changes.map((one) =>
          one.commit === commit ? { ...one, outcome, ...(error === undefined ? {} : { error: cut(error) }) } : one,
        ),
      }));
      return save();
    },
  };
}

async function readRecords(file: string): Promise<BuildRecord[]> {
  try {
    return z.array(recordSchema).parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    // Not there yet, or damaged by hand: it holds nothing that the site depends on.
    return [];
  }
}

function cut(text: string): string {
  return text.length <= maxCharacters ? text : `${text.slice(0, maxCharacters).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

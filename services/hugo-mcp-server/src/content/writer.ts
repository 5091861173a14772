import { ArleoError } from '@arleo/core/errors';
import { BuildError, type BuildResult } from '../build/build-site.ts';
import { applyEdits, undoEdits } from './apply-edits.ts';
import type { Library, Plan, PlannedChange } from './change.ts';
import type { ChangeAuthor, History } from './history.ts';
import type { Journal } from './journal.ts';
import { revisionOf } from './revision.ts';
import { MAX_FILE_BYTES } from './site-files.ts';

/** What became of a change. */
export interface Written<Change extends PlannedChange = PlannedChange> {
  planned: Change;
  /** The commit in the content history; undefined if there was nothing to change. */
  commit: string | undefined;
  /** The build that made it live; undefined if there was nothing to change. */
  build: BuildResult | undefined;
}

/** Told how far a change is. */
export type Progress = (message: string) => void;

/** The one writer of the site. */
export interface Writer {
  /**
   * Writes, commits, builds and puts live. Resolves when the change is live; rejects when it was refused or taken back,
   * and then neither the content nor the live site has it.
   *
   * @throws {@link ArleoError} of the change's plan, of the files, or of the build with Hugo's own lines
   */
  write<Change extends PlannedChange>(
    plan: Plan<Change>,
    author: ChangeAuthor,
    progress?: Progress,
  ): Promise<Written<Change>>;
  /** Builds what is there. @throws {@link ArleoError} of the build */
  build(progress?: Progress): Promise<BuildResult>;
  /**
   * Runs `act` when nothing else is under way, and nothing else begins before it has ended: for what changes the site
   * beside its content. `act` gets what builds the site as it is and puts it live.
   *
   * @throws what `act` throws; {@link ArleoError} `shutting_down`
   */
  alone<T>(act: (build: () => Promise<BuildResult>) => Promise<T>): Promise<T>;
  /** Takes what somebody changed by hand into the history, when nothing else waits. */
  adopt(): void;
  /** Resolves when nothing waits and nothing is under way; nothing new is taken after this. */
  close(): Promise<void>;
}

/** What the writer works with. */
export interface WriterOptions {
  library: Library;
  history: History;
  journal: Journal;
  /** Builds the site and puts it live. */
  publish(commit: string | undefined): Promise<BuildResult>;
  /** Puts right what was interrupted; the writer takes nothing on before it has succeeded. */
  recover(): Promise<void>;
  /** Told of failures, also of those that no caller is told of. */
  onError(message: string, error: unknown): void;
}

interface ChangeJob {
  plan: Plan;
  author: ChangeAuthor;
  progress: Progress;
  resolve(written: Written): void;
  reject(error: unknown): void;
}

interface BuildJob {
  plan?: undefined;
  progress: Progress;
  resolve(result: BuildResult): void;
  reject(error: unknown): void;
}

type Job = ChangeJob | BuildJob;

interface Applied {
  job: ChangeJob;
  planned: PlannedChange;
  commit: string | undefined;
}

/**
 * One loop, one change after the other, and nothing is written while Hugo reads. What arrives during a build shares the
 * next one. When a shared build fails, all of its changes are taken back and each is tried alone, so that one bad page
 * never costs anybody else's.
 */
export function createWriter(options: WriterOptions): Writer {
  const { library, history, journal, publish } = options;
  let waiting: Job[] = [];
  const alone: (() => Promise<void>)[] = [];
  let loop: Promise<void> | undefined;
  let adopting = false;
  let recovered = false;
  let closed = false;

  const prepare = async () => {
    if (!recovered) await options.recover();
    recovered = true;
    // What is on disk before a change is what the change can be taken back to.
    await history.commitFolders(
      library.site.facts().roots.map(({ dir }) => dir),
      (await history.head()) === undefined ? 'Content as it was found' : 'Changed by hand',
    );
  };

  /** The same for what is not content and is going to be changed: see {@link Plan.touches}. */
  const adoptTouched = async (jobs: readonly Job[]) => {
    const touched = jobs.flatMap(({ plan }) => plan?.touches?.(library) ?? []);
    const there: string[] = [];
    for (const file of new Set(touched)) if (await isThere(library, file)) there.push(file);
    await history.commitFiles(there, 'Files as they were found');
  };

  let base: string | undefined;
  const note = (changes: readonly PlannedChange[]) => {
    const files = changes.flatMap(({ edits }) =>
      edits.map(({ file, before, after }) => ({ file, before: revision(before), after: revision(after) })),
    );
    return journal.write({ ...(base === undefined ? {} : { base }), files });
  };

  /** Plans, writes and commits one change; what refuses it is told to its caller. */
  const apply = async (job: ChangeJob, before: readonly Applied[]): Promise<Applied | undefined> => {
    let planned: PlannedChange;
    try {
      planned = await job.plan(library);
    } catch (error) {
      job.reject(error);
      return undefined;
    }
    if (planned.edits.length === 0) {
      job.resolve({ planned, commit: undefined, build: undefined });
      return undefined;
    }
    try {
      await note([...before.map((one) => one.planned), planned]);
      await applyEdits(library, planned.edits);
      const commit = await history.commitFiles(filesOf(planned), planned.message, job.author);
      job.progress('Written and committed');
      return { job, planned, commit };
    } catch (error) {
      await undoEdits(library, planned.edits);
      await history.commitFiles(filesOf(planned), `Take back: ${planned.message}`, job.author);
      job.reject(notWritten(error));
      return undefined;
    }
  };

  const takeBack = async (applied: readonly Applied[]) => {
    for (const { planned, job } of [...applied].reverse()) {
      await undoEdits(library, planned.edits);
      await history.commitFiles(filesOf(planned), `Take back: ${planned.message}`, job.author);
    }
    await journal.clear();
  };

  const runBatch = async (jobs: readonly Job[]): Promise<void> => {
    await prepare();
    await adoptTouched(jobs);
    base = await history.head();
    const builds = jobs.filter((job): job is BuildJob => job.plan === undefined);
    const applied: Applied[] = [];
    for (const job of jobs) {
      const done = job.plan === undefined ? undefined : await apply(job, applied);
      if (done !== undefined) applied.push(done);
    }
    if (applied.length === 0) await journal.clear();
    const concerned = [...applied.map(({ job }) => job), ...builds];
    if (concerned.length === 0) return;
    try {
      for (const job of concerned) job.progress('Hugo is building the site');
      const build = await publish(await history.head());
      await journal.clear();
      for (const { job, planned, commit } of applied) job.resolve({ planned, commit, build });
      for (const job of builds) job.resolve(build);
    } catch (error) {
      await takeBack(applied);
      if (concerned.length === 1 || !(error instanceof BuildError)) {
        for (const { job } of applied) job.reject(takenBack(error));
        for (const job of builds) job.reject(withLines(error));
        return;
      }
      for (const { job } of applied) await runBatch([job]);
      if (builds.length > 0) await runBatch(builds);
    }
  };

  const run = async (): Promise<void> => {
    while (waiting.length > 0 || alone.length > 0 || adopting) {
      const act = alone.shift();
      if (act !== undefined) {
        await act();
        continue;
      }
      const jobs = waiting;
      waiting = [];
      adopting = false;
      try {
        if (jobs.length === 0) await prepare();
        else await runBatch(jobs);
      } catch (error) {
        // What is on disk may be half way: nothing more is taken on before it was put right.
        recovered = false;
        options.onError('the writer could not go on', error);
        for (const job of jobs) job.reject(notWritten(error));
      }
    }
    loop = undefined;
  };

  const enqueue = (job: Job) => {
    if (closed) return job.reject(stopping());
    waiting.push(job);
    loop ??= Promise.resolve().then(run);
  };

  return {
    write: <Change extends PlannedChange>(plan: Plan<Change>, author: ChangeAuthor, progress: Progress = () => {}) =>
      new Promise<Written<Change>>((resolve, reject) => {
        // What resolves a job is what its own plan gave.
        const done = (written: Written) => resolve(written as Written<Change>);
        enqueue({ plan, author, progress, resolve: done, reject });
      }),
    build: (progress = () => {}) => new Promise((resolve, reject) => enqueue({ progress, resolve, reject })),
    alone: (act) =>
      new Promise((resolve, reject) => {
        if (closed) return reject(stopping());
        // Only what builds needs the content put right first: `act` may be what mends the site's configuration.
        const build = async () => {
          await prepare();
          return publish(await history.head());
        };
        alone.push(() => Promise.resolve(build).then(act).then(resolve, reject));
        loop ??= Promise.resolve().then(run);
      }),
    adopt() {
      if (closed) return;
      adopting = true;
      loop ??= Promise.resolve().then(run);
    },
    async close() {
      closed = true;
      while (loop !== undefined) await loop;
    },
  };
}

function stopping(): ArleoError {
  return new ArleoError('shutting_down', 'The service is stopping. Try again in a moment.');
}

/** False also for what the change's own plan will refuse. */
async function isThere({ files }: Library, file: string): Promise<boolean> {
  const size = await files.size(file).catch(() => undefined);
  return size !== undefined && size <= MAX_FILE_BYTES;
}

function filesOf({ edits }: PlannedChange): string[] {
  return edits.map(({ file }) => file);
}

function revision(bytes: Buffer | undefined): string | null {
  return bytes === undefined ? null : revisionOf(bytes);
}

/** A disk that is full or read-only speaks in error codes; the caller gets a sentence. */
function notWritten(error: unknown): unknown {
  if (error instanceof ArleoError) return error;
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined) return error;
  return new ArleoError('write_failed', `The change could not be written (${code}). The page stays as it was.`, {
    cause: error,
    hint: "Check free space, permissions and mounts on the site's machine.",
  });
}

/** The build's failure as the author of the change reads it. */
function takenBack(error: unknown): unknown {
  if (!(error instanceof ArleoError)) return error;
  const hint = error instanceof BuildError ? 'Mend what Hugo says and try again.' : error.hint;
  return withLines(error, `${error.message} The change was taken back; nothing of it is on the site.`, hint);
}

/** The same error with Hugo's own lines in its message. */
function withLines(error: unknown, message?: string, hint?: string): unknown {
  if (!(error instanceof ArleoError)) return error;
  const lines = error instanceof BuildError ? error.lines : [];
  const text = [message ?? error.message, ...(lines.length === 0 ? [] : ['Hugo says:', ...lines])].join('\n');
  const advice = hint ?? error.hint;
  return new ArleoError(error.code, text, { cause: error, ...(advice === undefined ? {} : { hint: advice }) });
}

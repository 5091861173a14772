import path from 'node:path';
import { ArleoError } from '@arleo/core/errors';
import { BuildError, type BuildResult } from '../build/build-site.ts';
import type { Change, PlannedChange } from './change.ts';
import type { History } from './history.ts';
import type { Journal } from './journal.ts';
import type { PageIndex } from './page-index.ts';
import type { SiteFiles } from './site-files.ts';

/** What became of a change: written, committed and live are separate facts. */
export interface Written {
  planned: PlannedChange;
  /** The commit in the content history; undefined if the bytes were that already. */
  commit: string | undefined;
  build: BuildResult;
}

/** Told how far a change is. */
export type Progress = (step: 'waiting' | 'writing' | 'building' | 'live') => void;

/** The one writer of the site. */
export interface Writer {
  /**
   * Writes, commits, builds and puts live. Resolves when the change is live; rejects when it was refused or taken back,
   * and then neither the content nor the live site has it.
   *
   * @throws {@link ArleoError} of the change's plan, of the files, or of the build with Hugo's own lines
   */
  write(change: Change, progress?: Progress): Promise<Written>;
  /** Builds what is there. @throws as {@link Writer.write} */
  build(progress?: Progress): Promise<BuildResult>;
  /** Says that somebody else changed files: they enter the history before the next change. */
  changedByHand(): void;
  /** Resolves when nothing waits and nothing is under way; nothing new is taken after this. */
  close(): Promise<void>;
}

/** What the writer works with. */
export interface WriterOptions {
  files: SiteFiles;
  history: History;
  journal: Journal;
  index: PageIndex;
  roots: () => readonly string[];
  /** Builds the site and puts it live. */
  build: (commit: string | undefined) => Promise<BuildResult>;
}

interface Job {
  change: Change | undefined;
  progress: Progress;
  resolve: (written: Written | BuildResult) => void;
  reject: (error: unknown) => void;
}

interface Applied {
  job: Job;
  planned: PlannedChange;
  commit: string | undefined;
}

/**
 * One loop, one change after the other; nothing is written while Hugo reads. Everything that arrives during a build
 * shares the next one. When a shared build fails, all of its changes are taken back and each is tried alone, so that
 * one bad page never costs anybody else's.
 */
export function createWriter(options: WriterOptions): Writer {
  const { files, history, journal, index } = options;
  let waiting: Job[] = [];
  let loop: Promise<void> | undefined;
  let byHand = false;
  let closed = false;

  const apply = async (planned: PlannedChange): Promise<void> => {
    if (planned.after) await files.write(planned.file, planned.after);
    else await files.remove(planned.file);
  };

  const revert = async (applied: readonly Applied[]): Promise<void> => {
    for (const { planned } of [...applied].reverse()) {
      if (planned.before) await files.write(planned.file, planned.before);
      else {
        await files.remove(planned.file);
        await removeEmptyFolders(planned.file);
      }
    }
    const changed = applied.map(({ planned }) => planned.file);
    await history.commitFiles(changed, `Take back: ${applied.map(({ planned }) => planned.message).join('; ')}`);
    await index.refresh(changed.map((file) => path.posix.dirname(file)));
    await journal.end();
  };

  const removeEmptyFolders = async (file: string): Promise<void> => {
    for (let dir = path.posix.dirname(file); dir.includes('/'); dir = path.posix.dirname(dir)) {
      if (!(await files.removeEmptyDir(dir))) return;
    }
  };

  /** Plans, writes and commits one change; what it refuses is told to its caller. */
  const tryApply = async (job: Job, noted: PlannedChange[]): Promise<Applied | undefined> => {
    const { change } = job;
    if (!change) return undefined;
    try {
      job.progress('writing');
      const planned = await change.plan();
      noted.push(planned);
      await journal.begin(await history.head(), noted);
      await apply(planned);
      const commit = await history.commitFiles([planned.file], planned.message, change.author);
      if (!planned.after) await removeEmptyFolders(planned.file);
      await index.refresh([path.posix.dirname(planned.file)]);
      return { job, planned, commit };
    } catch (error) {
      job.reject(error);
      return undefined;
    }
  };

  const settle = (applied: readonly Applied[], builds: readonly Job[], build: BuildResult): void => {
    for (const { job, planned, commit } of applied) {
      job.progress('live');
      job.resolve({ planned, commit, build });
    }
    for (const job of builds) {
      job.progress('live');
      job.resolve(build);
    }
  };

  const buildNow = async (jobs: readonly Job[]): Promise<BuildResult> => {
    for (const job of jobs) job.progress('building');
    return options.build(await history.head());
  };

  const runBatch = async (jobs: readonly Job[]): Promise<void> => {
    if (byHand) {
      byHand = false;
      await history.commitFolders(options.roots(), 'Changed by hand');
      await index.refresh(options.roots());
    }
    const builds = jobs.filter((job) => !job.change);
    const applied: Applied[] = [];
    const noted: PlannedChange[] = [];
    for (const job of jobs) {
      const done = await tryApply(job, noted);
      if (done) applied.push(done);
    }
    if (applied.length === 0 && builds.length === 0) return;
    try {
      const build = await buildNow([...applied.map(({ job }) => job), ...builds]);
      await journal.end();
      settle(applied, builds, build);
    } catch (error) {
      await revert(applied);
      if (applied.length + builds.length === 1 || !(error instanceof BuildError)) {
        for (const job of [...applied.map(({ job }) => job), ...builds]) job.reject(takenBack(error, job));
        return;
      }
      for (const job of [...applied.map(({ job }) => job), ...builds]) await runBatch([job]);
    }
  };

  const run = async (): Promise<void> => {
    while (waiting.length > 0) {
      const jobs = waiting;
      waiting = [];
      try {
        await runBatch(jobs);
      } catch (error) {
        for (const job of jobs) job.reject(error);
      }
    }
    loop = undefined;
  };

  const enqueue = <Result>(change: Change | undefined, progress: Progress = () => undefined): Promise<Result> => {
    if (closed)
      return Promise.reject(new ArleoError('shutting_down', 'The service is stopping. Try again in a moment.'));
    return new Promise<Result>((resolve, reject) => {
      progress('waiting');
      waiting.push({ change, progress, resolve: resolve as Job['resolve'], reject });
      loop ??= Promise.resolve().then(run);
    });
  };

  return {
    write: (change, progress) => enqueue<Written>(change, progress),
    build: (progress) => enqueue<BuildResult>(undefined, progress),
    changedByHand() {
      byHand = true;
    },
    async close() {
      closed = true;
      while (loop) await loop;
    },
  };
}

/** The build's failure as the caller reads it: Hugo's own lines, and that the change is not there. */
function takenBack(error: unknown, job: Job): unknown {
  if (!(error instanceof ArleoError)) return error;
  const lines = error instanceof BuildError && error.lines.length > 0 ? `\n${error.lines.join('\n')}` : '';
  const hint = job.change
    ? 'The change was taken back; nothing of it is on the site. Mend what Hugo says and try again.'
    : (error.hint ?? 'Mend what Hugo says and build again.');
  return new ArleoError(error.code, `${error.message}${lines}`, { cause: error, hint });
}

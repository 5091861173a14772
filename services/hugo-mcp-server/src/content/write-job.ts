import type { BuildFacts } from '../build/build-site.ts';
import type { AnswerKey } from './answers.ts';
import type { Plan } from './change.ts';
import type { ChangeAuthor } from './history.ts';
import { outcomeUnknown, siteBusy } from './write-failure.ts';
import type { WriteOutcome } from './write-outcome.ts';

/** Told how far a change is. */
export type Progress = (message: string) => void;

/** How a build that somebody asked for ended, or that it is still under way. */
export type BuildOutcome = { build: BuildFacts; building?: undefined } | { build?: undefined; building: string };

interface JobBase {
  progress: Progress;
  /** True once its caller has an answer: what becomes of it later is told by the log of builds. */
  answered: boolean;
  /** True while nothing of it is on disk and nothing of it is being built. */
  waiting: boolean;
  /** Its caller was told that nothing of it was done: from then on nothing may be. */
  withdrawn: boolean;
  /** Its time is up; the batch that it is in answers as soon as it can. */
  overdue: boolean;
  /** Answers for the batch that it is in, while that is being built. */
  answerEarly?: (() => void) | undefined;
  timer: NodeJS.Timeout | undefined;
  reject(error: unknown): void;
}

/** A change on its way through the writer. */
export interface ChangeJob extends JobBase {
  plan: Plan;
  author: ChangeAuthor;
  key?: AnswerKey | undefined;
  /** Commits in which it was made, the newest last: only that one is not taken back. */
  commits: string[];
  resolve(outcome: WriteOutcome): void;
}

/** A build that somebody asked for. */
export interface BuildJob extends JobBase {
  plan?: undefined;
  /** It is made because the date of a page has passed. */
  scheduled?: true | undefined;
  resolve(outcome: BuildOutcome): void;
}

export type Job = ChangeJob | BuildJob;

/** Callers wait a minute at most. */
const graceMs = 8000;

/** What a job is at its beginning. */
export const freshJob = { answered: false, waiting: true, withdrawn: false, overdue: false, timer: undefined } as const;

/** Gives a job its answer, once. */
export function answer<Outcome>(job: JobBase & { resolve(outcome: Outcome): void }, outcome: Outcome): void {
  if (job.answered) return;
  job.answered = true;
  clearTimeout(job.timer);
  job.resolve(outcome);
}

/** Refuses a job, unless it was answered before. */
export function refuse(job: JobBase, error: unknown): void {
  if (job.answered) return;
  job.answered = true;
  clearTimeout(job.timer);
  job.reject(error);
}

/**
 * Sees to it that a job has an answer in time: one that waits is refused, for nothing of it was done; one that is being
 * built is answered before its build has ended. One that is being written gets a little longer, then nobody can tell.
 *
 * @param building the id of the build under way
 */
export function answerWithin(job: Job, ms: number, building: () => string | undefined): void {
  if (ms === Number.POSITIVE_INFINITY) return;
  const withdraw = () => {
    job.withdrawn = true;
    refuse(job, siteBusy(building()));
  };
  job.timer = setTimeout(() => {
    if (job.waiting) withdraw();
    else {
      job.overdue = true;
      job.answerEarly?.();
      const late = () => (job.waiting ? withdraw() : refuse(job, outcomeUnknown()));
      job.timer = setTimeout(late, graceMs);
      job.timer.unref();
    }
  }, ms);
  job.timer.unref();
}

import type { Answers } from './answers.ts';
import type { PlannedChange } from './change.ts';
import type { JournalChange } from './journal.ts';
import { answer, type BuildJob, type ChangeJob } from './write-job.ts';
import type { TellOutcome } from './write-outcome.ts';

/** A change that is on disk and not live yet. */
export interface Applied {
  job: ChangeJob;
  planned: PlannedChange;
  change: JournalChange;
}

/** Answers a whole batch before its build has ended, when the time of one of its calls is up. */
export interface EarlyAnswer {
  /** The build begins: from now on there may be an answer. */
  begin(id: string): void;
  /** Resolves when no answer is on its way any more. */
  done(): Promise<void>;
}

export interface EarlyAnswerOptions {
  applied: readonly Applied[];
  /** Those who asked for a build alone. */
  asked: readonly BuildJob[];
  answers: Answers;
  tellOutcome: TellOutcome;
  /** Makes it durable that the changes were acknowledged: from then on a crash must not take them back. */
  acknowledge(): Promise<void>;
  onAnswered(): void;
  onError(message: string, error: unknown): void;
}

/** @see {@link EarlyAnswer} */
export function createEarlyAnswer(options: EarlyAnswerOptions): EarlyAnswer {
  const { applied, asked, answers, tellOutcome } = options;
  let answering: Promise<void> | undefined;

  const answerAll = async (id: string) => {
    if (applied.length > 0) await options.acknowledge();
    for (const { job, change } of applied) {
      const outcome = await tellOutcome(change, undefined, id);
      if (job.key !== undefined) await answers.keep(job.key, outcome);
      answer(job, outcome);
    }
    for (const job of asked) answer(job, { building: id });
    options.onAnswered();
  };

  return {
    begin(id) {
      const now = () => {
        answering ??= answerAll(id).catch((error: unknown) => options.onError('callers could not be answered', error));
      };
      const jobs = [...applied.map(({ job }) => job), ...asked];
      for (const job of jobs) job.answerEarly = now;
      if (jobs.some(({ overdue }) => overdue)) now();
    },
    done: () => answering ?? Promise.resolve(),
  };
}

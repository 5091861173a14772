import { createRetry } from './retry.ts';
import { createBatches } from './write-batch.ts';
import { notWritten, stopping } from './write-failure.ts';
import { answerWithin, freshJob, type Job, refuse } from './write-job.ts';
import type { Writer, WriterOptions } from './writer-contract.ts';

/**
 * One loop, one change after the other, and nothing is written while Hugo reads. What arrives during a build shares the
 * next one.
 */
export function createWriter(options: WriterOptions): Writer {
  let waiting: Job[] = [];
  const alone: (() => Promise<void>)[] = [];
  let loop: Promise<void> | undefined;
  let adopting = false;
  let closed = false;
  const retry = createRetry(() => adopt());
  const batches = createBatches(options, () => closed);
  /** Ended by whatever wants a turn. */
  let tidying: AbortController | undefined;

  const tidy = async () => {
    if (closed || waiting.length + alone.length > 0) return;
    tidying = new AbortController();
    await options.history.tidy(tidying.signal).catch((error: unknown) => {
      options.onError('the content history could not be tidied up', error);
    });
    tidying = undefined;
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
        if (jobs.length > 0) await batches.run(jobs);
        else {
          await batches.prepare();
          await tidy();
        }
        retry.succeeded();
      } catch (error) {
        // What is on disk may be half way: nothing more is taken on before it was put right.
        batches.distrust();
        options.onError('the writer could not go on', error);
        for (const job of jobs) refuse(job, notWritten(error));
      }
    }
    loop = undefined;
    // What was acknowledged does not wait for somebody's next call.
    if (!batches.isWhole() && !closed) retry.later();
  };

  const adopt = () => {
    if (closed) return;
    adopting = true;
    loop ??= Promise.resolve().then(run);
  };

  const enqueue = (job: Job, withinMs = options.answerWithinMs) => {
    if (closed) return job.reject(stopping());
    waiting.push(job);
    tidying?.abort();
    answerWithin(job, withinMs, batches.building);
    loop ??= Promise.resolve().then(run);
  };

  return {
    write: (plan, { author, progress = () => {}, key }) =>
      new Promise((resolve, reject) =>
        enqueue({ ...freshJob, plan, author, progress, key, commits: [], resolve, reject }),
      ),
    build: (progress = () => {}, withinMs) =>
      new Promise((resolve, reject) => enqueue({ ...freshJob, progress, resolve, reject }, withinMs)),
    buildScheduled: () =>
      new Promise((resolve, reject) =>
        enqueue({ ...freshJob, scheduled: true, progress() {}, resolve, reject }, Number.POSITIVE_INFINITY),
      ),
    alone: (act) =>
      new Promise((resolve, reject) => {
        if (closed) return reject(stopping());
        const build = async () => {
          await batches.prepare();
          return batches.build();
        };
        alone.push(async () => {
          // What a crash left is finished with the site as it was. Where that cannot be done, `act` may be what mends it.
          await batches.prepare().catch((error: unknown) => {
            batches.distrust();
            options.onError('the content could not be put right before a pull', error);
          });
          await Promise.resolve(build).then(act).then(resolve, reject);
        });
        tidying?.abort();
        loop ??= Promise.resolve().then(run);
      }),
    adopt,
    async close() {
      closed = true;
      retry.close();
      tidying?.abort();
      // Nobody waits for this build, and a stop should not either.
      if (batches.owes()) options.stopBuilding();
      while (loop !== undefined) await loop;
    },
  };
}

/** Lets at most `threads` jobs run; what waits is bounded, and jobs in front go first. */
export interface BcryptQueue {
  /** Runs a job that may not be turned away: the re-verification of a token that is known to be good. */
  runFirst<T>(job: () => Promise<T>): Promise<T>;
  /** Runs a job after all of those, or returns undefined at once if too many wait. */
  run<T>(job: () => Promise<T>): Promise<T> | undefined;
}

/**
 * A queue in front of the worker pool. The pool has one of its own, but knows neither bound nor rank, and what it has
 * begun cannot be overtaken: so no more is handed to it than it has threads.
 *
 * @param options.threads how many jobs run at once
 * @param options.maxWaiting how many jobs of `run` may wait
 */
export function createBcryptQueue(options: { threads: number; maxWaiting: number }): BcryptQueue {
  const first: (() => void)[] = [];
  const rest: (() => void)[] = [];
  let running = 0;

  function next(): void {
    if (running >= options.threads) return;
    const start = first.shift() ?? rest.shift();
    if (start === undefined) return;
    running += 1;
    start();
  }

  function enqueue<T>(waiting: (() => void)[], job: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      waiting.push(() => {
        job()
          .then(resolve, reject)
          .finally(() => {
            running -= 1;
            next();
          });
      });
      next();
    });
  }

  return {
    runFirst: (job) => enqueue(first, job),
    run: (job) => (running >= options.threads && rest.length >= options.maxWaiting ? undefined : enqueue(rest, job)),
  };
}

/** Something that must have moved on before a moment. */
export interface Timed {
  /** The moment, on the clock of `performance.now()`; may be set anew at any time. */
  deadline: number;
  /** Called at the deadline or up to one tick later, again and again until the deadline is moved or the entry removed. */
  expired(now: number): void;
}

/** Watches the deadlines of all calls of a forwarder. */
export interface Deadlines {
  add(entry: Timed): void;
  delete(entry: Timed): void;
}

/**
 * One coarse clock for many deadlines. A call has four time limits and moves its deadline at every chunk; a timer for
 * each would be armed, refreshed and cleared thousands of times for one that fires.
 *
 * @param tickMs how late a deadline may be noticed, in milliseconds
 */
export function createDeadlines(tickMs: number): Deadlines {
  const entries = new Set<Timed>();
  let clock: NodeJS.Timeout | undefined;
  const tick = (): void => {
    if (entries.size === 0) {
      clearInterval(clock);
      clock = undefined;
      return;
    }
    const now = performance.now();
    for (const entry of entries) if (entry.deadline <= now) entry.expired(now);
  };
  return {
    add(entry) {
      entries.add(entry);
      // A process that has nothing else to wait for may end: the sockets of a call keep it alive long enough.
      clock ??= setInterval(tick, tickMs).unref();
    },
    delete(entry) {
      entries.delete(entry);
    },
  };
}

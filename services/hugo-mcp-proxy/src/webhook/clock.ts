/** The time, and what happens later. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls `act` after so many milliseconds; gives what prevents it. */
  after(milliseconds: number, act: () => void): () => void;
}

/** The clock on the wall. */
export const systemClock: Clock = {
  now: Date.now,
  after(milliseconds, act) {
    const timer = setTimeout(act, milliseconds);
    return () => clearTimeout(timer);
  },
};

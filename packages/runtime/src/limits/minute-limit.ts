/** That a key has used up its minute. */
export interface LimitReached {
  /** Whole seconds until the window ends, at least 1. */
  retryAfterSeconds: number;
  /** True for the first event beyond the limit: the one worth recording. */
  first: boolean;
}

/** How much was counted for keys of late. */
export interface MinuteLimit {
  /** Counts one event of `key`; undefined while it is within the limit. */
  count(key: string): LimitReached | undefined;
  /** What {@link count} would say of one more event, without counting it. */
  reached(key: string): LimitReached | undefined;
}

/** As many keys as are remembered: whoever sends from more addresses than this only makes the oldest be forgotten. */
const maxKeys = 10_000;

/**
 * Counts events by key in windows of one minute.
 *
 * @param perMinute events of one key in a minute that are within the limit
 * @param now milliseconds of a clock that nobody sets: if it went back, a window would not end
 */
export function createMinuteLimit(perMinute: number, now: () => number = () => performance.now()): MinuteLimit {
  const windows = new Map<string, { events: number; ends: number }>();
  const reached = (window: { events: number; ends: number } | undefined, time: number): LimitReached | undefined =>
    window && window.ends > time && window.events > perMinute
      ? {
          retryAfterSeconds: Math.max(1, Math.ceil((window.ends - time) / 1000)),
          first: window.events === perMinute + 1,
        }
      : undefined;
  return {
    count(key) {
      const time = now();
      let window = windows.get(key);
      if (!window || window.ends <= time) {
        windows.delete(key);
        if (windows.size >= maxKeys) windows.delete(windows.keys().next().value ?? '');
        window = { events: 0, ends: time + 60_000 };
        windows.set(key, window);
      }
      window.events += 1;
      return reached(window, time);
    },
    reached(key) {
      const window = windows.get(key);
      return reached(window && { events: window.events + 1, ends: window.ends }, now());
    },
  };
}

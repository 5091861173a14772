/** How often addresses failed of late. */
export interface FailureLimit {
  /**
   * Notes a failure of `key`.
   *
   * @returns undefined while the limit is not reached, else after how many seconds to try again
   */
  fail(key: string): { retryAfterSeconds: number; first: boolean; failures: number } | undefined;
}

/** As many keys as are remembered: an attacker with more addresses than this only makes us forget the oldest. */
const maxKeys = 10_000;

/**
 * Counts failures in windows of one minute. Only failures are counted, and only they are answered with "wait": whoever
 * shares an address with an attacker and has a good token is not slowed.
 *
 * @param perMinute failures of one key in a minute before it is told to wait
 */
export function createFailureLimit(perMinute: number, now: () => number = Date.now): FailureLimit {
  const windows = new Map<string, { failures: number; ends: number }>();
  return {
    fail(key) {
      const time = now();
      let window = windows.get(key);
      if (!window || window.ends <= time) {
        windows.delete(key);
        if (windows.size >= maxKeys) windows.delete(windows.keys().next().value ?? '');
        window = { failures: 0, ends: time + 60_000 };
        windows.set(key, window);
      }
      window.failures += 1;
      if (window.failures <= perMinute) return undefined;
      return {
        retryAfterSeconds: Math.max(1, Math.ceil((window.ends - time) / 1000)),
        first: window.failures === perMinute + 1,
        failures: window.failures,
      };
    },
  };
}

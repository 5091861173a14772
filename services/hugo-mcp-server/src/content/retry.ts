/** The first pause in milliseconds; each one is twice as long as the one before, up to the longest. */
const firstMs = 1000;
const longestMs = 60_000;

/** Does something again after a while, as long as it does not succeed. */
export interface Retry {
  /** It failed: it is done again after a pause, which grows each time. One that is planned already stays. */
  later(): void;
  /** It succeeded: the next pause is the first one again. */
  succeeded(): void;
  close(): void;
}

/** @see {@link Retry} A pause keeps no process alive. */
export function createRetry(again: () => void): Retry {
  let pauseMs = firstMs;
  let timer: NodeJS.Timeout | undefined;
  const cancel = () => {
    clearTimeout(timer);
    timer = undefined;
  };
  return {
    later() {
      if (timer !== undefined) return;
      timer = setTimeout(() => {
        timer = undefined;
        again();
      }, pauseMs);
      timer.unref();
      pauseMs = Math.min(2 * pauseMs, longestMs);
    },
    succeeded() {
      cancel();
      pauseMs = firstMs;
    },
    close: cancel,
  };
}

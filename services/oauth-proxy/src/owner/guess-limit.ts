import { createMinuteLimit, type LimitReached } from '@arleo/runtime/limits/minute-limit';

/** Who tries a passphrase. */
export interface Guesser {
  /** The client's address, or the block of addresses that are counted as one. */
  address: string;
  /** The browser, if the owner has logged in with it before. */
  knownBrowser?: string | undefined;
}

/** Slows down whoever guesses the passphrase. */
export interface GuessLimit {
  /** How long to wait, if there were too many wrong tries; `first` is true once a minute. */
  refused(guesser: Guesser): LimitReached | undefined;
  /** Counts a wrong try. */
  wrong(guesser: Guesser): void;
}

/** Wrong tries in a minute of one address, and of one known browser. */
export const WRONG_PER_MINUTE = 5;
/** Wrong tries in a minute of all unknown browsers together: many addresses guess hardly faster than a few. */
export const WRONG_PER_MINUTE_TOGETHER = 30;

/**
 * Counts wrong tries by address and all together. The owner is never locked out by the guesses of others: a browser with
 * which they logged in before has tries of its own, and elsewhere the first try of an address in a minute is always
 * heard.
 */
export function createGuessLimit(now: () => number = Date.now): GuessLimit {
  const byBrowser = createMinuteLimit(WRONG_PER_MINUTE, now);
  const byAddress = createMinuteLimit(WRONG_PER_MINUTE, now);
  const addressesHeard = createMinuteLimit(1, now);
  const together = createMinuteLimit(WRONG_PER_MINUTE_TOGETHER, now);
  return {
    refused({ address, knownBrowser }) {
      if (knownBrowser !== undefined) return byBrowser.reached(knownBrowser) && byBrowser.count(knownBrowser);
      if (byAddress.reached(address)) return byAddress.count(address);
      return addressesHeard.reached(address) && together.reached('') && together.count('');
    },
    wrong({ address, knownBrowser }) {
      if (knownBrowser !== undefined) {
        byBrowser.count(knownBrowser);
        return;
      }
      byAddress.count(address);
      addressesHeard.count(address);
      together.count('');
    },
  };
}

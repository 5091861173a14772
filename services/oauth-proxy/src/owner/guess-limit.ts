import type { LimitReached } from '@arleo/runtime/limits/minute-limit';
import { createGuessCounts, type GuessCounts } from './guess-counts.ts';
import { createLottery, type LotteryRules } from './lottery.ts';

/** Who tries a passphrase. */
export interface Guesser {
  /** The client's address, or the block of addresses that are counted as one. */
  address: string;
  /** The browser, if the owner has logged in with it before. */
  knownBrowser?: string | undefined;
}

/** Whether a try is heard. */
export type Admission =
  | {
      /** To be called when the try turned out to be no wrong one: it costs nothing then. */
      spare(): Promise<void>;
    }
  | {
      /** How long to wait; `first` is true once a minute. */
      refused: LimitReached;
    };

/** Slows down whoever guesses the passphrase. */
export interface GuessLimit {
  /**
   * Asks to be heard before the passphrase is looked at: what is sent at once is counted at once. May wait.
   *
   * @param gone aborted when nobody waits for the answer any more
   */
  admit(guesser: Guesser, gone?: AbortSignal): Promise<Admission>;
}

/** Wrong tries in a minute of one address, and of one known browser. */
export const WRONG_PER_MINUTE = 5;

/** Wrong tries of all unknown browsers together: in no 60 seconds are there more than 6 + 24 = 30. */
export const UNKNOWN_BROWSERS: Readonly<LotteryRules> = {
  atOnce: 6,
  everyMs: 2_500,
  waitMs: 20_000,
  maxWaiting: 500,
};

/**
 * The same where a code is asked for, too. Of the million that there are three are right at a time, so whoever knows the
 * passphrase has to be slowed much more: with 3 guesses in a minute, all of a day's hit with a chance of 1.3 %.
 */
export const UNKNOWN_BROWSERS_WITH_CODE: Readonly<LotteryRules> = {
  atOnce: 6,
  everyMs: 20_000,
  // Longer than from one draw to the next, so that everybody is in one at least.
  waitMs: 25_000,
  maxWaiting: 500,
};

/** Seconds after which somebody who was not drawn may try again: at once, as good as any other time. */
const notDrawnSeconds = 5;

/**
 * Counts wrong tries by address and all together. The owner is never locked out by the guesses of others: a browser with
 * which they logged in before has tries of its own, and everywhere else lots are drawn when more want to try than may.
 */
export function createGuessLimit(
  now: () => number = () => performance.now(),
  rules: LotteryRules = UNKNOWN_BROWSERS,
  random: () => number = Math.random,
  counts: GuessCounts = createGuessCounts(WRONG_PER_MINUTE, now),
): GuessLimit {
  const lottery = createLottery(rules, counts.turns(rules), random);
  let reported = Number.NEGATIVE_INFINITY;

  const notDrawn = (): LimitReached => {
    const first = now() - reported >= 60_000;
    if (first) reported = now();
    return { retryAfterSeconds: notDrawnSeconds, first };
  };
  return {
    async admit({ address, knownBrowser }, gone) {
      const kind = knownBrowser === undefined ? 'address' : 'browser';
      const key = knownBrowser ?? address;
      const refused = await counts.reserve(kind, key);
      if (refused) return { refused };
      if (knownBrowser !== undefined) return { spare: () => counts.giveBack(kind, key) };
      if (!(await lottery.turn(address, gone))) {
        await counts.giveBack(kind, key);
        return { refused: notDrawn() };
      }
      return {
        async spare() {
          await Promise.all([counts.giveBack(kind, key), lottery.giveBack()]);
        },
      };
    },
  };
}

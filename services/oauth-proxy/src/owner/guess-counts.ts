import type { LimitReached } from '@arleo/runtime/limits/minute-limit';
import type { LotteryRules } from './lottery.ts';
import { createReservedLimit } from './reserved-limit.ts';
import { createTurns, type Turns } from './turns.ts';

/** Whose wrong tries are counted: of an address, or of a browser that the owner has used. */
export type GuesserKind = 'address' | 'browser';

/** How often passphrases were guessed of late, in the memory of this service or where several count together. */
export interface GuessCounts {
  /** Takes a place of this minute before it is known whether it counts; how long to wait when there is none. */
  reserve(kind: GuesserKind, key: string): Promise<LimitReached | undefined>;
  /** Gives the place back. */
  giveBack(kind: GuesserKind, key: string): Promise<void>;
  /** The turns of all unknown browsers together. */
  turns(rules: LotteryRules): Turns;
}

/** Counts in memory. @param perMinute wrong tries of one guesser in a minute */
export function createGuessCounts(perMinute: number, now: () => number = () => performance.now()): GuessCounts {
  const limits = { address: createReservedLimit(perMinute, now), browser: createReservedLimit(perMinute, now) };
  return {
    reserve: async (kind, key) => limits[kind].reserve(key),
    giveBack: async (kind, key) => limits[kind].giveBack(key),
    turns: (rules) => createTurns(rules, now),
  };
}

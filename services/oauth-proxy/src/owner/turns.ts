import type { LotteryRules } from './lottery.ts';

/** Turns that come at a steady rate. */
export interface Turns {
  /** Takes one, if there is one. */
  take(): boolean | Promise<boolean>;
  /** Gives one back that did no harm. */
  giveBack(): void | Promise<void>;
  /** After how many milliseconds it is worth looking again. */
  nextMs(): number;
}

/**
 * Turns that are counted in memory.
 *
 * @param now milliseconds of a clock; if that is set back, none of the turns is lost
 */
export function createTurns({ atOnce, everyMs }: LotteryRules, now: () => number = () => performance.now()): Turns {
  let turns = atOnce;
  let counted = now();
  return {
    take() {
      counted = Math.min(counted, now());
      const fresh = Math.floor((now() - counted) / everyMs);
      counted += fresh * everyMs;
      turns = Math.min(atOnce, turns + fresh);
      if (turns < 1) return false;
      turns -= 1;
      return true;
    },
    giveBack() {
      turns = Math.min(atOnce, turns + 1);
    },
    nextMs: () => Math.min(everyMs, Math.max(1, counted + everyMs - now())),
  };
}

import type { Found } from '../trail.ts';

/** What a signature of one host may be off for the other is a minute; half of it is time to act. Dates have whole seconds. */
const WARN_SECONDS = 30;

/**
 * What is wrong between two clocks.
 *
 * @param date the `Date` header of an answer (RFC 9110 section 6.6.1)
 * @param at when it came, by the clock of this machine, in milliseconds
 */
export function judgeClock(date: string | undefined, at: number, whose: string): Found[] {
  const theirs = Date.parse(date ?? '');
  if (!Number.isFinite(theirs)) return [];
  const seconds = Math.round((theirs - at) / 1000);
  if (Math.abs(seconds) <= WARN_SECONDS) return [];
  const way = seconds > 0 ? 'ahead of' : 'behind';
  return [
    { code: 'clock_skew', says: `the clock of ${whose} is ${Math.abs(seconds)} s ${way} the one of this machine` },
  ];
}

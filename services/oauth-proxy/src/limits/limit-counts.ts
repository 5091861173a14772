import { createMinuteLimit, type MinuteLimit } from '@arleo/runtime/limits/minute-limit';
import type { Store } from 'express-rate-limit';
import { createGuessCounts, type GuessCounts } from '../owner/guess-counts.ts';
import { createSharedGuessCounts } from '../owner/shared-guess-counts.ts';
import type { AskRedis } from '../state/open-state.ts';
import { createSharedMinuteLimit } from './shared-minute-limit.ts';
import { createSharedRequestStore } from './shared-request-store.ts';

/** Where it is counted what limits look at: in the memory of this service, or together with others in Redis. */
export interface LimitCounts {
  /** @param name keeps it apart from other limits */
  minute(name: string, perMinute: number): MinuteLimit;
  /** For express-rate-limit; undefined means its own memory. */
  requests(name: string): Store | undefined;
  /** @param perMinute wrong tries of one guesser in a minute */
  guesses(name: string, perMinute: number): GuessCounts;
}

/** @param ask the Redis that is shared, if there is one */
export function openLimitCounts(ask: AskRedis | undefined): LimitCounts {
  if (ask === undefined) {
    return {
      minute: (_name, perMinute) => createMinuteLimit(perMinute),
      requests: () => undefined,
      guesses: (_name, perMinute) => createGuessCounts(perMinute),
    };
  }
  return {
    minute: (name, perMinute) => createSharedMinuteLimit(name, perMinute, ask),
    requests: (name) => createSharedRequestStore(name, ask),
    guesses: (name, perMinute) => createSharedGuessCounts(name, perMinute, ask),
  };
}

import { addressKey } from '@arleo/core/tokens/attempt-limiter';
import { createMinuteLimit } from '@arleo/runtime/limits/minute-limit';

/** Fetches in a minute that one client address can cause. */
export const FETCHES_PER_ADDRESS = 10;
/** And all together. */
export const FETCHES_PER_MINUTE = 60;
/** Fetches at the same time. */
export const FETCHES_AT_ONCE = 8;

/** Says whether one more document may be fetched. */
export interface FetchAdmission {
  /** @returns undefined if not now, else to be called when the fetch has ended */
  admit(address: string | undefined): (() => void) | undefined;
}

/** Keeps this server from being made to send requests at the pace of whoever asks. */
export function createFetchAdmission(now: () => number = () => performance.now()): FetchAdmission {
  const perAddress = createMinuteLimit(FETCHES_PER_ADDRESS, now);
  const all = createMinuteLimit(FETCHES_PER_MINUTE, now);
  let running = 0;
  return {
    admit(address) {
      if (running >= FETCHES_AT_ONCE) return undefined;
      if (address !== undefined && perAddress.count(addressKey(address))) return undefined;
      if (all.count('')) return undefined;
      running += 1;
      return () => {
        running -= 1;
      };
    },
  };
}

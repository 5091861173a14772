import type { LimitReached } from '@arleo/runtime/limits/minute-limit';

/** A limit by key in which a place is taken before it is known whether it counts. */
export interface ReservedLimit {
  /** Takes a place of this minute; how long to wait when there is none. */
  reserve(key: string): LimitReached | undefined;
  /** Gives the place back. */
  giveBack(key: string): void;
}

/** As many keys as are remembered. */
const maxKeys = 10_000;

/** @param perMinute places of one key in a minute, which begins with the first */
export function createReservedLimit(perMinute: number, now: () => number = () => performance.now()): ReservedLimit {
  const windows = new Map<string, { taken: number; refused: boolean; ends: number }>();
  return {
    reserve(key) {
      const time = now();
      let window = windows.get(key);
      if (!window || window.ends <= time) {
        windows.delete(key);
        if (windows.size >= maxKeys) windows.delete(windows.keys().next().value ?? '');
        window = { taken: 0, refused: false, ends: time + 60_000 };
        windows.set(key, window);
      }
      if (window.taken >= perMinute) {
        const first = !window.refused;
        window.refused = true;
        return { retryAfterSeconds: Math.max(1, Math.ceil((window.ends - time) / 1000)), first };
      }
      window.taken += 1;
      return undefined;
    },
    giveBack(key) {
      const window = windows.get(key);
      if (window && window.taken > 0) window.taken -= 1;
    },
  };
}

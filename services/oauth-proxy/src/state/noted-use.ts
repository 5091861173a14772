/** How exactly the last use of a grant is known. */
const useEveryMs = 60_000;
/** As many grants as it is remembered of in memory. */
const maxNoted = 1_000;
/** Longer than a grant lives that is not used. */
const keepUseMs = 61 * 24 * 60 * 60_000;

/** Notes when grants were last used. */
export interface UseNote {
  /** Notes a use, at most once a minute for each grant, without waiting; it is no harm when that fails. */
  note(grantId: string): void;
  /** Resolves when all that is noted is stored. */
  settled(): Promise<void>;
}

/** @param store stores the time of a use, in milliseconds since 1970, for `keepMs` */
export function createUseNote(
  now: () => number,
  store: (grantId: string, time: number, keepMs: number) => Promise<unknown>,
): UseNote {
  const noted = new Map<string, number>();
  const pending = new Set<Promise<unknown>>();
  return {
    note(grantId) {
      const time = now();
      if (time - (noted.get(grantId) ?? 0) < useEveryMs) return;
      if (noted.size >= maxNoted) noted.clear();
      noted.set(grantId, time);
      const stored: Promise<unknown> = store(grantId, time, keepUseMs)
        .catch(() => undefined)
        .finally(() => pending.delete(stored));
      pending.add(stored);
    },
    async settled() {
      await Promise.all(pending);
    },
  };
}

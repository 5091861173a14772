/** Latencies of a paced load. */
export interface PacedResult {
  sent: number;
  failed: number;
  /** Milliseconds. */
  p50: number;
  /** Milliseconds. */
  p99: number;
}

/**
 * Calls `send` at a steady rate whatever the answers take (open loop), so that a slow answer cannot hide the load behind it.
 *
 * @param send makes one request; resolves to whether the answer was the expected one
 */
export async function paced(
  options: { perSecond: number; seconds: number },
  send: (index: number) => Promise<boolean>,
): Promise<PacedResult> {
  const total = Math.round(options.perSecond * options.seconds);
  const latencies: number[] = [];
  const pending: Promise<void>[] = [];
  let failed = 0;
  const start = performance.now();
  for (let index = 0; index < total; ) {
    const due = Math.min(total, Math.floor(((performance.now() - start) / 1000) * options.perSecond) + 1);
    for (; index < due; index += 1) {
      const began = performance.now();
      pending.push(
        send(index).then(
          (ok) => {
            latencies.push(performance.now() - began);
            if (!ok) failed += 1;
          },
          () => {
            failed += 1;
          },
        ),
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(pending);
  latencies.sort((a, b) => a - b);
  return { sent: total, failed, p50: percentile(latencies, 0.5), p99: percentile(latencies, 0.99) };
}

/** The value below which `share` of the sorted values lie. */
export function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

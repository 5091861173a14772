import { HOPS, type Hop } from '@arleo/core/errors';

/**
 * The milliseconds that each hop took for itself, from a `Server-Timing` whose entries each hold those of the hops behind.
 * Entries of others are left out.
 */
export function timePerHop(header: string | null | undefined): Partial<Record<Hop, number>> {
  const whole = new Map<string, number>();
  for (const [, name = '', ms = ''] of (header ?? '')
    .slice(0, 2_000)
    .matchAll(/([\w-]+);dur=(\d{1,9}(?:\.\d{1,3})?)/g)) {
    whole.set(name, Number(ms));
  }
  const own: Partial<Record<Hop, number>> = {};
  let behind = 0;
  for (const hop of HOPS.toReversed()) {
    const ms = whole.get(hop);
    if (ms === undefined) continue;
    own[hop] = Math.max(0, Math.round((ms - behind) * 10) / 10);
    behind = ms;
  }
  return own;
}

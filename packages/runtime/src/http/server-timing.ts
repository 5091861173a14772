import type { Hop } from '@arleo/core/errors';

/**
 * The `Server-Timing` value of this hop: the entries of the hops behind it, then its own, milliseconds since
 * `startedAt`.
 *
 * @see [Server Timing](https://www.w3.org/TR/server-timing/)
 */
export function serverTiming(behind: string | string[] | undefined, hop: Hop, startedAt: number): string {
  const own = `${hop};dur=${(performance.now() - startedAt).toFixed(1)}`;
  return behind === undefined ? own : `${String(behind)}, ${own}`;
}

import { MAX_LIFETIME_MS } from '@arleo/core/tokens/manage';
import { UsageError } from './usage-error.ts';

const units: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * Milliseconds of a duration such as `30s`, `10m`, `1h` or `90d`, up to 10 years.
 *
 * @param option the option that it is the value of, for the message
 * @throws {@link UsageError}
 */
export function parseDuration(text: string, option: string): number {
  const [, count = '', unit = ''] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  const milliseconds = Number(count) * (units[unit] ?? Number.NaN);
  if (milliseconds > 0 && milliseconds <= MAX_LIFETIME_MS) return milliseconds;
  throw new UsageError(
    `${option} ${JSON.stringify(text.slice(0, 40))} is not a duration between 1s and 10 years.`,
    'Write a number and s, m, h or d: 30s, 10m, 1h, 90d.',
  );
}

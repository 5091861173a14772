import { UsageError } from '../usage-error.ts';

/** The number given for an option, `fallback` if none is. @throws {@link UsageError} */
export function parseCount(value: unknown, option: string, fallback: number, [least, most]: [number, number]): number {
  if (value === undefined) return fallback;
  const number = /^\d{1,7}$/.test(String(value)) ? Number(value) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw new UsageError(`${option} has to be a number from ${least} to ${most}.`, 'Give another.');
}

import { offsetMinutes } from './site-facts.ts';

const pattern =
  /^\s*(\d{4})-(\d\d)-(\d\d)(?:[Tt ]+(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?\s*(?:([Zz])|([+-])(\d\d):?(\d\d))?\s*$/;

/**
 * The moment that a date in front matter means, in milliseconds since 1970; undefined if it is none. A date without an
 * offset is in the site's time zone, or in UTC if the site sets none, as Hugo reads it.
 */
export function momentOf(text: string | undefined, timeZone: string | undefined): number | undefined {
  const match = text === undefined ? null : pattern.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour = 0, minute = 0, second = 0, fraction = '', zulu, sign, offsetHours, offsetMins] =
    match;
  const local = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
  // What is no day rolls over into another one, which nobody wrote.
  if (new Date(local).getUTCDate() !== Number(day) || Number(month) > 12 || Number(hour) > 23) return undefined;
  const utc = local + Math.trunc(Number(`0.${fraction || 0}`) * 1000);
  if (zulu !== undefined) return utc;
  if (sign !== undefined) {
    const offset = Number(offsetHours) * 60 + Number(offsetMins);
    return utc - (sign === '-' ? -offset : offset) * 60_000;
  }
  if (timeZone === undefined) return utc;
  // The offset at the moment that is looked for: a second look settles the hours around a change of the clocks.
  const guess = utc - offsetMinutes(timeZone, new Date(utc)) * 60_000;
  return utc - offsetMinutes(timeZone, new Date(guess)) * 60_000;
}

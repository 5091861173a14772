import { type InvisibleCharacter, withVisibleCharacters } from '@arleo/core/content/text';
import * as z from 'zod';
import { jsonLength, type TextRange } from '../content/page-range.ts';
import type { PageAddress } from '../content/reader.ts';

/**
 * Characters that a result may have as JSON, its text and its structured form together. Clients take about 150,000; the
 * rest is room for what stands around it.
 */
export const resultBudget = 90_000;

/** How a page stands on disk. */
export const kindShape = z.enum(['bundle', 'single', 'section', 'home']);

/** A page named in a result about something else. */
export const addressShape = z.object({
  route: z.string(),
  lang: z.string(),
  title: z.string(),
  url: z.string().nullable(),
});

/** What {@link addressShape} says of a page. */
export function addressFacts({ page, url }: PageAddress): z.output<typeof addressShape> {
  return { route: page.route, lang: page.lang, title: short(page.title), url: url ?? null };
}

/** Invisible characters in a result. */
export const invisibleShape = z
  .array(z.object({ character: z.string(), count: z.number(), first_line: z.number() }))
  .describe('Bidirectional controls, tag characters and other invisible ones: text that people do not see.');

/** A warning about invisible characters, or nothing. */
export function invisibleText(found: readonly InvisibleCharacter[]): string[] {
  if (found.length === 0) return [];
  const list = found.map(({ character, count, first_line }) => `${character} ×${count} (first in line ${first_line})`);
  return [`Careful, it holds characters that people do not see: ${list.join(', ')}.`];
}

/** Texts of the site are cut to this where they stand in lists, so that a list stays short whatever somebody wrote. */
const maxText = 200;

/** A text of the site as one short line, with everything invisible in it written out. */
export function short(text: string): string {
  const line = withVisibleCharacters(
    text
      .slice(0, 4 * maxText)
      .replace(/\s+/g, ' ')
      .trim(),
  );
  return line.length <= maxText ? line : `${whole(line.slice(0, maxText))}…`;
}

function whole(text: string): string {
  return /[\ud800-\udbff]$/.test(text) ? text.slice(0, -1) : text;
}

/**
 * As many items from the beginning as a result can carry, at least one.
 *
 * @param cost what an item adds to the result: its structured form, its line of text
 */
export function fitting<T>(items: readonly T[], cost: (item: T) => unknown, budget = resultBudget): T[] {
  let used = 0;
  const fit = items.findIndex((item, i) => {
    used += jsonLength(JSON.stringify(cost(item)));
    return used > budget && i > 0;
  });
  return fit === -1 ? [...items] : items.slice(0, fit);
}

/** As many lines from the beginning as a text result can carry, and how many more there are. */
export function someLines(lines: readonly string[], budget: number, what: string): string[] {
  const shown = fitting(lines, (line) => line, budget);
  const left = lines.length - shown.length;
  return left === 0 ? shown : [...shown, `and ${left} more ${what}`];
}

/** The same in one line, with commas. */
export function someNames(names: readonly string[], budget: number): string {
  const shown = fitting(names, (name) => name, budget);
  const left = names.length - shown.length;
  return `${shown.join(', ')}${left === 0 ? '' : ` and ${left} more`}`;
}

/** Where a list goes on, in its structured result. */
export const nextCursorShape = z
  .string()
  .nullable()
  .describe('Give it as cursor to get the next part; null at the end.');

/** The line of a text result that says how a list goes on; none at its end. */
export function moreLines(cursor: string | undefined): string[] {
  return cursor === undefined ? [] : [`There are more: call again with cursor "${cursor}".`];
}

/** The line of a text result that says which part of a text follows, and how to get the next; none if all of it does. */
export function partLines(whole: string, { text, first, last, totalLines, next }: TextRange, warning = ''): string[] {
  if (text.length === whole.length) return [];
  const more = next === undefined ? '' : ` For the next part: from_line ${next.line}, from_column ${next.column}.`;
  return [`Lines ${first} to ${last} of ${totalLines} follow${warning}.${more}`];
}

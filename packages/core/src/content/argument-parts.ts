import * as z from 'zod';
import {
  CONTENT_MAX_BYTES,
  CURSOR_MAX_LENGTH,
  EDITS_MAX_COUNT,
  LANG_PATTERN,
  REVISION_MAX_LENGTH,
  ROUTE_MAX_LENGTH,
  TAG_MAX_LENGTH,
  TAGS_MAX_COUNT,
  TITLE_MAX_LENGTH,
} from './limits.ts';
import { HOME_ROUTE, routeProblem } from './route.ts';
import { codePointName, deceptiveCharacter, unstorableCharacter } from './text.ts';

// The JSON schemas made from these go to the client, which drops one over 16 KiB or with anyOf/oneOf/allOf at its top:
// rules across fields are checks, which leave no trace in the JSON schema, and their messages tell the model what to do.

/** A check of one string by a function that gives what is wrong with it, or undefined. */
export function sound(problem: (text: string) => string | undefined): (text: string, context: z.RefinementCtx) => void {
  return (text, context) => {
    const message = problem(text);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  };
}

/** A route of which only the length is checked yet. */
export const routeText = z.string().min(1).max(ROUTE_MAX_LENGTH);

/** The route of a page that is not the home page. */
export const pageRoute = routeText
  .superRefine(sound(routeProblem))
  .describe(
    'Path of the page below content/, without language, file name or slashes at the ends: "posts/my-first-post".',
  );

/** The route of any page. */
export const pageOrHomeRoute = routeText
  .superRefine(sound((route) => (route === HOME_ROUTE ? undefined : routeProblem(route))))
  .describe('Path of the page below content/: "posts/my-first-post". "/" is the home page.');

/** A language. */
export const langText = z
  .string()
  .regex(LANG_PATTERN, 'A language is a code in lower case, as the site configures it: "fr", "en", "pt-br".');

/** The language of the one page that a tool is about. */
export const lang = langText.describe('Language of the page as the site configures it: "fr", "en".');

function lineProblem(what: string): (text: string) => string | undefined {
  return (text) => {
    const character = deceptiveCharacter(text);
    if (character !== undefined) {
      return `The ${what} contains ${codePointName(character)}, a control, bidirectional or invisible character. Leave it out.`;
    }
    return text.trim() === '' ? `The ${what} is empty. Give it at least one visible character.` : undefined;
  };
}

/** A page's title. */
export const title = z
  .string()
  .min(1)
  .max(TITLE_MAX_LENGTH)
  .superRefine(sound(lineProblem('title')))
  .describe('Title of the page: one line of plain text.');

/** A page's tags. */
export const tags = z
  .array(
    z
      .string()
      .min(1)
      .max(TAG_MAX_LENGTH)
      .superRefine(sound(lineProblem('tag'))),
  )
  .max(TAGS_MAX_COUNT)
  .describe('All tags of the page; they replace the ones it has.');

/** Whether a page is a draft. */
export const draft = z.boolean().describe('true keeps the page off the public site.');

/** Text that can stand in a page's body. */
const bodyText = z
  .string()
  .max(CONTENT_MAX_BYTES)
  .superRefine(
    sound((text) => {
      const bytes = Buffer.byteLength(text);
      if (bytes > CONTENT_MAX_BYTES) {
        return `The content has ${bytes} bytes; at most ${CONTENT_MAX_BYTES} are allowed. Split it into several pages.`;
      }
      const character = unstorableCharacter(text);
      return character === undefined
        ? undefined
        : `The content contains ${codePointName(character)}, which cannot be stored. Leave it out.`;
    }),
  );

/** A page's body. */
export const content = bodyText.describe('Body of the page in Markdown, whole, without front matter. At most 512 KiB.');

/** Replacements in a page's body, one after the other. */
export const edits = z
  .array(
    z.strictObject({
      find: bodyText
        .min(1, 'The text to find is empty. Give enough of the page to be there once.')
        .describe('Text that is in the body exactly once, letter for letter; take in its surroundings if need be.'),
      replace: bodyText.describe('What stands there instead; empty deletes it.'),
    }),
  )
  .min(1, 'There are no edits. Give at least one pair of find and replace.')
  .max(EDITS_MAX_COUNT);

/** The revision that a page must have for a change to be made. */
export const expectedRevision = z
  .string()
  .min(1)
  .max(REVISION_MAX_LENGTH)
  .describe('Revision that you last read. If the page was changed since, nothing is done and you are told.');

/** What every write takes beside its own arguments. */
export const everyWrite = {
  dry_run: z.boolean().optional().describe('true tells what would change, with a diff, and changes nothing.'),
  idempotency_key: z
    .string()
    .regex(/^[\x21-\x7e]{8,128}$/, 'A key has 8 to 128 visible ASCII characters without spaces, like a UUID.')
    .optional()
    .describe('A name of your own for this call, like a UUID: sent again within a day, it gives the first answer.'),
} as const;

/** The revision of a page that must not be there yet. */
export const ABSENT_REVISION = 'absent';

/** Where the answer before ended. */
export const cursor = z
  .string()
  .min(1)
  .max(CURSOR_MAX_LENGTH)
  .describe('next_cursor of the answer before, to go on from there.');

/** An object that takes these arguments and no others, and says which there are when it gets another. */
export function strictArgs<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const names = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) => {
      if (issue.code !== 'unrecognized_keys') return undefined;
      const unknown = issue.keys.map((key) => JSON.stringify(key.slice(0, 100))).join(', ');
      return `Unknown: ${unknown}. ${names.length === 0 ? 'This tool takes no arguments.' : `The arguments are: ${names.join(', ')}.`}`;
    },
  });
}

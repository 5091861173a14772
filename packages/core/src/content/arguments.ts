import * as z from 'zod';
import { type FrontMatterFields, frontMatterProblem } from './front-matter-rules.ts';
import {
  ARGUMENT_FRONT_MATTER_KEYS,
  CONTENT_MAX_BYTES,
  CURSOR_MAX_LENGTH,
  LANG_PATTERN,
  LIST_DEFAULT_LIMIT,
  LIST_MAX_LIMIT,
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
function sound(problem: (text: string) => string | undefined): (text: string, context: z.RefinementCtx) => void {
  return (text, context) => {
    const message = problem(text);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  };
}

const routeText = z.string().min(1).max(ROUTE_MAX_LENGTH);

const pageRoute = routeText
  .superRefine(sound(routeProblem))
  .describe(
    'Path of the page below content/, without language, file name or slashes at the ends: "posts/my-first-post".',
  );

const pageOrHomeRoute = routeText
  .superRefine(sound((route) => (route === HOME_ROUTE ? undefined : routeProblem(route))))
  .describe('Path of the page below content/: "posts/my-first-post". "/" is the home page.');

const langText = z.string().regex(LANG_PATTERN, 'A language is 2 or 3 lower-case letters, like "fr" or "en".');

const lang = langText.describe('Language of the page as the site configures it: "fr", "en".');

function lineProblem(what: string): (text: string) => string | undefined {
  return (text) => {
    const character = deceptiveCharacter(text);
    if (character !== undefined) {
      return `The ${what} contains ${codePointName(character)}, a control, bidirectional or invisible character. Leave it out.`;
    }
    return text.trim() === '' ? `The ${what} is empty. Give it at least one visible character.` : undefined;
  };
}

const title = z
  .string()
  .min(1)
  .max(TITLE_MAX_LENGTH)
  .superRefine(sound(lineProblem('title')))
  .describe('Title of the page: one line of plain text.');

const tags = z
  .array(
    z
      .string()
      .min(1)
      .max(TAG_MAX_LENGTH)
      .superRefine(sound(lineProblem('tag'))),
  )
  .max(TAGS_MAX_COUNT)
  .describe('All tags of the page; they replace the ones it has.');

const draft = z.boolean().describe('true keeps the page off the public site.');

const content = z
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
  )
  .describe('Body of the page in Markdown, whole, without front matter. At most 512 KiB.');

const expectedRevision = z
  .string()
  .min(1)
  .max(REVISION_MAX_LENGTH)
  .describe('Revision that you last read. If the page was changed since, nothing is done and you are told.');

/** Front matter for one use. Not a z.record: that drops a `__proto__` key in silence, and it must be refused. */
function frontMatter(use: 'create' | 'update', description: string): z.ZodType<FrontMatterFields> {
  return z
    .unknown()
    .superRefine((value, context) => {
      const problem = frontMatterProblem(value, use) ?? argumentFieldProblem(value as FrontMatterFields);
      if (problem !== undefined) context.addIssue({ code: 'custom', ...problem });
    })
    .meta({ type: 'object', additionalProperties: true, description }) as unknown as z.ZodType<FrontMatterFields>;
}

const argumentFields = { title, tags, draft } as const;

/** `title`, `tags` and `draft` obey the same rules inside front matter as beside it. */
function argumentFieldProblem(fields: FrontMatterFields): { path: string[]; message: string } | undefined {
  for (const key of ARGUMENT_FRONT_MATTER_KEYS) {
    const value = Object.hasOwn(fields, key) ? fields[key] : null;
    const issue = value === null ? undefined : argumentFields[key].safeParse(value).error?.issues[0];
    if (issue !== undefined) return { path: [key], message: issue.message };
  }
  return undefined;
}

interface WithFrontMatter {
  front_matter?: FrontMatterFields | undefined;
  [argument: string]: unknown;
}

function refuseTwice(args: WithFrontMatter, context: z.RefinementCtx): void {
  for (const key of ARGUMENT_FRONT_MATTER_KEYS) {
    if (args[key] === undefined || !Object.hasOwn(args.front_matter ?? {}, key)) continue;
    context.addIssue({
      code: 'custom',
      path: ['front_matter', key],
      message: `"${key}" is given twice: as an argument and in front_matter. Give it as the argument only.`,
    });
  }
}

/** An object that takes these arguments and no others, and says which there are when it gets another. */
function strictArgs<Shape extends z.core.$ZodLooseShape>(shape: Shape) {
  const names = Object.keys(shape);
  return z.strictObject(shape, {
    error: (issue) => {
      if (issue.code !== 'unrecognized_keys') return undefined;
      const unknown = issue.keys.map((key) => JSON.stringify(key.slice(0, 100))).join(', ');
      return `Unknown: ${unknown}. ${names.length === 0 ? 'This tool takes no arguments.' : `The arguments are: ${names.join(', ')}.`}`;
    },
  });
}

/** Arguments of `list_pages`. */
export const listPagesArgs = strictArgs({
  lang: langText.optional().describe('Only pages in this language: "fr", "en".'),
  section: routeText
    .superRefine(sound(routeProblem))
    .optional()
    .describe('Only pages below this folder of content/: "posts".'),
  limit: z.int().min(1).max(LIST_MAX_LIMIT).default(LIST_DEFAULT_LIMIT).describe('How many pages to give at most.'),
  cursor: z
    .string()
    .min(1)
    .max(CURSOR_MAX_LENGTH)
    .optional()
    .describe('next_cursor of the answer before, to go on from there.'),
});

/** Arguments of `get_page`. */
export const getPageArgs = strictArgs({
  route: pageOrHomeRoute,
  lang: langText.optional().describe('Language: "fr", "en". Without it, the default language of the site.'),
});

/** Arguments of `create_page`. */
export const createPageArgs = strictArgs({
  route: pageRoute,
  lang,
  title,
  content,
  tags: tags.optional().describe('Tags of the page.'),
  draft: draft.optional(),
  front_matter: frontMatter(
    'create',
    'More front matter fields, at most 10 KiB and 3 levels. date and lastmod are set if absent.',
  ).optional(),
}).superRefine(refuseTwice);

/** Arguments of `update_page`: what is left out stays as it is, and at least one thing must change. */
export const updatePageArgs = strictArgs({
  route: pageOrHomeRoute,
  lang,
  title: title.optional().describe('New title. Leave out to keep the title.'),
  content: content
    .optional()
    .describe('New body in Markdown, whole, without front matter. Leave out to keep the body.'),
  tags: tags.optional(),
  draft: draft.optional(),
  front_matter: frontMatter(
    'update',
    'Front matter fields to set; null deletes a field; fields left out stay. date cannot be changed. At most 10 KiB, 3 levels.',
  ).optional(),
  expected_revision: expectedRevision.optional(),
}).superRefine((args, context) => {
  refuseTwice(args, context);
  const { title, content, tags, draft, front_matter } = args;
  const changes = [title, content, tags, draft].some((value) => value !== undefined);
  if (changes || (front_matter !== undefined && Object.keys(front_matter).length > 0)) return;
  context.addIssue({
    code: 'custom',
    message: 'There is nothing to change. Give at least one of title, content, tags, draft, front_matter.',
  });
});

/** Arguments of `delete_page`: one translation. */
export const deletePageArgs = strictArgs({
  route: pageRoute,
  lang: langText.describe('Language of the one translation to delete: "fr", "en".'),
  expected_revision: expectedRevision.optional(),
});

/** Arguments of `build_site`: none. */
export const buildSiteArgs = strictArgs({});

export type ListPagesArgs = z.output<typeof listPagesArgs>;
export type GetPageArgs = z.output<typeof getPageArgs>;
export type CreatePageArgs = z.output<typeof createPageArgs>;
export type UpdatePageArgs = z.output<typeof updatePageArgs>;
export type DeletePageArgs = z.output<typeof deletePageArgs>;
export type BuildSiteArgs = z.output<typeof buildSiteArgs>;

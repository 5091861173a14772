import * as z from 'zod';
import {
  ABSENT_REVISION,
  content,
  draft,
  edits,
  everyWrite,
  expectedRevision,
  lang,
  langText,
  pageOrHomeRoute,
  pageRoute,
  strictArgs,
  tags,
  title,
} from './argument-parts.ts';
import { type FrontMatterFields, frontMatterProblem } from './front-matter-rules.ts';
import { ARGUMENT_FRONT_MATTER_KEYS } from './limits.ts';

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

/** `title`, `tags` and `draft` are given in one place. */
export function refuseTwice(args: WithFrontMatter, context: z.RefinementCtx): void {
  for (const key of ARGUMENT_FRONT_MATTER_KEYS) {
    if (args[key] === undefined || !Object.hasOwn(args.front_matter ?? {}, key)) continue;
    context.addIssue({
      code: 'custom',
      path: ['front_matter', key],
      message: `"${key}" is given twice: as an argument and in front_matter. Give it as the argument only.`,
    });
  }
}

/** What a new page is made of. */
export const createShape = {
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
  expected_revision: z
    .literal(
      ABSENT_REVISION,
      'A page that is made has no revision yet: leave it out, or change the page with update_page.',
    )
    .optional()
    .describe('"absent": a page that is made is never there before.'),
};

/** Arguments of `create_page`. */
export const createPageArgs = strictArgs({ ...createShape, ...everyWrite }).superRefine(refuseTwice);

/** What may change of a page: what is left out stays as it is. */
export const updateShape = {
  route: pageOrHomeRoute,
  lang,
  title: title.optional().describe('New title. Leave out to keep the title.'),
  content: content
    .optional()
    .describe('New body in Markdown, whole, without front matter. Leave out to keep the body, or give edits.'),
  edits: edits
    .optional()
    .describe(
      'Instead of content: replacements in the body, each applied to what the ones before it left. Cheaper and safer than the whole body.',
    ),
  tags: tags.optional(),
  draft: draft.optional(),
  front_matter: frontMatter(
    'update',
    'Front matter fields to set, merged at every level; null deletes a field; fields left out stay. date cannot be changed. At most 10 KiB, 3 levels.',
  ).optional(),
  expected_revision: expectedRevision.optional(),
};

interface UpdateFields extends WithFrontMatter {
  content?: string | undefined;
  edits?: readonly unknown[] | undefined;
}

/** At least one thing must change, and nothing twice. */
export function checkUpdate(args: UpdateFields, context: z.RefinementCtx): void {
  refuseTwice(args, context);
  const { title, content, edits, tags, draft, front_matter } = args;
  if (content !== undefined && edits !== undefined) {
    context.addIssue({
      code: 'custom',
      path: ['edits'],
      message: 'The body is given twice: as content and as edits. Give the whole content or edits of it, not both.',
    });
  }
  const changes = [title, content, edits, tags, draft].some((value) => value !== undefined);
  if (changes || (front_matter !== undefined && Object.keys(front_matter).length > 0)) return;
  context.addIssue({
    code: 'custom',
    message: 'There is nothing to change. Give at least one of title, content, edits, tags, draft, front_matter.',
  });
}

/** Arguments of `update_page`. */
export const updatePageArgs = strictArgs({ ...updateShape, ...everyWrite }).superRefine(checkUpdate);

/** One translation of a page, and the revision that it must have. */
export const deleteShape = {
  route: pageRoute,
  lang: langText.describe('Language of the one translation to delete: "fr", "en".'),
  expected_revision: expectedRevision.optional(),
};

/** Arguments of `delete_page`: one translation. */
export const deletePageArgs = strictArgs({ ...deleteShape, ...everyWrite });

/** Arguments of `build_site`. */
export const buildSiteArgs = strictArgs({
  expected_revision: expectedRevision
    .optional()
    .describe('Id of the release that you take to be live. If another is live, nothing is done and you are told.'),
  ...everyWrite,
});

/** Arguments of `rollback_site`. */
export const rollbackSiteArgs = strictArgs({
  release: z
    .string()
    .regex(/^\d{8}T\d{9}Z-[0-9a-f]{6}$/, 'That is not the id of a release: site_info lists those that are kept.')
    .optional()
    .describe('Id of the release to go back to; the one before the live one if absent.'),
  expected_revision: expectedRevision
    .optional()
    .describe('Id of the release that you take to be live. If another is live, nothing is done and you are told.'),
  ...everyWrite,
});

export type RollbackSiteArgs = z.output<typeof rollbackSiteArgs>;
export type CreatePageArgs = z.output<typeof createPageArgs>;
export type UpdatePageArgs = z.output<typeof updatePageArgs>;
export type DeletePageArgs = z.output<typeof deletePageArgs>;
export type BuildSiteArgs = z.output<typeof buildSiteArgs>;

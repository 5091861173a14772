import * as z from 'zod';
import { cursor, langText, pageOrHomeRoute, routeText, sound, strictArgs } from './argument-parts.ts';
import { updatePageArgs } from './arguments.ts';
import {
  HISTORY_DEFAULT_LIMIT,
  HISTORY_MAX_LIMIT,
  LIST_DEFAULT_LIMIT,
  LIST_MAX_LIMIT,
  QUERY_MAX_LENGTH,
  SEARCH_DEFAULT_LIMIT,
  SEARCH_MAX_LIMIT,
  TAG_MAX_LENGTH,
} from './limits.ts';
import { routeProblem } from './route.ts';

/** The section that a list is narrowed to. */
export const section = routeText
  .superRefine(sound(routeProblem))
  .describe('Only pages below this folder of content/: "posts".');

const momentPattern = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d)?(?:Z|[+-]\d\d:\d\d)?)?$/;

/** Arguments of `list_pages`. */
export const listPagesArgs = strictArgs({
  lang: langText.optional().describe('Only pages in this language: "fr", "en".'),
  section: section.optional(),
  tag: z.string().min(1).max(TAG_MAX_LENGTH).optional().describe('Only pages with this tag.'),
  draft: z.boolean().optional().describe('true: only drafts; false: none. Without it, both.'),
  since: z
    .string()
    .regex(momentPattern, 'Give a date like "2026-03-01" or a moment like "2026-03-01T12:00:00+01:00".')
    .optional()
    .describe('Only pages whose lastmod (or date, where there is none) is at or after this date or moment.'),
  sort: z
    .enum(['route', 'newest', 'modified', 'title'])
    .default('route')
    .describe('"newest": by date, "modified": by lastmod, both from the newest; pages without one come last.'),
  limit: z.int().min(1).max(LIST_MAX_LIMIT).default(LIST_DEFAULT_LIMIT).describe('How many pages to give at most.'),
  cursor: cursor.optional(),
});

/** Arguments of `get_page`. */
export const getPageArgs = strictArgs({
  route: pageOrHomeRoute,
  lang: langText.optional().describe('Language: "fr", "en". Without it, the default language of the site.'),
  from_line: z.int().min(1).default(1).describe('First line to give, for long pages: next of the answer before.'),
  from_column: z.int().min(1).default(1).describe('First character of that line, for lines too long for one answer.'),
  max_lines: z.int().min(1).optional().describe('How many lines to give at most. Without it, as many as fit.'),
  raw: z
    .boolean()
    .default(false)
    .describe('true gives the whole file as it is on disk, front matter included, instead of the body.'),
  backlinks: z.boolean().default(false).describe('true also gives the pages that link to this one.'),
});

/** Arguments of `search_pages`. */
export const searchPagesArgs = strictArgs({
  query: z.string().min(1).max(QUERY_MAX_LENGTH).describe('Words to look for.'),
  lang: langText.optional().describe('Only pages in this language: "fr", "en".'),
  section: section.optional(),
  draft: z.boolean().optional().describe('true: only drafts; false: none. Without it, both.'),
  limit: z.int().min(1).max(SEARCH_MAX_LIMIT).default(SEARCH_DEFAULT_LIMIT).describe('How many pages to give at most.'),
  cursor: cursor.optional(),
});

/** Arguments of `page_history`. */
export const pageHistoryArgs = strictArgs({
  route: pageOrHomeRoute,
  lang: langText.optional().describe('Language: "fr", "en". Without it, the default language of the site.'),
  limit: z.int().min(1).max(HISTORY_MAX_LIMIT).default(HISTORY_DEFAULT_LIMIT).describe('How many changes at most.'),
  cursor: cursor.optional(),
  diff: z
    .string()
    .regex(/^[0-9a-f]{7,40}$/, 'Give the first 7 to 40 digits of a commit that page_history named.')
    .optional()
    .describe('Commit of which to give what it changed in the page.'),
  from_line: z.int().min(1).default(1).describe('First line of the diff to give: next of the answer before.'),
  from_column: z.int().min(1).default(1).describe('First character of that line.'),
});

const change = updatePageArgs.shape;

/** Arguments of `preview_page`: a page as it is, or with what `update_page` or `create_page` would be given. */
export const previewPageArgs = strictArgs({
  route: pageOrHomeRoute,
  lang: langText.optional().describe('Language: "fr", "en". Without it, the default language of the site.'),
  title: change.title,
  content: change.content,
  edits: change.edits,
  tags: change.tags,
  draft: change.draft,
  // Whether it is checked as that of a new page or of one that is there is known only when the page is looked for.
  front_matter: z
    .unknown()
    .meta({ type: 'object', additionalProperties: true })
    .optional()
    .describe('Front matter fields, as create_page or update_page takes them.'),
  from_line: z.int().min(1).optional().describe('First line of the text to give: next of the answer before.'),
  from_column: z.int().min(1).optional().describe('First character of that line.'),
});

/** Arguments of `check_links`: a page, a language, or without both the whole site. */
export const checkLinksArgs = strictArgs({
  route: pageOrHomeRoute.optional().describe('Only this page. "/" is the home page.'),
  lang: langText.optional().describe('Language of the page, or only pages in this language: "fr", "en".'),
  limit: z.int().min(1).max(LIST_MAX_LIMIT).default(LIST_DEFAULT_LIMIT).describe('How many of each list at most.'),
  cursor: cursor.optional(),
});

/** Arguments of `site_info`: none. */
export const siteInfoArgs = strictArgs({});

export type ListPagesArgs = z.output<typeof listPagesArgs>;
export type GetPageArgs = z.output<typeof getPageArgs>;
export type SearchPagesArgs = z.output<typeof searchPagesArgs>;
export type PageHistoryArgs = z.output<typeof pageHistoryArgs>;
export type PreviewPageArgs = z.output<typeof previewPageArgs>;
export type CheckLinksArgs = z.output<typeof checkLinksArgs>;

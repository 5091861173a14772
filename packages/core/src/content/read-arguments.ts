import * as z from 'zod';
import { cursor, langText, pageOrHomeRoute, routeText, sound, strictArgs } from './argument-parts.ts';
import { LIST_DEFAULT_LIMIT, LIST_MAX_LIMIT } from './limits.ts';
import { routeProblem } from './route.ts';

/** Arguments of `list_pages`. */
export const listPagesArgs = strictArgs({
  lang: langText.optional().describe('Only pages in this language: "fr", "en".'),
  section: routeText
    .superRefine(sound(routeProblem))
    .optional()
    .describe('Only pages below this folder of content/: "posts".'),
  limit: z.int().min(1).max(LIST_MAX_LIMIT).default(LIST_DEFAULT_LIMIT).describe('How many pages to give at most.'),
  cursor: cursor.optional(),
});

/** Arguments of `get_page`. */
export const getPageArgs = strictArgs({
  route: pageOrHomeRoute,
  lang: langText.optional().describe('Language: "fr", "en". Without it, the default language of the site.'),
});

export type ListPagesArgs = z.output<typeof listPagesArgs>;
export type GetPageArgs = z.output<typeof getPageArgs>;

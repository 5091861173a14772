import * as z from 'zod';
import {
  everyWrite,
  expectedRevision,
  lang,
  langText,
  pageOrHomeRoute,
  pageRoute,
  strictArgs,
} from './argument-parts.ts';
import { checkUpdate, createShape, deleteShape, refuseTwice, updateShape } from './arguments.ts';
import { CHANGES_MAX_COUNT } from './limits.ts';

/** Where a page goes. */
const moveShape = {
  route: pageRoute.describe('Route of the page, with all its translations and files; of a section, all below it.'),
  to: pageRoute.describe('Its new route: "posts/new-name".'),
  rewrite_links: z.boolean().optional().describe('true also changes the links of all pages that lead to it.'),
  lang: langText.optional().describe('Whose expected_revision it is; the default language if absent.'),
  expected_revision: expectedRevision.optional(),
};

/** Arguments of `move_page`. */
export const movePageArgs = strictArgs({ ...moveShape, ...everyWrite });

/** Arguments of `restore_page`. */
export const restorePageArgs = strictArgs({
  route: pageOrHomeRoute,
  lang,
  revision: z
    .string()
    .regex(/^(?:[0-9a-f]{40}|[0-9a-f]{32})$/, 'Give a commit as page_history shows it, or a revision.')
    .optional()
    .describe(
      'Commit to go back to, from page_history, or a revision. Without it: the version before, or the last one of a deleted page.',
    ),
  expected_revision: expectedRevision
    .optional()
    .describe('Revision that the page has now as you last read it; "absent" if it is deleted.'),
  ...everyWrite,
});

const action = (name: string) => `${name} a page, with the arguments of ${name.toLowerCase()}_page.`;

/** Argument schemas are shown once, with their own tools: here the texts of their members would be said twice. */
const change = z.discriminatedUnion('action', [
  strictArgs({ action: z.literal('create').describe(action('Create')), ...createShape }).superRefine(refuseTwice),
  strictArgs({ action: z.literal('update').describe(action('Update')), ...updateShape }).superRefine(checkUpdate),
  strictArgs({ action: z.literal('delete').describe(action('Delete')), ...deleteShape }),
  strictArgs({ action: z.literal('move').describe(action('Move')), ...moveShape }),
]);

/** Arguments of `apply_changes`. */
export const applyChangesArgs = strictArgs({
  changes: z
    .array(change)
    .min(1, 'There are no changes. Give at least one.')
    .max(CHANGES_MAX_COUNT)
    .describe('Changes in their order, each on what the ones before it leave: all are made or none.'),
  ...everyWrite,
});

export type MovePageArgs = z.output<typeof movePageArgs>;
export type RestorePageArgs = z.output<typeof restorePageArgs>;
export type ApplyChangesArgs = z.output<typeof applyChangesArgs>;
/** One change of `apply_changes`. */
export type PageChangeArgs = ApplyChangesArgs['changes'][number];

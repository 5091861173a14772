import { deletePageArgs } from '@arleo/core/content/arguments';
import * as z from 'zod';
import { type DeletionNotes, deletePage as planDeletion } from '../content/delete-page.ts';
import type { Editor } from '../content/editor.ts';
import { fitting, someNames } from './page-text.ts';
import { buildText, dryRunText, isDryRun, whereOne, writeFacts, writeShape } from './results.ts';
import { defineTool } from './tool.ts';
import { runWrite } from './write-call.ts';

const output = z.object({
  ...writeShape,
  translations: z.array(z.string()).describe('Languages in which the page still exists.'),
  left_behind: z
    .array(z.string())
    .describe("Files that stay in the page's folder although no page is left in it, the first of them."),
  left_behind_total: z.number(),
});

/** Characters as JSON that the list of files may take. */
const leftBehindBudget = 10_000;

/** `delete_page` */
export const deletePage = (editor: Editor) =>
  defineTool({
    name: 'delete_page',
    title: 'Delete a page',
    description:
      'Deletes one translation of a page, builds the site and puts it live. Other languages stay, and so do images and other files of the page. The content history keeps the text.',
    scope: 'content:write',
    input: deletePageArgs,
    output,
    annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: false },
    slow: true,
    resource: ({ route, lang }) => `${route} (${lang})`,
    async run(args, call) {
      const written = await runWrite(editor, 'delete_page', args, call, planDeletion(args));
      const { translations, leftBehind } = written.notes as DeletionNotes;
      const structured = {
        ...writeFacts(written),
        translations,
        left_behind: fitting(leftBehind, (file) => file, leftBehindBudget),
        left_behind_total: leftBehind.length,
      };
      if (isDryRun(written)) return { structured, text: dryRunText(written) };
      const text = [
        `Deleted ${structured.route} (${structured.lang}).`,
        whereOne(written),
        ...(translations.length > 0 ? [`It still exists in: ${translations.join(', ')}.`] : []),
        ...(leftBehind.length > 0
          ? [`These files stay in its folder: ${someNames(leftBehind, leftBehindBudget / 2)}.`]
          : []),
      ];
      return { structured, text: text.join(' ') + buildText(written) };
    },
  });

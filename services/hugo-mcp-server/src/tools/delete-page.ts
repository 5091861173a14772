import { deletePageArgs } from '@arleo/core/content/arguments';
import * as z from 'zod';
import type { Editor } from '../content/editor.ts';
import { authorOf, warningText, writeFacts, writeShape } from './results.ts';
import { defineTool } from './tool.ts';

const output = z.object({
  ...writeShape,
  translations: z.array(z.string()).describe('Languages in which the page still exists.'),
  left_behind: z.array(z.string()).describe("Files that stay in the page's folder although no page is left in it."),
});

/** As many file names as a result shows. */
const maxNames = 50;

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
      const outcome = await editor.remove(args, authorOf(call), call.progress);
      const { page, translations, live } = outcome;
      const leftBehind = outcome.leftBehind.slice(0, maxNames);
      const text = [
        `Deleted ${page.route} (${page.lang}).`,
        live ? 'It is gone from the live site.' : 'Its address is still served: another page has it.',
        ...(translations.length > 0 ? [`It still exists in: ${translations.join(', ')}.`] : []),
        ...(leftBehind.length > 0 ? [`These files stay in its folder: ${leftBehind.join(', ')}.`] : []),
      ];
      return {
        structured: { ...writeFacts(outcome), translations, left_behind: leftBehind },
        text: text.join(' ') + warningText(outcome.build?.warnings),
      };
    },
  });

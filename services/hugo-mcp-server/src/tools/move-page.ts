import { movePageArgs } from '@arleo/core/content/apply-arguments';
import * as z from 'zod';
import type { Editor } from '../content/editor.ts';
import { type MoveNotes, movePage as planMove } from '../content/move-page.ts';
import { buildText, dryRunText, isDryRun, pagesFacts, pagesShape, whereText } from './results.ts';
import { defineTool } from './tool.ts';
import { runWrite } from './write-call.ts';

const output = z.object({
  ...pagesShape,
  rewritten: z.array(z.string()).describe('Pages whose links were changed to lead to the new place.'),
});

/** `move_page` */
export const movePage = (editor: Editor) =>
  defineTool({
    name: 'move_page',
    title: 'Move a page',
    description:
      'Gives a page another route, with all its translations and files; a section takes all its pages along. The old addresses lead to the new ones (Hugo aliases). With rewrite_links the links of other pages are changed too.',
    scope: 'content:write',
    input: movePageArgs,
    output,
    annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: false },
    slow: true,
    resource: ({ route, to }) => `${route} to ${to}`,
    async run(args, call) {
      const written = await runWrite(editor, 'move_page', args, call, planMove(args));
      const { rewritten } = written.notes as MoveNotes;
      const structured = { ...pagesFacts(written), rewritten };
      if (isDryRun(written)) return { structured, text: dryRunText(written) };
      const moved = written.pages.filter(({ from }) => from !== undefined);
      const lines = moved.slice(0, 20).map((page) => `${page.page.route} (${page.page.lang}): ${whereText(page)}`);
      const more = moved.length > lines.length ? [`and ${moved.length - lines.length} more pages`] : [];
      const links = rewritten.length === 0 ? [] : [`Links were changed in: ${rewritten.slice(0, 50).join(', ')}.`];
      const text = [
        `Moved ${args.route} to ${args.to}. The old addresses are aliases of the new ones, unless the site disables aliases.`,
        ...lines,
        ...more,
        ...links,
      ];
      return { structured, text: text.join('\n') + buildText(written) };
    },
  });

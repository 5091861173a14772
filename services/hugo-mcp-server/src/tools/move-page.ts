import { movePageArgs } from '@arleo/core/content/apply-arguments';
import * as z from 'zod';
import type { Editor } from '../content/editor.ts';
import { type MoveNotes, movePage as planMove } from '../content/move-page.ts';
import type { PageOutcome } from '../content/write-outcome.ts';
import { fitting, someNames } from './page-text.ts';
import { buildText, dryRunText, isDryRun, pageLines, pagesFacts, pagesShape, whereText } from './results.ts';
import { defineTool } from './tool.ts';
import { runWrite } from './write-call.ts';

const output = z.object({
  ...pagesShape,
  rewritten: z
    .array(z.string())
    .describe('Pages whose links were changed to lead to the new place, the first of them.'),
  rewritten_total: z.number(),
});

/** Characters as JSON that the list of pages with changed links may take. */
const rewrittenBudget = 8_000;

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
      const structured = {
        ...pagesFacts(written),
        rewritten: fitting(rewritten, (page) => page, rewrittenBudget),
        rewritten_total: rewritten.length,
      };
      if (isDryRun(written)) return { structured, text: dryRunText(written) };
      const moved = written.pages.filter(({ from }) => from !== undefined);
      const lines = pageLines(moved, (page) => `${page.page.route} (${page.page.lang}): ${whereText(page)}`);
      const links =
        rewritten.length === 0 ? [] : [`Links were changed in: ${someNames(rewritten, rewrittenBudget / 2)}.`];
      const text = [`Moved ${args.route} to ${args.to}.`, ...lines, ...oldAddresses(moved), ...links];
      return { structured, text: text.join('\n') + buildText(written) };
    },
  });

/** Characters as JSON of the old addresses that the text names. */
const addressesBudget = 4_000;

/** Whether the old addresses lead to the new ones, as the live release has it. */
function oldAddresses(moved: readonly PageOutcome[]): string[] {
  const old = moved.flatMap(({ old }) => old ?? []);
  const dead = old.filter(({ redirects }) => redirects === false).map(({ url }) => url);
  if (old.length === 0) return ['No old address is known, so none leads to the new ones.'];
  if (old.some(({ redirects }) => redirects === undefined)) return ['The old addresses are aliases of the new ones.'];
  if (dead.length === 0) return ['All old addresses lead to the new ones.'];
  return [`These old addresses do not lead to the new ones: ${someNames(dead, addressesBudget)}.`];
}

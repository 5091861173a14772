import { restorePageArgs } from '@arleo/core/content/apply-arguments';
import * as z from 'zod';
import type { Editor } from '../content/editor.ts';
import type { RestoreNotes } from '../content/restore-page.ts';
import { fitting } from './page-text.ts';
import { buildText, dryRunText, isDryRun, whereOne, writeFacts, writeShape } from './results.ts';
import { defineTool } from './tool.ts';
import { runWrite } from './write-call.ts';

const output = z.object({
  ...writeShape,
  as_of: z.string().describe('The commit whose state the page has now.'),
  resources: z.array(z.string()).describe('Files of the page that were given back with it, the first of them.'),
  resources_total: z.number(),
  resources_left: z.number().describe('Still gone: call again with as_of as revision.'),
});

/** Characters as JSON that the list of files may take. */
const resourcesBudget = 10_000;

/** `restore_page` */
export const restorePage = (editor: Editor) =>
  defineTool({
    name: 'restore_page',
    title: 'Restore a page',
    description:
      'Gives a page back as it was, in one language: any version of page_history, also of a page that was deleted, with files of the page that are gone. The version that it replaces stays in the history.',
    scope: 'content:write',
    input: restorePageArgs,
    output,
    annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
    slow: true,
    resource: ({ route, lang }) => `${route} (${lang})`,
    async run(args, call) {
      const written = await runWrite(editor, 'restore_page', args, call, editor.restore(args));
      const { as_of, resources, resources_left } = written.notes as RestoreNotes;
      const structured = {
        ...writeFacts(written),
        as_of,
        resources: fitting(resources, (file) => file, resourcesBudget),
        resources_total: resources.length,
        resources_left,
      };
      if (isDryRun(written)) return { structured, text: dryRunText(written) };
      const name = `${structured.route} (${structured.lang})`;
      const what = structured.written
        ? `Restored ${name} as of ${as_of.slice(0, 12)}, revision ${structured.revision}.`
        : `${name} was like that already.`;
      const files = resources.length === 0 ? '' : ` ${resources.length} files came back with it.`;
      const left =
        resources_left === 0 ? '' : ` ${resources_left} are still gone: call it again with revision "${as_of}".`;
      return { structured, text: `${what}${files}${left} ${whereOne(written)}${buildText(written)}` };
    },
  });

import { updatePageArgs } from '@arleo/core/content/arguments';
import * as z from 'zod';
import type { Editor } from '../content/editor.ts';
import { updatePage as planUpdate } from '../content/update-page.ts';
import { buildText, dryRunText, isDryRun, whereOne, writeFacts, writeShape } from './results.ts';
import { defineTool } from './tool.ts';
import { runWrite } from './write-call.ts';

/** `update_page` */
export const updatePage = (editor: Editor) =>
  defineTool({
    name: 'update_page',
    title: 'Update a page',
    description:
      "Changes the content or front matter of a page, builds the site and puts it live. For a small change of a long page give edits (find and replace) instead of the whole content. What you leave out stays exactly as it is; lastmod changes only if you give it in front_matter. Give expected_revision from get_page, so that nobody else's change is overwritten.",
    scope: 'content:write',
    input: updatePageArgs,
    output: z.object(writeShape),
    annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
    slow: true,
    resource: ({ route, lang }) => `${route} (${lang})`,
    async run(args, call) {
      const written = await runWrite(editor, 'update_page', args, call, planUpdate(args));
      const structured = writeFacts(written);
      if (isDryRun(written)) return { structured, text: dryRunText(written) };
      const name = `${structured.route} (${structured.lang})`;
      const what = structured.written ? `Updated ${name}` : `${name} was like that already`;
      const text = `${what}, revision ${structured.revision}. ${whereOne(written)}${buildText(written)}`;
      return { structured, text };
    },
  });

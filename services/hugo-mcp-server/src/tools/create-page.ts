import { createPageArgs } from '@arleo/core/content/arguments';
import * as z from 'zod';
import { createPage as planPage } from '../content/create-page.ts';
import type { Editor } from '../content/editor.ts';
import { buildText, dryRunText, isDryRun, whereOne, writeFacts, writeShape } from './results.ts';
import { defineTool } from './tool.ts';
import { runWrite } from './write-call.ts';

/** `create_page` */
export const createPage = (editor: Editor) =>
  defineTool({
    name: 'create_page',
    title: 'Create a page',
    description:
      'Writes a new page in one language, builds the site and puts it live. If Hugo cannot build it, nothing is changed and you get what Hugo says.',
    scope: 'content:write',
    input: createPageArgs,
    output: z.object(writeShape),
    annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: false },
    slow: true,
    resource: ({ route, lang }) => `${route} (${lang})`,
    async run(args, call) {
      const written = await runWrite(editor, 'create_page', args, call, planPage(args));
      const structured = writeFacts(written);
      if (isDryRun(written)) return { structured, text: dryRunText(written) };
      const text = `Created ${structured.route} (${structured.lang}), revision ${structured.revision}.`;
      return { structured, text: `${text} ${whereOne(written)}${buildText(written)}` };
    },
  });

import { applyChangesArgs } from '@arleo/core/content/apply-arguments';
import * as z from 'zod';
import { applyChanges as planChanges } from '../content/apply-changes.ts';
import type { Editor } from '../content/editor.ts';
import { buildText, dryRunText, isDryRun, pageLines, pagesFacts, pagesShape, whereText } from './results.ts';
import { defineTool } from './tool.ts';
import { runWrite } from './write-call.ts';

/** `apply_changes` */
export const applyChanges = (editor: Editor) =>
  defineTool({
    name: 'apply_changes',
    title: 'Apply several changes',
    description:
      'Creates, updates, moves and deletes up to 50 pages as one change: all or nothing, one commit, one build. Use it for a post in two languages, or for changes that belong together. If one cannot be made, none is, and the message names it by its index.',
    scope: 'content:write',
    input: applyChangesArgs,
    output: z.object(pagesShape),
    annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: false },
    slow: true,
    resource: ({ changes }) => changes.map(({ action, route }) => `${action} ${route}`).join(', '),
    async run(args, call) {
      const written = await runWrite(editor, 'apply_changes', args, call, planChanges(args));
      const structured = pagesFacts(written);
      if (isDryRun(written)) return { structured, text: dryRunText(written) };
      const lines = pageLines(written.pages, (page) => {
        const { route, lang } = page.page;
        return `${route} (${lang}): ${page.revision === undefined ? 'deleted' : `revision ${page.revision}`}. ${whereText(page)}`;
      });
      const done = structured.written
        ? `Made ${args.changes.length} changes in one commit.`
        : 'All was like that already.';
      return { structured, text: [done, ...lines].join('\n') + buildText(written) };
    },
  });

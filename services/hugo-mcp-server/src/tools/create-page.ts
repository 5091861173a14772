import { createPageArgs } from '@arleo/core/content/arguments';
import * as z from 'zod';
import type { Editor } from '../content/editor.ts';
import { authorOf, warningText, whereText, writeFacts, writeShape } from './results.ts';
import { defineTool } from './tool.ts';

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
      const outcome = await editor.create(args, authorOf(call), call.progress);
      const { route, lang } = outcome.page;
      const text = `Created ${route} (${lang}), revision ${outcome.revision}. ${whereText(outcome)}`;
      return { structured: writeFacts(outcome), text: text + warningText(outcome.build?.warnings) };
    },
  });

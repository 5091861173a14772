import { buildSiteArgs } from '@arleo/core/content/arguments';
import * as z from 'zod';
import type { Editor } from '../content/editor.ts';
import { buildFacts, buildShape, warningText } from './results.ts';
import { defineTool } from './tool.ts';

/** `build_site` */
export const buildSite = (editor: Editor) =>
  defineTool({
    name: 'build_site',
    title: 'Build the site',
    description:
      'Builds the site as it is on disk and puts it live. Writes do this themselves; call it after files were changed by hand.',
    scope: 'site:admin',
    input: buildSiteArgs,
    output: z.object({ live: z.boolean().describe('The build is what visitors see now.'), ...buildShape }),
    annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false },
    slow: true,
    resource: () => null,
    async run(_args, call) {
      const facts = buildFacts(await editor.build(call.progress));
      return {
        structured: { live: true, ...facts },
        text: `The site is live: release ${facts.release}, ${facts.pages} pages, built in ${facts.build_ms} ms.${warningText(facts.warnings)}`,
      };
    },
  });

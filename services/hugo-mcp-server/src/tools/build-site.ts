import { buildSiteArgs } from '@arleo/core/content/arguments';
import * as z from 'zod';
import type { Editor } from '../content/editor.ts';
import { buildFacts, buildShape, buildText } from './results.ts';
import { defineTool } from './tool.ts';
import { requestOf } from './write-call.ts';

const output = z.object({
  live: z.boolean().describe('The build is what visitors see now.'),
  building: z.string().nullable().describe('Id of the build that is still under way: site_info tells how it ended.'),
  ...buildShape,
  dry_run: z.boolean(),
});

/** `build_site` */
export const buildSite = (editor: Editor) =>
  defineTool({
    name: 'build_site',
    title: 'Build the site',
    description:
      'Builds the site as it is on disk and puts it live. Writes do this themselves; call it after files were changed by hand.',
    scope: 'site:admin',
    input: buildSiteArgs,
    output,
    annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false },
    slow: true,
    resource: () => null,
    async run(args, call) {
      if (args.dry_run === true) {
        const live = await editor.liveRelease(args.expected_revision);
        const now = live === undefined ? 'Nothing is live now.' : `The release ${live.id} is live now.`;
        const structured = { live: false, building: null, ...buildFacts(undefined), dry_run: true };
        return { structured, text: `Dry run: the site would be built as it is on disk and put live. ${now}` };
      }
      const { key, progress = () => {} } = requestOf('build_site', args, call);
      const { build, building, live } = await editor.build({ progress, key, expectedRelease: args.expected_revision });
      const facts = buildFacts(build);
      const structured = { live, building: building ?? null, ...facts, dry_run: false };
      const text =
        build === undefined
          ? `The build ${building} is still under way: site_info tells how it ended.`
          : !live
            ? `The release ${facts.release} was built and went live; another one is live now.`
            : `The site is live: release ${facts.release}, ${facts.pages} pages, built in ${facts.build_ms} ms.${buildText({ build })}`;
      return { structured, text };
    },
  });

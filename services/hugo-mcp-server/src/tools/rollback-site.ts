import { rollbackSiteArgs } from '@arleo/core/content/arguments';
import * as z from 'zod';
import type { Editor } from '../content/editor.ts';
import { publishedFacts, publishedShape, publishedText } from './results.ts';
import { defineTool } from './tool.ts';
import { requestOf } from './write-call.ts';

const output = z.object({
  live: z.boolean().describe('The release named here is what visitors see now; false in a dry run.'),
  release: z.string().describe('Id of the release.'),
  built_at: z.string().describe('When it was built.'),
  commit: z.string().nullable().describe('The newest commit of the content that it has.'),
  pages: z.number().describe('HTML files in it.'),
  was_live: z.string().nullable().describe('Id of the release that was live before.'),
  content_differs: z.boolean().describe('The content on disk is newer: the next write or build puts it live again.'),
  published: publishedShape,
});

/** `rollback_site` */
export const rollbackSite = (editor: Editor) =>
  defineTool({
    name: 'rollback_site',
    title: 'Go back to an earlier release',
    description:
      'Makes an earlier release of the site live at once, for when the live one is broken. The content on disk stays as it is, and the next write builds and publishes it again: mend or restore the pages too.',
    scope: 'site:admin',
    input: rollbackSiteArgs,
    output,
    annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: false },
    // It waits for the publish plug-ins as a write does.
    slow: true,
    resource: ({ release }) => release ?? null,
    async run(args, call) {
      const dryRun = args.dry_run === true;
      const { key } = requestOf('rollback_site', args, call);
      const { expected_revision: expectedRelease, release } = args;
      const { to, was, now, contentDiffers, published } = await editor.rollBack({
        release,
        key,
        expectedRelease,
        dryRun,
      });
      const state = `release ${to.id} of ${to.built_at}, ${to.pages} pages`;
      const live = !dryRun && now?.id === to.id;
      const text = [
        dryRun
          ? `Dry run: nothing was changed. This would be live: ${state}.`
          : live
            ? `Live now: ${state}.`
            : `This call went back to ${state} before. Live now: ${now?.id ?? 'none'}.`,
        ...(was === undefined ? [] : [`Before: ${was.id}.`]),
        ...(contentDiffers ? ['The content on disk is newer: the next write or build puts it live again.'] : []),
      ];
      const structured = {
        live,
        release: to.id,
        built_at: to.built_at,
        commit: to.commit ?? null,
        pages: to.pages,
        was_live: was?.id ?? null,
        content_differs: contentDiffers,
        published: publishedFacts(published),
      };
      return { structured, text: text.join(' ') + publishedText(published) };
    },
  });

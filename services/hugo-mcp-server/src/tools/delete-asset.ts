import { deleteAssetArgs } from '@arleo/core/content/asset-arguments';
import * as z from 'zod';
import type { Assets } from '../assets/open-assets.ts';
import type { Editor } from '../content/editor.ts';
import { assetFacts, assetShape } from './asset-results.ts';
import { buildText, dryRunText, isDryRun } from './results.ts';
import { defineTool } from './tool.ts';
import { runWrite } from './write-call.ts';

/** `delete_asset` */
export const deleteAsset = (assets: Assets, editor: Editor) =>
  defineTool({
    name: 'delete_asset',
    title: 'Delete an image or file',
    description:
      'Deletes a file of the static folders or of a page, builds the site and puts it live. Pages that show it keep their link to it. The content history keeps the file.',
    scope: 'content:write',
    input: deleteAssetArgs,
    output: z.object(assetShape),
    annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: false },
    slow: true,
    resource: ({ file }) => file,
    async run(args, call) {
      const written = await runWrite(editor, 'delete_asset', args, call, assets.delete(args));
      const structured = await assetFacts(assets, written);
      if (isDryRun(written)) return { structured, text: dryRunText(written) };
      const served = structured.live
        ? 'It is gone from the live site.'
        : 'The live site still has such a file: this one, or one of the theme or of another folder.';
      return { structured, text: `Deleted ${structured.file}. ${served}${buildText(written)}` };
    },
  });

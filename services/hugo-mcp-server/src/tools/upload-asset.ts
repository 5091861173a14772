import { uploadAssetArgs } from '@arleo/core/content/asset-arguments';
import * as z from 'zod';
import type { Assets } from '../assets/open-assets.ts';
import type { Editor } from '../content/editor.ts';
import { assetFacts, assetShape } from './asset-results.ts';
import { buildText, dryRunText, isDryRun } from './results.ts';
import { defineTool } from './tool.ts';
import { runWrite } from './write-call.ts';

/** `upload_asset` */
export const uploadAsset = (assets: Assets, editor: Editor) =>
  defineTool({
    name: 'upload_asset',
    title: 'Upload an image or PDF',
    description:
      'Puts a PNG, JPEG, GIF, WebP, SVG or PDF file into static/ or beside the text of a page that exists (page), builds the site and puts it live. In the text of that page, link to it by its name; to a static file, by its path: "/images/a.png". An SVG that scripts or loads from outside is refused.',
    scope: 'content:write',
    input: uploadAssetArgs,
    output: z.object(assetShape),
    annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
    slow: true,
    resource: ({ page, folder, name }) =>
      [page ?? 'static', folder, name].filter((part) => part !== undefined).join('/'),
    async run(args, call) {
      const written = await runWrite(editor, 'upload_asset', args, call, assets.upload(args));
      const structured = await assetFacts(assets, written);
      if (isDryRun(written)) return { structured, text: dryRunText(written) };
      const { file, revision, url } = structured;
      const what = written.changed ? `Uploaded ${file}, revision ${revision}.` : `${file} has these bytes already.`;
      const where = url === null ? 'It is not live.' : `Live at ${url}.`;
      return { structured, text: `${what} ${where}${buildText(written)}` };
    },
  });

import * as z from 'zod';
import {
  cursor,
  everyWrite,
  expectedRevision,
  langText,
  pageOrHomeRoute,
  sound,
  strictArgs,
} from './argument-parts.ts';
import {
  ASSET_NAME_MAX_LENGTH,
  ASSET_PATH_MAX_LENGTH,
  ASSET_TYPE_NAMES,
  assetNameProblem,
  assetPathProblem,
} from './asset-name.ts';
import { LIST_DEFAULT_LIMIT, LIST_MAX_LIMIT } from './limits.ts';

/** The largest file that any configuration lets through, decoded, in bytes. */
export const UPLOAD_LIMIT_BYTES = 48 * 1024 * 1024;

const assetPath = z.string().min(1).max(ASSET_PATH_MAX_LENGTH).superRefine(sound(assetPathProblem));

const page = pageOrHomeRoute.describe(
  'Route of a page that is a bundle: the file is a resource of that page. "/" is the home page.',
);
const lang = langText.describe('Language of the page; needed only where each language has a folder of its own.');

/** Arguments of `list_assets`. */
export const listAssetsArgs = strictArgs({
  folder: assetPath
    .optional()
    .describe('Only files below this folder of the site: "static/images", "content/posts/hello".'),
  page: page.optional().describe('Only resources of this page: "posts/hello". "/" is the home page.'),
  lang: lang.optional(),
  limit: z.int().min(1).max(LIST_MAX_LIMIT).default(LIST_DEFAULT_LIMIT).describe('How many files to give at most.'),
  cursor: cursor.optional(),
}).superRefine((args, context) => {
  if (args.folder !== undefined && args.page !== undefined) {
    context.addIssue({ code: 'custom', path: ['folder'], message: 'Give folder or page, not both.' });
  }
  refuseLangAlone(args, context);
});

/** Arguments of `upload_asset`. */
export const uploadAssetArgs = strictArgs({
  name: z
    .string()
    .min(1)
    .max(ASSET_NAME_MAX_LENGTH)
    .describe('File name of letters, digits, "-", "_" and ".", with the extension of its type: "sunset-2026.jpg".'),
  content_type: z.enum(ASSET_TYPE_NAMES).describe('Media type; checked against the name and the bytes.'),
  data: z
    .string()
    .min(1)
    .max(Math.ceil(UPLOAD_LIMIT_BYTES / 3) * 4 + 1024 * 1024)
    .describe('The bytes of the file in base64.'),
  page: page.optional(),
  lang: lang.optional(),
  folder: assetPath
    .optional()
    .describe(
      'Folder below static/ (or, with page, below the page\'s own folder): "images/2026". Without: at its top.',
    ),
  overwrite: z
    .boolean()
    .default(false)
    .describe('true replaces a file that is there; without it that is an error and nothing is changed.'),
  expected_revision: expectedRevision
    .optional()
    .describe(
      'Revision of the file that is to be replaced. If it was changed since, nothing is done and you are told.',
    ),
  ...everyWrite,
}).superRefine((args, context) => {
  const problem = assetNameProblem(args.name, args.content_type);
  if (problem !== undefined) context.addIssue({ code: 'custom', path: ['name'], message: problem });
  refuseLangAlone(args, context);
});

/** Arguments of `delete_asset`. */
export const deleteAssetArgs = strictArgs({
  file: assetPath.describe('The file as list_assets gives it: "static/images/old.png".'),
  expected_revision: expectedRevision
    .optional()
    .describe('Revision of the file. If it was changed since, nothing is done and you are told.'),
  ...everyWrite,
});

function refuseLangAlone(args: { page?: unknown; lang?: unknown }, context: z.RefinementCtx): void {
  if (args.lang === undefined || args.page !== undefined) return;
  context.addIssue({ code: 'custom', path: ['lang'], message: 'lang goes with page only. Leave it out.' });
}

export type ListAssetsArgs = z.output<typeof listAssetsArgs>;
export type UploadAssetArgs = z.output<typeof uploadAssetArgs>;
export type DeleteAssetArgs = z.output<typeof deleteAssetArgs>;

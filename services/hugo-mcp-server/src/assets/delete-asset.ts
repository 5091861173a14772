import path from 'node:path';
import type { DeleteAssetArgs } from '@arleo/core/content/asset-arguments';
import { ArleoError } from '@arleo/core/errors';
import type { Library, PlannedChange } from '../content/change.ts';
import { requireRevision } from '../content/find-page.ts';
import { isPageFileName } from '../site/page-file.ts';
import { innermost } from './asset-urls.ts';
import { currentBytes, notFound } from './upload-asset.ts';

/**
 * The end of a file that is no page.
 *
 * @throws {@link ArleoError} `asset_not_found`, `not_an_asset`, `revision_mismatch`, `asset_too_large`, `route_invalid`,
 *   `symlink_refused`, `not_a_file`
 */
export async function planDeletion(library: Library, args: DeleteAssetArgs): Promise<PlannedChange> {
  const { file } = args;
  const inStatic = innermost(library.site.facts().staticRoots, file) !== undefined;
  if (!inStatic && isPageFileName(path.posix.basename(file))) {
    throw new ArleoError('not_an_asset', `${file} is a page, or text of one.`, { hint: 'delete_page deletes pages.' });
  }
  const before = await currentBytes(library, file);
  if (before === undefined) throw notFound(file);
  requireRevision(before, args.expected_revision, 'file');
  return { edits: [{ file, before, after: undefined }], message: `Delete ${file}` };
}

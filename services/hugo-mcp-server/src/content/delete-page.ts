import type { DeletePageArgs } from '@arleo/core/content/arguments';
import type { PageChange, Plan } from './change.ts';
import { findPage, requireRevision } from './find-page.ts';

/**
 * The end of one translation of a page. Other translations and the bundle's resources stay; the folder goes when it is
 * empty.
 *
 * @throws {@link ArleoError} when planned: `lang_unknown`, `page_not_found`, `revision_mismatch`, `symlink_refused`
 */
export function deletePage(args: DeletePageArgs): Plan<PageChange> {
  return async (library) => {
    const { page, bytes } = await findPage(library, args.route, args.lang);
    requireRevision(bytes, args.expected_revision);
    return {
      page,
      edits: [{ file: page.file, before: bytes, after: undefined }],
      message: `Delete ${page.route} (${page.lang})`,
    };
  };
}

import path from 'node:path';
import type { DeletePageArgs } from '@arleo/core/content/arguments';
import type { Plan } from './change.ts';
import { findPage, requireRevision } from './find-page.ts';

/** What a deletion notes for its answer. */
export interface DeletionNotes extends Record<string, unknown> {
  /** The languages in which the page still exists. */
  translations: string[];
  /** Files that stay in the page's folder although no page is left in it, the first of them. */
  leftBehind: string[];
}

/** As many file names as are noted. */
const maxNames = 50;

/**
 * The end of one translation of a page. Other translations and the bundle's resources stay; the folder goes when it is
 * empty.
 *
 * @throws {@link ArleoError} when planned: `lang_unknown`, `page_not_found`, `revision_mismatch`, `symlink_refused`
 */
export function deletePage(args: DeletePageArgs): Plan {
  return async (workspace) => {
    const { page, bytes } = await findPage(workspace, args.route, args.lang);
    requireRevision(bytes, args.expected_revision);
    const others = workspace.index.translations(args.route).filter(({ file }) => file !== page.file);
    const alone = page.kind === 'bundle' && others.length === 0;
    const entries = alone ? ((await workspace.files.entries(path.posix.dirname(page.file))) ?? []) : [];
    const notes: DeletionNotes = {
      translations: others.map(({ lang }) => lang),
      leftBehind: entries
        .map(({ name }) => name)
        .filter((name) => name !== path.posix.basename(page.file))
        .slice(0, maxNames),
    };
    return {
      pages: [{ page }],
      edits: [{ file: page.file, before: bytes, after: undefined }],
      notes,
      message: `Delete ${page.route} (${page.lang})`,
    };
  };
}

import type { ListAssetsArgs } from '@arleo/core/content/asset-arguments';
import { ArleoError } from '@arleo/core/errors';
import type { Library } from '../content/change.ts';
import type { AssetIndex, IndexedAsset } from './asset-index.ts';
import { bundleOf } from './asset-place.ts';

/** One part of a list of files. */
export interface AssetPart {
  files: readonly IndexedAsset[];
  /** Files that match, on all parts together. */
  total: number;
  /** True if more follow. */
  more: boolean;
}

/**
 * Files by their paths: all, those below a folder, or the resources of a page.
 *
 * @throws {@link ArleoError} `page_not_found`, `lang_unknown`, `lang_needed`, `not_a_bundle`, `cursor_invalid`
 */
export async function listAssets(library: Library, index: AssetIndex, args: ListAssetsArgs): Promise<AssetPart> {
  const all = await index.files();
  const matching = all.filter(filterOf(library, args));
  const after = args.cursor === undefined ? '' : readCursor(args.cursor);
  const found = matching.findIndex(({ file }) => file > after);
  const start = found === -1 ? matching.length : found;
  const files = matching.slice(start, start + args.limit);
  return { files, total: matching.length, more: start + args.limit < matching.length };
}

function filterOf(library: Library, { page, lang, folder }: ListAssetsArgs): (asset: IndexedAsset) => boolean {
  if (page === undefined) return ({ file }) => folder === undefined || file.startsWith(`${folder}/`);
  const { dir, kind } = bundleOf(library, page, lang);
  // What lies deeper in a section belongs to its pages.
  return ({ file }) => file.startsWith(`${dir}/`) && (kind === 'bundle' || !file.slice(dir.length + 1).includes('/'));
}

/** Continues the list after this file. */
export function cursorAfter(file: string): string {
  return Buffer.from(JSON.stringify([file])).toString('base64url');
}

function readCursor(cursor: string): string {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (Array.isArray(value) && value.length === 1 && typeof value[0] === 'string') return value[0];
  } catch {
    // Reported below.
  }
  throw new ArleoError('cursor_invalid', 'This cursor is not one that list_assets gave.', {
    hint: 'Leave it out to begin at the first file.',
  });
}

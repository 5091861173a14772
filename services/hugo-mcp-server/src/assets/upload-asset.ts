import type { UploadAssetArgs } from '@arleo/core/content/asset-arguments';
import { ArleoError } from '@arleo/core/errors';
import type { Library, PlannedChange } from '../content/change.ts';
import { requireRevision } from '../content/find-page.ts';
import { MAX_FILE_BYTES } from '../content/site-files.ts';
import { assetFolder } from './asset-place.ts';

/** The file that an upload makes, relative to the site. @throws {@link ArleoError} as {@link assetFolder} */
export function uploadedFile(library: Library, args: UploadAssetArgs): string {
  return `${assetFolder(library, args)}/${args.name}`;
}

/**
 * A file that is put into a static folder or a bundle.
 *
 * @throws {@link ArleoError} as {@link assetFolder}; `asset_exists`, `asset_not_found`, `revision_mismatch`,
 *   `asset_too_large`, `symlink_refused`, `not_a_file`
 */
export async function planUpload(library: Library, args: UploadAssetArgs, bytes: Buffer): Promise<PlannedChange> {
  const { files } = library;
  const dir = assetFolder(library, args);
  const file = `${dir}/${args.name}`;
  const names = (await files.list(dir)) ?? [];
  const other = names.find((name) => name !== args.name && name.toLowerCase() === args.name.toLowerCase());
  if (other !== undefined) {
    throw new ArleoError('asset_exists', `${dir}/${other} differs from "${args.name}" in case only.`, {
      hint: 'Some file systems take the two for one. Use that name, or another one.',
    });
  }
  const before = await currentBytes(library, file);
  if (before === undefined && args.expected_revision !== undefined) throw notFound(file);
  if (before !== undefined) {
    requireRevision(before, args.expected_revision, 'file');
    if (!args.overwrite && !before.equals(bytes)) {
      throw new ArleoError('asset_exists', `There is a file ${file} already, with other bytes.`, {
        hint: 'Choose another name, or set overwrite to true to replace it.',
      });
    }
  }
  const same = before?.equals(bytes) ?? false;
  const message = `${before === undefined ? 'Upload' : 'Replace'} ${file}`;
  return { edits: same ? [] : [{ file, before, after: bytes }], message };
}

/** The bytes of a file that is going to be changed. @throws {@link ArleoError} `asset_too_large` and what the files refuse */
export async function currentBytes({ files }: Library, file: string): Promise<Buffer | undefined> {
  const size = await files.size(file);
  if (size !== undefined && size > MAX_FILE_BYTES) {
    throw new ArleoError('asset_too_large', `${file} has ${size} bytes, more than this service changes.`, {
      hint: "Change it by hand on the site's machine.",
    });
  }
  return files.read(file, MAX_FILE_BYTES);
}

export function notFound(file: string): ArleoError {
  return new ArleoError('asset_not_found', `There is no file ${file}.`, { hint: 'list_assets shows which there are.' });
}

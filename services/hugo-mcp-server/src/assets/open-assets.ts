import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { DeleteAssetArgs, ListAssetsArgs, UploadAssetArgs } from '@arleo/core/content/asset-arguments';
import type { Log } from '@arleo/runtime/logging/log';
import type { Lifecycle } from '@arleo/runtime/serve/lifecycle';
import type { Publisher } from '../build/publisher.ts';
import type { Library, Plan } from '../content/change.ts';
import { revisionOf } from '../content/revision.ts';
import { MAX_FILE_BYTES } from '../content/site-files.ts';
import { watchContent } from '../content/watch-content.ts';
import { createAssetIndex, type IndexedAsset } from './asset-index.ts';
import { assetUrls } from './asset-urls.ts';
import { planDeletion } from './delete-asset.ts';
import { type AssetPart, cursorAfter, listAssets } from './list-assets.ts';
import { readUpload } from './read-upload.ts';
import { planUpload, uploadedFile } from './upload-asset.ts';

/** A file of a list, and where visitors get it. */
export interface ListedAsset extends IndexedAsset {
  /** Undefined if the live site does not have it. */
  url: string | undefined;
  /** Undefined if the file is too large to be changed here, or is gone by now. */
  revision: string | undefined;
  /** Continues the list after this file. */
  cursor: string;
}

/** What a plan notes of the file that it is about. */
export interface AssetNotes extends Record<string, unknown> {
  /** Relative to the site. */
  file: string;
  /** Revision of the file afterwards; null if it is deleted. */
  revision: string | null;
}

/** How the live site stands to a file. */
export interface AssetPresence {
  /** Visitors get the file in this state: exactly these bytes, or no such file. */
  live: boolean;
  /** Where they get them. */
  url: string | undefined;
}

/** The files of the site that are no pages. */
export interface Assets {
  /** @throws {@link ArleoError} as {@link listAssets} */
  list(args: ListAssetsArgs): Promise<Omit<AssetPart, 'files'> & { files: ListedAsset[] }>;
  /** Checks the bytes of an upload; the plan checks the rest. @throws {@link ArleoError} as {@link readUpload} */
  upload(args: UploadAssetArgs): Plan;
  delete(args: DeleteAssetArgs): Plan;
  /** Looks whether visitors have what a change noted. */
  presence(notes: AssetNotes): Promise<AssetPresence>;
  /** To be told of content folders in which something changed. */
  refresh(dirs: readonly string[]): Promise<void>;
}

/** What assets need. */
export interface AssetOptions {
  library: Library;
  publisher: Publisher;
  /** Resolves when the site can be read; fails with the reason why not. */
  readable(): Promise<void>;
  /** The largest upload, decoded. */
  uploadMaxBytes: number;
  log: Log;
  lifecycle: Lifecycle;
}

/** Opens the assets: their index is read at its first use and kept true by writes and by a watch from then on. */
export function openAssets({ library, publisher, readable, uploadMaxBytes, log, lifecycle }: AssetOptions): Assets {
  const { files, site } = library;
  const index = createAssetIndex(
    files.root,
    () => site.facts(),
    () => watch.sync(index.staticDirs()),
  );
  const watch = watchContent({
    root: files.root,
    onChange: (dirs) => {
      index.refresh(dirs).catch((error: unknown) => log.error('changed files could not be read', { error }));
    },
  });
  lifecycle.onClose('watch of static files', () => watch.close());

  /** The address at which the live site has the file; if a revision is given, with exactly these bytes. */
  const urlOf = async (file: string, revision?: string): Promise<string | undefined> => {
    for (const url of assetUrls(library, file)) {
      const served = await publisher.fileAt(url);
      if (served === undefined) continue;
      if (revision === undefined || revisionOf(await readFile(served)) === revision) return url;
    }
    return undefined;
  };

  return {
    async list(args) {
      await readable();
      const part = await listAssets(library, index, args);
      const listed = part.files.map(async (asset) => ({
        ...asset,
        url: await urlOf(asset.file),
        revision: await index.revision(asset.file, MAX_FILE_BYTES),
        cursor: cursorAfter(asset.file),
      }));
      return { ...part, files: await Promise.all(listed) };
    },
    upload(args) {
      const bytes = readUpload(args.data, args.content_type, uploadMaxBytes);
      const revision = revisionOf(bytes);
      return async () => {
        const notes: AssetNotes = { file: uploadedFile(library, args), revision };
        return { ...(await planUpload(library, args, bytes)), notes };
      };
    },
    delete(args) {
      const notes: AssetNotes = { file: args.file, revision: null };
      return async () => ({ ...(await planDeletion(library, args)), notes });
    },
    async presence({ file, revision }) {
      await index.refresh([path.posix.dirname(file)]);
      const url = await urlOf(file, revision ?? undefined);
      return revision === null ? { live: url === undefined, url: undefined } : { live: url !== undefined, url };
    },
    refresh: (dirs) => index.refresh(dirs),
  };
}

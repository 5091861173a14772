import type { Releases } from '../build/releases.ts';
import { blobName } from './blob-name.ts';
import type { History } from './history.ts';
import { revisionOf } from './revision.ts';

/**
 * True if the live release was built from these bytes of a page's file, or from this revision of it. That something is served at the page's address
 * says less: after a rollback, or an edit by hand, it is another version.
 *
 * @throws {@link ArleoError} `git_failed`
 */
export type IsLiveVersion = (file: string, version: Buffer | string) => Promise<boolean>;

/** Git is asked once for a release, and then for no page of it any more. @see {@link IsLiveVersion} */
export function createIsLiveVersion(
  history: Pick<History, 'blobsOf' | 'show'>,
  releases: Pick<Releases, 'live'>,
): IsLiveVersion {
  let built: { commit: string; blobs: Promise<ReadonlyMap<string, string>> } | undefined;

  const blobsOf = (commit: string): Promise<ReadonlyMap<string, string>> => {
    if (built?.commit !== commit) {
      const mine = { commit, blobs: history.blobsOf(commit) };
      built = mine;
      mine.blobs.catch(() => {
        if (built === mine) built = undefined;
      });
    }
    return built.blobs;
  };
  return async (file, version) => {
    const commit = (await releases.live())?.commit;
    if (commit === undefined) return false;
    if (typeof version !== 'string') return (await blobsOf(commit)).get(file) === blobName(version);
    const bytes = await history.show(commit, file);
    return bytes !== undefined && revisionOf(bytes) === version;
  };
}

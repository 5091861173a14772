import type { Releases } from '../build/releases.ts';
import type { History } from './history.ts';
import { revisionOf } from './revision.ts';

/**
 * True if the live release was built from this revision of a page's file. That something is served at the page's
 * address says less: after a rollback, or an edit by hand, it is another version.
 *
 * @throws {@link ArleoError} `git_failed`
 */
export type IsLiveVersion = (file: string, revision: string) => Promise<boolean>;

/** @see {@link IsLiveVersion} */
export function createIsLiveVersion(history: Pick<History, 'show'>, releases: Pick<Releases, 'live'>): IsLiveVersion {
  return async (file, revision) => {
    const commit = (await releases.live())?.commit;
    const bytes = commit === undefined ? undefined : await history.show(commit, file);
    return bytes !== undefined && revisionOf(bytes) === revision;
  };
}

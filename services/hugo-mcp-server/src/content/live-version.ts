import type { Releases } from '../build/releases.ts';
import { blobName } from './blob-name.ts';
import type { History } from './history.ts';
import { revisionOf } from './revision.ts';

/**
 * True if the live release was built from these bytes of a page's file, or from this revision of it. That something is
 * served at the page's address says less: after a rollback, or an edit by hand, it is another version.
 *
 * @throws {@link ArleoError} `git_failed`
 */
export type IsLiveVersion = (file: string, version: Buffer | string) => Promise<boolean>;

/** Knows what the live release was built from. */
export interface LiveVersions {
  isLiveVersion: IsLiveVersion;
  /** Looks at a commit that may go live soon, so that nobody waits for Git then. Never rejects. */
  prepare(commit: string): Promise<void>;
}

/** As many revisions as are remembered. */
const maxRevisions = 1000;

/** The names of all files' bytes in a commit. */
interface CommitFiles {
  commit: string;
  blobs: Promise<ReadonlyMap<string, string>>;
}

/** Git is asked once for a release, and then for no page of it any more. @see {@link LiveVersions} */
export function createLiveVersions(
  history: Pick<History, 'blobsOf' | 'blob'>,
  releases: Pick<Releases, 'live'>,
): LiveVersions {
  let built: CommitFiles | undefined;
  let next: CommitFiles | undefined;
  /** Bytes that were asked for never change: by their name, the newest last. */
  const revisions = new Map<string, string>();
  let reading: Promise<unknown> = Promise.resolve();

  const revisionIn = async (name: string): Promise<string | undefined> => {
    const known = revisions.get(name);
    if (known !== undefined) return known;
    const bytes = await history.blob(name);
    if (bytes === undefined) return undefined;
    const revision = revisionOf(bytes);
    revisions.set(name, revision);
    for (const [oldest] of revisions) if (revisions.size > maxRevisions) revisions.delete(oldest);
    return revision;
  };

  const lookAt = (commit: string): CommitFiles => {
    const files = { commit, blobs: history.blobsOf(commit) };
    files.blobs.catch(() => {
      if (built === files) built = undefined;
      if (next === files) next = undefined;
    });
    return files;
  };

  const blobsOf = (commit: string): Promise<ReadonlyMap<string, string>> => {
    if (built?.commit !== commit) {
      const prepared = next?.commit === commit ? next : undefined;
      if (prepared !== undefined) next = undefined;
      built = prepared ?? lookAt(commit);
    }
    return built.blobs;
  };

  return {
    async prepare(commit) {
      next = built?.commit === commit ? undefined : lookAt(commit);
      await next?.blobs.catch(() => {});
    },
    async isLiveVersion(file, version) {
      const commit = (await releases.live())?.commit;
      if (commit === undefined) return false;
      const name = (await blobsOf(commit)).get(file);
      if (name === undefined) return false;
      if (typeof version !== 'string') return name === blobName(version);
      // One git at a time: an answer may be about hundreds of pages.
      const mine = reading.then(() => revisionIn(name));
      reading = mine.catch(() => {});
      return (await mine) === version;
    },
  };
}

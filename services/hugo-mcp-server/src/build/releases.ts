import { randomBytes } from 'node:crypto';
import { lstat, mkdir, readdir, readlink, realpath, rename, rm, symlink, unlink } from 'node:fs/promises';
import path from 'node:path';
import { ArleoError } from '@arleo/core/errors';
import { syncDirectory } from '@arleo/core/fs/atomic-write';
import { bootId } from './boot-id.ts';
import { createReleaseReader, type Release, writeRelease } from './release-description.ts';
import { clean, gonePrefix, removeGone, stagingPrefix } from './sweep-releases.ts';
import { syncFolder } from './sync-folder.ts';

export type { Release } from './release-description.ts';

/** A folder that a build goes into. */
export interface Staging {
  id: string;
  dir: string;
}

/** The built sites under `STATE_DIR/releases`, and the symlink by which the web server finds the live one. */
export interface Releases {
  /** A fresh, empty folder to build into, for a release of this id. */
  stage(id: string): Promise<Staging>;
  /** Makes a staged folder a release. It is not live yet. */
  keep(staging: Staging, facts: Omit<Release, 'id' | 'boot'>): Promise<Release>;
  /** Takes away a staged folder, or the release that it became; never the live one. Its files are removed behind. */
  discard(staging: Staging): Promise<void>;
  /**
   * Makes a release live by one rename: who asks the web server gets the old site or the new one. If it fails, the old
   * one is live.
   * @throws {@link ArleoError} `public_link_occupied` if something other than our symlink is in its place,
   *   `release_unknown` if it is not kept any more
   */
  activate(id: string): Promise<void>;
  /** The live release; undefined if there is none, or the link leads elsewhere. */
  live(): Promise<Release | undefined>;
  /** The releases that are kept, the newest first. */
  kept(): Promise<Release[]>;
  /**
   * Takes away all but the newest releases; never the live one, nor one that is held. When it resolves they are no
   * releases any more; removing their files, which takes long on a large site, goes on.
   */
  prune(): Promise<void>;
  /** Brings a release to the disk behind what goes on, so that it can be gone back to also after a power cut. */
  secure(id: string): void;
  /** False if the machine stopped before the release was known to be on disk: then files of it may be empty. */
  isWhole(release: Release): boolean;
  /** Keeps a release from being removed until the returned function is called: something reads its folder. */
  hold(id: string): () => void;
  /** The folder of a release. */
  dirOf(id: string): string;
  /** Ends what is done behind. */
  close(): Promise<void>;
}

const idPattern = /^\d{8}T\d{9}Z-[0-9a-f]{6}$/;
/** A new id; ids sort by the moment in which they were made. */
export function newReleaseId(): string {
  return `${new Date().toISOString().replace(/[-:.]/g, '')}-${randomBytes(3).toString('hex')}`;
}

/**
 * Opens the releases folder. What is left of builds and removals that were killed is removed behind.
 *
 * @param options.searchPath PATH for `sync` and `rm`
 * @param options.keep how many releases stay
 * @param options.onLive told when a release went live, by a build or by going back to it
 */
export async function openReleases(options: {
  dir: string;
  publicLink: string;
  searchPath: string;
  keep?: number;
  onLive?: (release: Release) => void;
  onError(message: string, error: unknown): void;
}): Promise<Releases> {
  const { publicLink, searchPath, onError, keep: keepCount = 5 } = options;
  const boot = await bootId();
  await mkdir(options.dir, { recursive: true });
  const dir = await realpath(options.dir);
  await clean(dir);
  await refuseOccupied(publicLink);
  const readRelease = createReleaseReader(dir);

  const live = async (): Promise<Release | undefined> => {
    const [target, parent] = await Promise.all([
      readlink(publicLink).catch(() => undefined),
      realpath(path.dirname(publicLink)).catch(() => undefined),
    ]);
    if (target === undefined || parent === undefined) return undefined;
    const absolute = path.resolve(parent, target);
    return path.dirname(absolute) === dir ? readRelease(path.basename(absolute)) : undefined;
  };

  /** What goes live and what is removed is settled one after the other: nothing that goes live is removed meanwhile. */
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = turn.then(work);
    turn = done.catch(() => {});
    return done;
  };

  const activate = async (id: string) => {
    await refuseOccupied(publicLink);
    const release = await readRelease(id);
    if (release === undefined) throw unknown(id);
    const parent = path.dirname(publicLink);
    await mkdir(parent, { recursive: true });
    // Relative, so that the state folder can be moved or restored elsewhere as a whole.
    const target = path.relative(await realpath(parent), path.join(dir, id));
    const temporary = `${publicLink}.${randomBytes(6).toString('hex')}.tmp`;
    try {
      await symlink(target, temporary);
      await rename(temporary, publicLink);
    } catch (error) {
      await unlink(temporary).catch(() => {});
      throw error;
    }
    // It is live: a disk that says no now makes nothing of that undone.
    await syncDirectory(parent).catch((error: unknown) => onError('the link to the live release is not synced', error));
    options.onLive?.(release);
  };

  const held = new Map<string, number>();
  const staged = new Set<string>();
  const closing = new AbortController();
  let removing: Promise<void> = Promise.resolve();
  let securing: Promise<void> = Promise.resolve();

  /** What is no release any more, and what killed builds left. What cannot be removed is tried again after a build. */
  const sweep = () => {
    removing = removing.then(() => removeGone(dir, staged, { searchPath, signal: closing.signal })).catch(() => {});
  };
  sweep();

  const takeAway = async (id: string, folder: string) => {
    // In one step: a release of which half is removed must never be one to go back to.
    await rename(path.join(dir, folder), path.join(dir, gonePrefix + id));
    await rm(path.join(dir, `${id}.json`), { force: true });
    sweep();
  };

  const secure = async (id: string) => {
    await syncFolder(path.join(dir, id), { searchPath, signal: closing.signal });
    await inTurn(async () => {
      const release = await readRelease(id);
      if (release === undefined || closing.signal.aborted) return;
      const { boot: _, ...secured } = release;
      await writeRelease(dir, secured);
    });
  };

  const prune = async () => {
    const current = (await live())?.id;
    const ids = (await readdir(dir)).filter((name) => idPattern.test(name)).sort();
    for (const id of ids.slice(0, Math.max(0, ids.length - keepCount))) {
      if (id === current || held.has(id)) continue;
      await takeAway(id, id);
    }
    sweep();
  };

  return {
    live,
    dirOf: (id) => path.join(dir, id),
    async stage(id) {
      const staging = path.join(dir, stagingPrefix + id);
      staged.add(stagingPrefix + id);
      await mkdir(staging, { mode: 0o755 });
      return { id, dir: staging };
    },
    async keep(staging, facts) {
      const release: Release = { id: staging.id, ...facts, boot };
      // The description first: a release without one would not be known after a crash, one without its folder is swept.
      await writeRelease(dir, release);
      await rename(staging.dir, path.join(dir, staging.id));
      staged.delete(stagingPrefix + staging.id);
      await syncDirectory(dir);
      return release;
    },
    discard: ({ id }) =>
      inTurn(async () => {
        if ((await live())?.id === id) return;
        for (const folder of [stagingPrefix + id, id]) await takeAway(id, folder).catch(() => {});
        await rm(path.join(dir, `${id}.json`), { force: true });
        staged.delete(stagingPrefix + id);
      }),
    activate: (id) => inTurn(() => activate(id)),
    async kept() {
      const ids = (await readdir(dir)).filter((name) => idPattern.test(name));
      const releases = await Promise.all(ids.map((id) => readRelease(id)));
      return releases.filter((release) => release !== undefined).sort((a, b) => (a.id < b.id ? 1 : -1));
    },
    prune: () => inTurn(prune),
    secure(id) {
      securing = securing
        .then(() => secure(id))
        .catch((error: unknown) => {
          if (!closing.signal.aborted) onError('a release could not be brought to the disk', error);
        });
    },
    isWhole: (release) => release.boot === undefined || release.boot === boot,
    async close() {
      closing.abort();
      await securing;
    },
    hold(id) {
      held.set(id, (held.get(id) ?? 0) + 1);
      let letGo = () => {
        const others = (held.get(id) ?? 0) - 1;
        if (others > 0) held.set(id, others);
        else held.delete(id);
        letGo = () => {};
      };
      return () => letGo();
    },
  };
}

function unknown(id: string): ArleoError {
  return new ArleoError('release_unknown', `The release ${id} is not kept (any more).`, {
    hint: 'site_info lists the releases that are.',
  });
}

async function refuseOccupied(publicLink: string): Promise<void> {
  const stats = await lstat(publicLink).catch(() => undefined);
  if (stats === undefined || stats.isSymbolicLink()) return;
  throw new ArleoError('public_link_occupied', `${publicLink} is not a symbolic link.`, {
    hint: 'PUBLIC_LINK is where the link to the live release is put. Move the folder that is there away, or name another place.',
  });
}

import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, open, readdir } from 'node:fs/promises';
import path from 'node:path';
import { deceptiveCharacterInName } from '@arleo/core/content/text';
import { inParallel } from '../site/in-parallel.ts';
import { isPageFileName } from '../site/page-file.ts';
import type { SiteFacts } from '../site/site-facts.ts';

/** One file of the site that is no page. */
export interface IndexedAsset {
  /** Relative to the site. */
  file: string;
  /** Bytes. */
  size: number;
  /** When it was last written. */
  modified: Date;
}

/** All files of the static folders, and all of the content folders that are no pages, in memory. */
export interface AssetIndex {
  /** Every file, in the order of their paths. The first call reads the folders; later ones read nothing. */
  files(): Promise<readonly IndexedAsset[]>;
  /**
   * The file's revision ({@link revisionOf} of its bytes), read once for each state of the file; undefined if it is gone
   * or larger than `maxBytes`.
   */
  revision(file: string, maxBytes: number): Promise<string | undefined>;
  /** Reads these folders again, and what is new below them. Does nothing before the first {@link AssetIndex.files}. */
  refresh(dirs: readonly string[]): Promise<void>;
  /** The static folders that are known, for a watcher; content folders are watched for their pages. */
  staticDirs(): string[];
}

interface FileRecord {
  size: number;
  mtimeMs: number;
  ino: number;
  revision?: string;
}

interface DirRecord {
  files: Map<string, FileRecord>;
  subdirs: string[];
}

/** How many folders and files are looked at at a time. */
const concurrency = 16;

/**
 * @param root the site's real path
 * @param onScan called after folders were read
 */
export function createAssetIndex(root: string, facts: () => SiteFacts, onScan: () => void): AssetIndex {
  const dirs = new Map<string, DirRecord>();
  let opened: Promise<void> | undefined;
  let sorted: IndexedAsset[] | undefined;
  /** One scan at a time: of two at once, the one that began earlier could put the older state in place last. */
  let scanning: Promise<void> = Promise.resolve();

  const scan = async (dir: string): Promise<string[]> => {
    const entries = await readdir(path.join(root, dir), { withFileTypes: true }).catch(() => undefined);
    const before = dirs.get(dir);
    if (entries === undefined) {
      forget(dir);
      return [];
    }
    const inContent = isBelow(dir, facts().roots);
    const record: DirRecord = { files: new Map(), subdirs: [] };
    // Neither symlinks nor hidden files: what they are is not this service's to give away. Nor names with characters
    // that nobody sees: no tool takes them, and text for a model can be hidden in them.
    const visible = entries.filter(({ name }) => !name.startsWith('.') && deceptiveCharacterInName(name) === undefined);
    for (const entry of visible) if (entry.isDirectory()) record.subdirs.push(`${dir}/${entry.name}`);
    const names = visible.filter((entry) => entry.isFile() && !(inContent && isPageFileName(entry.name)));
    await inParallel(names, concurrency, async ({ name }) => {
      const stats = await lstat(path.join(root, dir, name)).catch(() => undefined);
      if (!stats?.isFile()) return;
      const { size, mtimeMs, ino } = stats;
      const old = before?.files.get(name);
      const same = old !== undefined && old.size === size && old.mtimeMs === mtimeMs && old.ino === ino;
      record.files.set(name, same ? old : { size, mtimeMs, ino });
    });
    for (const gone of before?.subdirs ?? []) if (!record.subdirs.includes(gone)) forget(gone);
    dirs.set(dir, record);
    return record.subdirs.filter((subdir) => !dirs.has(subdir));
  };

  const forget = (dir: string) => {
    const record = dirs.get(dir);
    dirs.delete(dir);
    for (const subdir of record?.subdirs ?? []) forget(subdir);
  };

  /** Reads these folders and all that are new below them, which it gives. */
  const scanTree = async (start: readonly string[]): Promise<string[]> => {
    const discovered: string[] = [];
    let pending = [...start];
    while (pending.length > 0) {
      const found: string[] = [];
      await inParallel(pending, concurrency, async (dir) => {
        found.push(...(await scan(dir)));
      });
      discovered.push(...found);
      pending = found;
    }
    return discovered;
  };

  const scanAll = (start: () => readonly string[]): Promise<void> => {
    const turn = scanning.then(async () => {
      let pending = await scanTree(start());
      onScan();
      // Once more, now that they are watched: what came into a new folder in between was told by nobody.
      while (pending.length > 0) {
        pending = await scanTree(pending);
        onScan();
      }
      sorted = undefined;
    });
    scanning = turn.catch(() => {});
    return turn;
  };

  const roots = () => [...new Set([...facts().staticRoots, ...facts().roots].map(({ dir }) => dir))];
  const isKnown = (dir: string) => dirs.has(dir) || roots().includes(dir);

  return {
    async files() {
      opened ??= scanAll(roots);
      await opened;
      // A mount that came with a new configuration.
      if (roots().some((dir) => !dirs.has(dir))) await scanAll(() => roots().filter((dir) => !dirs.has(dir)));
      sorted ??= flatten(dirs);
      return sorted;
    },
    async revision(file, maxBytes) {
      const record = dirs.get(path.posix.dirname(file))?.files.get(path.posix.basename(file));
      if (record === undefined || record.size > maxBytes) return undefined;
      record.revision ??= await hashFile(path.join(root, file));
      return record.revision;
    },
    async refresh(changed) {
      if (opened === undefined) return;
      await scanAll(() => {
        const start = changed.map((dir) => {
          let at = dir;
          while (!isKnown(at) && at.includes('/')) at = path.posix.dirname(at);
          return at;
        });
        return [...new Set(start)].filter(isKnown);
      });
    },
    staticDirs: () => [...dirs.keys()].filter((dir) => isBelow(dir, facts().staticRoots)),
  };
}

function flatten(dirs: ReadonlyMap<string, DirRecord>): IndexedAsset[] {
  const all: IndexedAsset[] = [];
  for (const [dir, { files }] of dirs) {
    for (const [name, { size, mtimeMs }] of files) {
      all.push({ file: `${dir}/${name}`, size, modified: new Date(mtimeMs) });
    }
  }
  return all.sort((a, b) => (a.file < b.file ? -1 : 1));
}

function isBelow(dir: string, roots: readonly { dir: string }[]): boolean {
  return roots.some((root) => dir === root.dir || dir.startsWith(`${root.dir}/`));
}

/** As `revisionOf` does, without holding the file in memory. */
async function hashFile(absolute: string): Promise<string | undefined> {
  // O_NONBLOCK: a pipe that takes the file's place must not hang the service.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const handle = await open(absolute, flags).catch(() => undefined);
  if (handle === undefined) return undefined;
  const hash = createHash('sha256');
  for await (const chunk of handle.createReadStream()) hash.update(chunk);
  return hash.digest('hex').slice(0, 32);
}

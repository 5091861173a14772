import { constants } from 'node:fs';
import { lstat, mkdir, open, readdir, readlink, realpath, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { ArleoError } from '@arleo/core/errors';
import { removeLeftovers, syncDirectory } from '@arleo/core/fs/atomic-write';
import { moveFile, replaceFile } from './replace-file.ts';

/**
 * The one way to the files of the site that belong to this service: content and assets. Paths are relative to the site,
 * with `/` between names. Whatever a caller asks for, nothing outside those folders is touched and no symlink is
 * followed, neither folder nor file.
 *
 * What remains: between the check of a folder and the use of a file in it, somebody with write access to the site
 * could put a symlink in the folder's place. Only the site's owner has that access, this service has one writer, and
 * the parent's real path is compared again right before a write.
 */
export interface SiteFiles {
  /** The site's real path. */
  readonly root: string;
  /**
   * A file's bytes, undefined if there is no such file.
   * @param maxBytes what a page may have, if absent
   * @throws {@link ArleoError} `route_invalid`, `symlink_refused`, `not_a_file`, `page_too_large`
   */
  read(file: string, maxBytes?: number): Promise<Buffer | undefined>;
  /** A file's size in bytes, undefined if there is no such file. @throws as {@link SiteFiles.replace} */
  size(file: string): Promise<number | undefined>;
  /**
   * Puts new bytes in the place of those that are known, whole and atomically; undefined stands for "not there". Makes
   * the folders that a new file needs. False if the file is not as it was known to be: then it stays as it is.
   * @throws {@link ArleoError} `route_invalid`, `symlink_refused`, `not_a_file`
   */
  replace(file: string, before: Uint8Array | undefined, after: Uint8Array | undefined): Promise<boolean>;
  /**
   * Moves a file as it is to where none is. False if there is one, or none to move.
   * @throws as {@link SiteFiles.replace}
   */
  move(from: string, to: string): Promise<boolean>;
  /** Removes what a writer that was killed left beside a file. @throws as {@link SiteFiles.list} */
  clean(file: string): Promise<void>;
  /** The names in a folder, undefined if there is no such folder. @throws {@link ArleoError} `route_invalid`, `symlink_refused` */
  list(dir: string): Promise<string[] | undefined>;
  /** What is in a folder, with sizes; undefined if there is no such folder. @throws as {@link SiteFiles.list} */
  entries(dir: string): Promise<FolderEntry[] | undefined>;
  /** Removes a folder if it is empty; true if it is gone. @throws as {@link SiteFiles.list} */
  removeEmptyDir(dir: string): Promise<boolean>;
}

/** Something in a folder. */
export interface FolderEntry {
  name: string;
  /** `other`: a symlink, a pipe and the like. */
  kind: 'file' | 'folder' | 'other';
  bytes: number;
}

/** The largest page file that is read: the largest body and front matter that may be written, with room for more by hand. */
export const PAGE_FILE_MAX_BYTES = 4 * 1024 * 1024;

/** The largest file that is changed: before and after are held in memory until the change is live. */
export const MAX_FILE_BYTES = 64 * 1024 * 1024;

/**
 * @param siteDir the site's folder; may itself be reached through symlinks
 * @param roots the content folders and the folders of assets, relative to the site
 * @throws {@link ArleoError} `site_missing`
 */
export async function openSiteFiles(siteDir: string, roots: () => readonly string[]): Promise<SiteFiles> {
  const root = await realpath(siteDir).catch((cause: unknown) => {
    throw new ArleoError('site_missing', `The site's folder ${siteDir} is not there.`, {
      cause,
      hint: 'Set SITE_DIR to the folder that holds hugo.toml (or config.toml) and content/.',
    });
  });

  const requireWithinRoots = (relative: string) => {
    if (withinRoots(relative, roots())) return;
    throw new ArleoError('route_invalid', "This path is not inside the site's content or static folders.");
  };

  /** Checks every component of a relative path; `missing` is the index of the first that does not exist. */
  const inspect = async (relative: string) => {
    requireWithinRoots(relative);
    const parts = relative.split('/');
    let current = root;
    for (const [i, part] of parts.entries()) {
      current = path.join(current, part);
      const stats = await lstat(current).catch(ignoreMissing);
      if (stats === undefined) return { absolute: path.join(root, ...parts), missing: i };
      if (stats.isSymbolicLink()) {
        throw new ArleoError('symlink_refused', `"${parts.slice(0, i + 1).join('/')}" is a symbolic link.`, {
          hint: 'Links are not followed, so that no page can lead out of the site. Use a real folder or file, or a Hugo mount.',
        });
      }
      const last = i === parts.length - 1;
      if (!last && !stats.isDirectory()) throw notAFile(parts.slice(0, i + 1).join('/'));
      if (last) return { absolute: current, stats };
    }
    throw new ArleoError('route_invalid', 'The path is empty.');
  };

  const read = async (file: string, maxBytes = PAGE_FILE_MAX_BYTES) => {
    requireWithinRoots(file);
    const absolute = path.join(root, file);
    // O_NONBLOCK: a pipe in the file's place must not hang the service.
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    const handle = await open(absolute, flags).catch(async (error: NodeJS.ErrnoException) => {
      await size(file);
      return ignoreMissing(error);
    });
    if (handle === undefined) return undefined;
    try {
      // Where the descriptor leads: one question instead of one for each folder, which search asks for each hit. Only if it
      // is not there, or the system cannot say, each is looked at.
      const at = await readlink(`/proc/self/fd/${handle.fd}`).catch(() => undefined);
      if (at !== absolute) await inspect(file);
      const opened = await handle.stat();
      if (!opened.isFile()) throw notAFile(file);
      if (opened.size > maxBytes) {
        throw new ArleoError('page_too_large', `${file} has ${opened.size} bytes, more than this service reads.`);
      }
      return await handle.readFile();
    } finally {
      await handle.close();
    }
  };

  const size = async (file: string) => {
    const { stats } = await inspect(file);
    if (stats !== undefined && !stats.isFile()) throw notAFile(file);
    return stats?.size;
  };

  const makeDir = async (dir: string) => {
    let current = '';
    for (const part of dir.split('/')) {
      current = current === '' ? part : `${current}/${part}`;
      const absolute = path.join(root, current);
      const made = await mkdir(absolute).then(
        () => true,
        (error: NodeJS.ErrnoException) => {
          if (error.code !== 'EEXIST') throw error;
          return false;
        },
      );
      if (made) await syncDirectory(path.dirname(absolute));
    }
  };

  /** The file's absolute path, when it may be written. */
  const writable = async (file: string) => {
    const { absolute, stats } = await inspect(file);
    if (stats !== undefined && !stats.isFile()) throw notAFile(file);
    return { absolute, exists: stats !== undefined };
  };

  /** Right before a write: nobody has put a link in a folder's place since it was looked at. */
  const requireRealParent = async (absolute: string) => {
    const parent = path.dirname(absolute);
    if ((await realpath(parent)) === parent) return;
    const dir = path.relative(root, parent);
    throw new ArleoError('symlink_refused', `"${dir}" is reached through a symbolic link.`);
  };

  const replace = async (file: string, before: Uint8Array | undefined, after: Uint8Array | undefined) => {
    const { absolute, exists } = await writable(file);
    if (!exists && after === undefined) return before === undefined;
    if (!exists) await makeDir(path.posix.dirname(file));
    await requireRealParent(absolute);
    return replaceFile(absolute, before, after);
  };

  const move = async (from: string, to: string) => {
    const source = await writable(from);
    const target = await writable(to);
    if (!source.exists || target.exists) return false;
    await makeDir(path.posix.dirname(to));
    await requireRealParent(source.absolute);
    await requireRealParent(target.absolute);
    return moveFile(source.absolute, target.absolute);
  };

  const clean = async (file: string) => {
    const dir = path.posix.dirname(file);
    const { absolute, stats } = await inspect(dir);
    if (stats?.isDirectory()) await removeLeftovers(path.join(absolute, path.posix.basename(file)));
  };

  const list = async (dir: string) => {
    const { absolute, stats } = await inspect(dir);
    if (stats === undefined || !stats.isDirectory()) return undefined;
    return readdir(absolute);
  };

  const entries = async (dir: string) => {
    const { absolute, stats } = await inspect(dir);
    if (stats === undefined || !stats.isDirectory()) return undefined;
    const found: FolderEntry[] = [];
    for (const name of await readdir(absolute)) {
      const entry = await lstat(path.join(absolute, name)).catch(ignoreMissing);
      if (entry === undefined) continue;
      const kind = entry.isFile() ? 'file' : entry.isDirectory() ? 'folder' : 'other';
      found.push({ name, kind, bytes: kind === 'file' ? entry.size : 0 });
    }
    return found;
  };

  const removeEmptyDir = async (dir: string) => {
    if (roots().includes(dir)) return false;
    const { absolute, stats } = await inspect(dir);
    if (stats === undefined) return true;
    if (!stats.isDirectory()) return false;
    try {
      await rmdir(absolute);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === 'ENOTEMPTY' || code === 'EEXIST') return false;
      throw error;
    }
    await syncDirectory(path.dirname(absolute));
    return true;
  };

  return { root, read, size, replace, move, clean, list, entries, removeEmptyDir };
}

function withinRoots(relative: string, roots: readonly string[]): boolean {
  if (relative.includes('\0') || relative.includes('\\')) return false;
  if (relative.split('/').some((part) => part === '' || part === '.' || part === '..')) return false;
  return roots.some((root) => relative === root || relative.startsWith(`${root}/`));
}

function notAFile(file: string): ArleoError {
  return new ArleoError(
    'not_a_file',
    `"${file}" is there, but is not what a page needs (a folder, a file or a device).`,
  );
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
  if (error.code === 'ELOOP') throw new ArleoError('symlink_refused', 'The file is a symbolic link.', { cause: error });
  throw error;
}

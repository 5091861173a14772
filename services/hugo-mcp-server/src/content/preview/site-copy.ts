import { constants } from 'node:fs';
import { copyFile, link, lstat, mkdir, readdir, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { inParallel } from '../../site/in-parallel.ts';
import type { FileEdit } from '../change.ts';

export interface SiteCopyOptions {
  /** The site's real path. */
  siteDir: string;
  /** A folder outside the site that is empty, or not there yet. */
  target: string;
  /** The folders that Hugo only reads, relative to the site: content and static files. */
  roots: readonly string[];
  /** What is different in the copy; files in these folders. */
  edits: readonly FileEdit[];
}

/** What Hugo makes, and what it must not find: its own output, its lock. */
const leftOut = new Set(['public', 'resources', '.hugo_build.lock']);
/** How many files are linked or copied at a time. */
const concurrency = 16;
/** Larger files beside the content are linked too. */
const copiedBytes = 256 * 1024;

/**
 * Makes a copy of the site that can be changed and built without touching the site. Content and static files are
 * hard-linked one by one (copied where another file system begins). All else is copied if it is small: Hugo writes next
 * to its configuration and into assets, and a write through a link would be one into the site. Symlinks for whole
 * folders will not do, for Hugo refuses them.
 */
export async function copySite({ siteDir, target, roots, edits }: SiteCopyOptions): Promise<void> {
  await copyTree('', { siteDir, target, roots });
  for (const { file, after } of edits) {
    const absolute = path.join(target, file);
    // Never through the link: its other end is the site's own file.
    await rm(absolute, { force: true });
    if (after === undefined) continue;
    await mkdir(path.dirname(absolute), { recursive: true });
    await writeFile(absolute, after, { flag: 'wx' });
  }
}

async function copyTree(dir: string, options: Omit<SiteCopyOptions, 'edits'>): Promise<void> {
  const { siteDir, target, roots } = options;
  await mkdir(path.join(target, dir), { recursive: true });
  const entries = await readdir(path.join(siteDir, dir), { withFileTypes: true });
  const onlyRead = roots.some((root) => dir === root || dir.startsWith(`${root}/`));
  const pending = entries.filter(({ name }) => name !== '.git' && !(dir === '' && leftOut.has(name)));
  const folders = pending.filter((entry) => entry.isDirectory() && entry.name !== 'node_modules');
  await inParallel(pending, concurrency, async (entry) => {
    const relative = path.join(dir, entry.name);
    const [from, to] = [path.join(siteDir, relative), path.join(target, relative)];
    if (entry.isFile()) await (onlyRead ? linkFile(from, to) : copySmall(from, to));
    // Packages are looked for by programs that follow links, and are many.
    else if (entry.isSymbolicLink() || entry.name === 'node_modules') await linkTo(from, to);
  });
  for (const { name } of folders) await copyTree(path.posix.join(dir, name), options).catch(gone);
}

async function copySmall(from: string, to: string): Promise<void> {
  const size = (await lstat(from).catch(gone))?.size ?? 0;
  if (size > copiedBytes) await linkFile(from, to);
  else await copyFile(from, to, constants.COPYFILE_FICLONE).catch(gone);
}

async function linkFile(from: string, to: string): Promise<void> {
  // EXDEV: another file system. EPERM, EACCES: this system protects the files of others. EMLINK: too many already.
  await link(from, to).catch((error: NodeJS.ErrnoException) =>
    error.code === 'ENOENT' ? undefined : copyFile(from, to, constants.COPYFILE_FICLONE).catch(gone),
  );
}

async function linkTo(from: string, to: string): Promise<void> {
  const target = await realpath(from).catch(gone);
  if (target !== undefined) await symlink(target, to);
}

/** What somebody takes away meanwhile is not in the copy. */
function gone(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

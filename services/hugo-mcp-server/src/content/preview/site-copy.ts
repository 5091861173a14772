import { constants } from 'node:fs';
import { copyFile, link, mkdir, readdir, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { FileEdit } from '../change.ts';

export interface SiteCopyOptions {
  /** The site's real path. */
  siteDir: string;
  /** An empty folder outside the site. */
  target: string;
  /** The content folders, relative to the site. */
  roots: readonly string[];
  /** What is different in the copy; files in content folders. */
  edits: readonly FileEdit[];
}

/** What Hugo makes, and what it must not find: its own output, the repository, its lock. */
const leftOut = new Set(['public', 'resources', '.git', '.hugo_build.lock']);
/** How many files are linked at a time. */
const concurrency = 16;

/**
 * Makes a copy of the site that can be changed and built without touching the site: content is hard-linked file by file
 * (copied where another file system begins), small files beside it are copied, and all other folders are symlinks.
 * Hugo never follows symlinks into content, and it writes next to its configuration, which is why those are real.
 */
export async function copySite({ siteDir, target, roots, edits }: SiteCopyOptions): Promise<void> {
  await copyBranch('', { siteDir, target, roots });
  for (const { file, after } of edits) {
    const absolute = path.join(target, file);
    // Never through the link: its other end is the site's own file.
    await rm(absolute, { force: true });
    if (after === undefined) continue;
    await mkdir(path.dirname(absolute), { recursive: true });
    await writeFile(absolute, after, { flag: 'wx' });
  }
}

/** A folder that is a content folder, holds one, or stands beside one. */
async function copyBranch(dir: string, options: Omit<SiteCopyOptions, 'edits'>): Promise<void> {
  const { siteDir, target, roots } = options;
  await mkdir(path.join(target, dir), { recursive: true });
  for (const entry of await readdir(path.join(siteDir, dir), { withFileTypes: true })) {
    if (dir === '' && leftOut.has(entry.name)) continue;
    const relative = dir === '' ? entry.name : `${dir}/${entry.name}`;
    const [from, to] = [path.join(siteDir, relative), path.join(target, relative)];
    if (entry.isDirectory() && roots.includes(relative)) await linkTree(from, to);
    else if (entry.isDirectory() && roots.some((root) => root.startsWith(`${relative}/`))) {
      await copyBranch(relative, options);
    } else if (entry.isFile()) await copyFile(from, to, constants.COPYFILE_FICLONE).catch(gone);
    else if (entry.isDirectory() || entry.isSymbolicLink()) await linkTo(from, to);
  }
}

async function linkTree(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  const entries = await readdir(from, { withFileTypes: true });
  const pending = entries.map(({ name }) => name);
  const kinds = new Map(entries.map((entry) => [entry.name, entry]));
  const worker = async () => {
    for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
      const entry = kinds.get(name);
      const [source, copy] = [path.join(from, name), path.join(to, name)];
      if (entry?.isFile()) await linkFile(source, copy);
      else if (entry?.isSymbolicLink()) await linkTo(source, copy);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  for (const entry of entries) {
    if (entry.isDirectory()) await linkTree(path.join(from, entry.name), path.join(to, entry.name));
  }
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

import type { Library } from './change.ts';
import type { IndexedPage } from './page-index.ts';
import type { SiteFiles } from './site-files.ts';

/** A file that belongs to a page. */
export interface PageResource {
  /** Relative to the page's folder. */
  name: string;
  bytes: number;
  /** The language in whose folder it is, where each language has one; undefined for the page's own folder. */
  sharedFrom?: string;
}

/** The resources of a page, as many as are looked at. */
export interface PageResources {
  resources: PageResource[];
  /** False if there are more. */
  complete: boolean;
}

/** Folders and files that are looked at for one page. */
const maxEntries = 1000;
const maxResources = 200;

/**
 * The files of a page's bundle: all below the folder of a leaf bundle (other translations left out), those beside a
 * section's `_index`. A single file has none. Symlinks and hidden files are left out. Where each language has a content
 * folder, Hugo gives a leaf bundle also the files that only its translations have.
 */
export async function resourcesOf(
  { files, index }: Pick<Library, 'files' | 'index'>,
  page: IndexedPage,
): Promise<PageResources> {
  if (page.kind === 'single') return { resources: [], complete: true };
  const own = await resourcesIn({ files, index }, page);
  if (page.kind !== 'bundle') return own;
  let { complete } = own;
  const resources = new Map(own.resources.map((resource) => [resource.name, resource]));
  const dirOf = ({ file }: IndexedPage) => file.slice(0, file.lastIndexOf('/'));
  for (const other of index.translations(page.route)) {
    if (other.kind !== 'bundle' || dirOf(other) === dirOf(page)) continue;
    const its = await resourcesIn({ files, index }, other);
    complete &&= its.complete;
    for (const one of its.resources) {
      if (!resources.has(one.name)) resources.set(one.name, { ...one, sharedFrom: other.lang });
    }
  }
  const all = [...resources.values()];
  return { resources: all.slice(0, maxResources), complete: complete && all.length <= maxResources };
}

async function resourcesIn(
  { files, index }: Pick<Library, 'files' | 'index'>,
  page: IndexedPage,
): Promise<PageResources> {
  const dir = page.file.slice(0, page.file.lastIndexOf('/'));
  const pages = new Set(index.pageFilesIn(dir));
  const resources: PageResource[] = [];
  const folders = [dir];
  let looked = 0;
  for (const folder of folders) {
    for (const entry of await listed(files, folder)) {
      if (++looked > maxEntries || resources.length === maxResources) return { resources, complete: false };
      const file = `${folder}/${entry.name}`;
      if (entry.name.startsWith('.') || pages.has(file)) continue;
      if (entry.kind === 'file') resources.push({ name: file.slice(dir.length + 1), bytes: entry.bytes });
      else if (entry.kind === 'folder' && page.file.slice(dir.length + 1).startsWith('index.')) folders.push(file);
    }
  }
  return { resources, complete: true };
}

async function listed(files: SiteFiles, folder: string) {
  const entries = (await files.entries(folder)) ?? [];
  return entries.sort((a, b) => (a.name < b.name ? -1 : 1));
}

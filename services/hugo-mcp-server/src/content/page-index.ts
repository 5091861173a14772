import type { Dirent } from 'node:fs';
import { lstat, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { inParallel } from '../site/in-parallel.ts';
import { isPageFileName, type PageKind, routeKey } from '../site/page-file.ts';
import type { SiteFacts } from '../site/site-facts.ts';
import { ownText, type PageContent, type PageSummary, readPage, summarize } from './page.ts';
import { type PageLink, pageLinks } from './page-links.ts';
import { createPageViews, type PageView } from './page-view.ts';
import { PAGE_FILE_MAX_BYTES } from './site-files.ts';

/** One page as the index knows it. */
export interface IndexedPage extends PageSummary {
  /** Relative to the site. */
  file: string;
  route: string;
  lang: string;
  kind: PageKind;
  revision: string;
  /** Where its text links to, as far as that may be on the site itself. */
  links: readonly PageLink[];
  /** Set if the front matter cannot be read. */
  problem?: string;
}

/** All pages of the site in memory. Reads never walk the tree; {@link PageIndex.refresh} keeps it true. */
export interface PageIndex {
  /** Every page, by route, then language. */
  pages(): readonly IndexedPage[];
  /** The page at a route in one language. */
  find(route: string, lang: string): IndexedPage | undefined;
  /** Every language's page at a route. */
  translations(route: string): IndexedPage[];
  /** The page of a file. */
  at(file: string): IndexedPage | undefined;
  /** The files of the pages that lie directly in a folder, in no order. */
  pageFilesIn(dir: string): string[];
  /** The leaf bundle whose folder holds this folder or is it, if there is one. */
  enclosingBundle(dir: string): string | undefined;
  /** True if the folder holds pages other than one bundle of its own. */
  holdsOtherPages(dir: string): boolean;
  /** Reads these folders again (relative to the site), and what is new below them. */
  refresh(dirs: readonly string[]): Promise<void>;
  /** Reads everything again, for instance after the site's configuration changed. */
  rebuild(): Promise<void>;
  /** The folders that are known, for a watcher. */
  dirs(): Iterable<string>;
}

/** Told what the index reads, so that others know the pages' texts without reading them again. */
export interface PageObserver {
  /** A page file was read: it is new or has changed. */
  read(file: string, content: PageContent): void;
  /** A page file is gone. */
  gone(file: string): void;
}

/** A page file as it was read last. */
export interface FileRecord extends PageSummary {
  mtimeMs: number;
  size: number;
  ino: number;
  revision: string;
  links: readonly PageLink[];
  problem?: string;
}

/** A folder as it was read last. */
export interface DirRecord {
  files: Map<string, FileRecord>;
  subdirs: Set<string>;
}

/** How many files are read at a time: enough to keep the disk busy, few enough for the descriptor limit. */
const concurrency = 16;

/** An empty index; {@link PageIndex.rebuild} fills it. */
export function createPageIndex(siteRoot: string, facts: () => SiteFacts, observer?: PageObserver): PageIndex {
  const dirs = new Map<string, DirRecord>();
  const makeView = createPageViews();
  let view: PageView | undefined;

  const scan = async (dir: string): Promise<string[]> => {
    const entries = await readdir(path.join(siteRoot, dir), { withFileTypes: true }).catch(noEntries);
    if (entries === undefined) {
      forget(dir);
      return [];
    }
    const before = dirs.get(dir);
    const record: DirRecord = { files: new Map(), subdirs: new Set() };
    // Symlinks are neither files nor folders here: what they lead to is not part of the site for this service.
    const names = entries.filter((entry) => entry.isFile() && isPageFileName(entry.name)).map(({ name }) => name);
    const of = { origins: originsOf(facts()), taxonomies: facts().taxonomies };
    await inParallel(names, concurrency, async (name) => {
      const file = await readRecord(path.join(siteRoot, dir, name), before?.files.get(name), of, (content) =>
        observer?.read(`${dir}/${name}`, content),
      );
      if (file !== undefined) record.files.set(name, file);
    });
    for (const name of before?.files.keys() ?? []) if (!record.files.has(name)) observer?.gone(`${dir}/${name}`);
    for (const entry of entries) if (entry.isDirectory()) record.subdirs.add(`${dir}/${entry.name}`);
    for (const gone of before?.subdirs ?? []) if (!record.subdirs.has(gone)) forget(gone);
    dirs.set(dir, record);
    return [...record.subdirs].filter((subdir) => !dirs.has(subdir));
  };

  const forget = (dir: string) => {
    const record = dirs.get(dir);
    if (record === undefined) return;
    dirs.delete(dir);
    for (const name of record.files.keys()) observer?.gone(`${dir}/${name}`);
    for (const subdir of record.subdirs) forget(subdir);
  };

  const scanAll = async (start: readonly string[]) => {
    let pending = [...start];
    while (pending.length > 0) {
      const found: string[] = [];
      await inParallel(pending, concurrency, async (dir) => {
        found.push(...(await scan(dir)));
      });
      pending = found;
    }
    view = undefined;
  };

  const current = (): PageView => {
    view ??= makeView(dirs, facts());
    return view;
  };

  /** One scan at a time: of two at once, the one that began earlier could put the older state in place last. */
  let scanning: Promise<void> = Promise.resolve();
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const turn = scanning.then(work);
    scanning = turn.catch(() => {});
    return turn;
  };

  return {
    pages: () => current().pages,
    find: (route, lang) => current().byKey.get(routeKey(route, lang)),
    translations: (route) => current().byRoute.get(routeKey(route, '')) ?? [],
    at: (file) => current().byFile.get(file),
    pageFilesIn: (dir) => {
      const files = [...(dirs.get(dir)?.files.keys() ?? [])].map((name) => `${dir}/${name}`);
      return files.filter((file) => current().byFile.has(file));
    },
    enclosingBundle: (dir) => {
      for (let at = dir; at !== '' && at !== '.'; at = path.posix.dirname(at)) if (current().bundles.has(at)) return at;
      return undefined;
    },
    holdsOtherPages: (dir) => current().pages.some(({ file }) => isBelow(file, dir)),
    refresh: (changed) =>
      inTurn(async () => {
        // A folder that is new and not known yet is found from the nearest one that is.
        const start = new Set<string>();
        for (const dir of changed) {
          let at = dir;
          while (!dirs.has(at) && at.includes('/')) at = path.posix.dirname(at);
          if (dirs.has(at) || facts().roots.some((root) => root.dir === at)) start.add(at);
        }
        await scanAll([...start]);
      }),
    rebuild: () =>
      inTurn(async () => {
        const before = [...dirs].flatMap(([dir, { files }]) => [...files.keys()].map((name) => [dir, name] as const));
        dirs.clear();
        await scanAll(facts().roots.map(({ dir }) => dir));
        for (const [dir, name] of before) if (!dirs.get(dir)?.files.has(name)) observer?.gone(`${dir}/${name}`);
      }),
    dirs: () => dirs.keys(),
  };
}

/** Scheme and host of the site's own addresses. */
export function originsOf({ baseUrl, languages }: SiteFacts): string[] {
  const urls = [baseUrl, ...languages.flatMap((language) => language.baseUrl ?? [])];
  return [...new Set(urls.map((url) => /^[a-z]+:\/\/[^/]+/i.exec(url)?.[0] ?? ''))].filter((origin) => origin !== '');
}

/** True if the page file lies in `dir` without being the index of `dir` itself. */
export function isBelow(file: string, dir: string): boolean {
  if (!file.startsWith(`${dir}/`)) return false;
  const rest = file.slice(dir.length + 1);
  return rest.includes('/') || !/^index\./.test(rest);
}

async function readRecord(
  absolute: string,
  before: FileRecord | undefined,
  { origins, taxonomies }: Pick<SiteFacts, 'taxonomies'> & { origins: readonly string[] },
  onRead: (content: PageContent) => void,
): Promise<FileRecord | undefined> {
  try {
    const stats = await lstat(absolute);
    if (!stats.isFile() || stats.size > PAGE_FILE_MAX_BYTES) return undefined;
    const { mtimeMs, size, ino } = stats;
    // An atomic replace gives another inode, so that two writes within one clock tick are told apart.
    if (before !== undefined && before.mtimeMs === mtimeMs && before.size === size && before.ino === ino) return before;
    const content = readPage(await readFile(absolute));
    onRead(content);
    const { revision, frontMatter, body, problem } = content;
    const links = pageLinks(body, origins).map((link) => ({ ...link, target: ownText(link.target) }));
    const record = { mtimeMs, size, ino, revision, links, ...summarize(frontMatter, taxonomies) };
    return problem === undefined ? record : { ...record, problem: ownText(problem) };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    // It went away between the listing and now, or is not ours to read.
    if (code === 'ENOENT' || code === 'EACCES') return undefined;
    throw error;
  }
}

function noEntries(error: NodeJS.ErrnoException): Dirent[] | undefined {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR' || error.code === 'EACCES') return undefined;
  throw error;
}

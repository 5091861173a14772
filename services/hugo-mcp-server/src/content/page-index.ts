import type { Dirent } from 'node:fs';
import { lstat, readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { isPageFileName, type PageKind, parseContentFile, routeKey, routeOf } from '../site/page-file.ts';
import type { SiteFacts } from '../site/site-facts.ts';
import { ownText, type PageContent, type PageSummary, readPage, summarize } from './page.ts';
import { type PageLink, pageLinks } from './page-links.ts';
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
  /** The pages whose files lie directly in a folder. */
  pagesIn(dir: string): IndexedPage[];
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

interface FileRecord extends PageSummary {
  mtimeMs: number;
  size: number;
  ino: number;
  revision: string;
  links: readonly PageLink[];
  problem?: string;
}

interface DirRecord {
  files: Map<string, FileRecord>;
  subdirs: Set<string>;
}

/** How many files are read at a time: enough to keep the disk busy, few enough for the descriptor limit. */
const concurrency = 16;

/** An empty index; {@link PageIndex.rebuild} fills it. */
export function createPageIndex(siteRoot: string, facts: () => SiteFacts, observer?: PageObserver): PageIndex {
  const dirs = new Map<string, DirRecord>();
  let view: View | undefined;

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
    await inParallel(names, async (name) => {
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
      await inParallel(pending, async (dir) => {
        found.push(...(await scan(dir)));
      });
      pending = found;
    }
    view = undefined;
  };

  const current = (): View => {
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
    pagesIn: (dir) => current().byDir.get(dir) ?? [],
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

interface View {
  pages: IndexedPage[];
  byKey: Map<string, IndexedPage>;
  byRoute: Map<string, IndexedPage[]>;
  byFile: Map<string, IndexedPage>;
  byDir: Map<string, IndexedPage[]>;
  bundles: Set<string>;
}

function makeView(dirs: ReadonlyMap<string, DirRecord>, facts: SiteFacts): View {
  const bundles = new Set<string>();
  for (const [dir, record] of dirs) {
    for (const name of record.files.keys()) {
      const parsed = parseContentFile(facts, `${dir}/${name}`);
      if (parsed?.base === 'index' && parsed.section !== '') bundles.add(dir);
    }
  }
  const view: View = { pages: [], byKey: new Map(), byRoute: new Map(), byFile: new Map(), byDir: new Map(), bundles };
  const inBundle = new Map<string, boolean>();
  const insideBundle = (dir: string): boolean => {
    const known = inBundle.get(dir);
    if (known !== undefined) return known;
    const parent = path.posix.dirname(dir);
    const inside = parent !== dir && parent !== '.' && (bundles.has(parent) || insideBundle(parent));
    inBundle.set(dir, inside);
    return inside;
  };
  for (const [dir, record] of dirs) {
    // Below a leaf bundle everything is a resource of it, and beside index.md every other page file is.
    if (insideBundle(dir)) continue;
    for (const [name, file] of record.files) {
      const parsed = parseContentFile(facts, `${dir}/${name}`);
      if (parsed === undefined || (bundles.has(dir) && parsed.base !== 'index')) continue;
      const { route, kind } = routeOf(parsed);
      const { title, draft, date, lastmod, tags, terms, links, revision, problem } = file;
      view.pages.push({
        file: parsed.file,
        route,
        lang: parsed.lang,
        kind,
        title,
        draft,
        tags,
        links,
        revision,
        ...(date === undefined ? {} : { date }),
        ...(lastmod === undefined ? {} : { lastmod }),
        ...(terms === undefined ? {} : { terms }),
        ...(problem === undefined ? {} : { problem }),
      });
    }
  }
  view.pages.sort((a, b) => compare(a.route, b.route) || compare(a.lang, b.lang) || compare(a.file, b.file));
  for (const page of view.pages) {
    const key = routeKey(page.route, page.lang);
    // Two files for one route is a fault of the site; a bundle sorts before a single file and wins.
    if (!view.byKey.has(key)) view.byKey.set(key, page);
    view.byFile.set(page.file, page);
    addTo(view.byRoute, routeKey(page.route, ''), page);
    addTo(view.byDir, path.posix.dirname(page.file), page);
  }
  return view;
}

function addTo(groups: Map<string, IndexedPage[]>, key: string, page: IndexedPage): void {
  const group = groups.get(key);
  if (group === undefined) groups.set(key, [page]);
  else group.push(page);
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

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < items.length) {
      const item = items[next++];
      if (item !== undefined) await work(item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, worker));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

import path from 'node:path';
import { parseContentFile, routeKey, routeOf } from '../site/page-file.ts';
import type { SiteFacts } from '../site/site-facts.ts';
import type { DirRecord, FileRecord, IndexedPage } from './page-index.ts';

/** The pages of the site as they hang together at one moment. */
export interface PageView {
  /** By route, language and file. */
  pages: IndexedPage[];
  byKey: Map<string, IndexedPage>;
  byRoute: Map<string, IndexedPage[]>;
  byFile: Map<string, IndexedPage>;
  /** The folders that are leaf bundles. */
  bundles: ReadonlySet<string>;
}

/** What a folder holds, whatever lies around it. */
interface DirPages {
  facts: SiteFacts;
  parent: string;
  isBundle: boolean;
  pages: KeyedPage[];
}

/** A page with what it is looked up by. */
interface KeyedPage {
  page: IndexedPage;
  key: string;
  routeKey: string;
}

/**
 * Makes views. What a folder holds is worked out again only when the folder was read again or the site's configuration
 * changed: each change of a page makes a new view, and reads wait for it.
 */
export function createPageViews(): (dirs: ReadonlyMap<string, DirRecord>, facts: SiteFacts) => PageView {
  const known = new WeakMap<DirRecord, DirPages>();
  const entries: Entries = new WeakMap();
  let order: KeyedPage[] = [];

  const pagesOf = (dir: string, record: DirRecord, facts: SiteFacts): DirPages => {
    let made = known.get(record);
    if (made === undefined || made.facts !== facts) {
      made = readDir(dir, record, facts, entries);
      known.set(record, made);
    }
    return made;
  };

  return (dirs, facts) => {
    const bundles = new Set<string>();
    const held = new Map<string, DirPages>();
    for (const [dir, record] of dirs) {
      const pages = pagesOf(dir, record, facts);
      held.set(dir, pages);
      if (pages.isBundle) bundles.add(dir);
    }
    const now = new Set<KeyedPage>();
    const inside = new Map<string, boolean>();
    const insideBundle = (dir: string, parent: string): boolean => {
      let answer = inside.get(dir);
      if (answer === undefined) {
        const above = held.get(parent)?.parent ?? path.posix.dirname(parent);
        answer = parent !== dir && parent !== '.' && (bundles.has(parent) || insideBundle(parent, above));
        inside.set(dir, answer);
      }
      return answer;
    };
    // Below a leaf bundle everything is a resource of it.
    for (const [dir, { parent, pages }] of held) {
      if (!insideBundle(dir, parent)) for (const page of pages) now.add(page);
    }
    // What was in order stays in order, so that sorting has little to do.
    order = [...order.filter((page) => now.delete(page)), ...now];
    order.sort(compare);
    const view: PageView = { pages: [], byKey: new Map(), byRoute: new Map(), byFile: new Map(), bundles };
    for (const { page, key, routeKey: route } of order) {
      view.pages.push(page);
      view.byFile.set(page.file, page);
      // Two files for one route is a fault of the site; a bundle sorts before a single file and wins.
      if (!view.byKey.has(key)) view.byKey.set(key, page);
      const group = view.byRoute.get(route);
      if (group === undefined) view.byRoute.set(route, [page]);
      else group.push(page);
    }
    return view;
  };
}

/** What was made of each file: in a folder of thousands, one that changes leaves the others as they are. */
type Entries = WeakMap<FileRecord, Entry>;

interface Entry {
  facts: SiteFacts;
  base: string;
  inSection: boolean;
  /** Undefined if Hugo would make no page of the file. */
  page: KeyedPage | undefined;
}

function readDir(dir: string, record: DirRecord, facts: SiteFacts, entries: Entries): DirPages {
  const all = [...record.files].map(([name, file]) => {
    let entry = entries.get(file);
    if (entry === undefined || entry.facts !== facts) {
      entry = readEntry(`${dir}/${name}`, file, facts);
      entries.set(file, entry);
    }
    return entry;
  });
  const isBundle = all.some(({ base, inSection }) => base === 'index' && inSection);
  // Beside the index.md of a leaf bundle every other page file is a resource.
  const pages = all.filter(({ base }) => !isBundle || base === 'index').flatMap(({ page }) => page ?? []);
  return { facts, parent: path.posix.dirname(dir), isBundle, pages };
}

function readEntry(path: string, file: FileRecord, facts: SiteFacts): Entry {
  const parsed = parseContentFile(facts, path);
  if (parsed === undefined) return { facts, base: '', inSection: false, page: undefined };
  const { route, kind } = routeOf(parsed);
  const { base, lang, section } = parsed;
  const page = { file: path, route, lang, kind, ...shown(file) };
  const keyed: KeyedPage = { page, key: routeKey(route, lang), routeKey: routeKey(route, '') };
  return { facts, base, inSection: section !== '', page: keyed };
}

/** What the index says of a file; how it knows that the file has not changed is its own matter. */
function shown({ mtimeMs: _mtime, size: _size, ino: _ino, ...rest }: FileRecord) {
  return rest;
}

function compare({ page: a }: KeyedPage, { page: b }: KeyedPage): number {
  if (a.route !== b.route) return a.route < b.route ? -1 : 1;
  if (a.lang !== b.lang) return a.lang < b.lang ? -1 : 1;
  return a.file < b.file ? -1 : a.file > b.file ? 1 : 0;
}

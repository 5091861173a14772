import type { SiteFacts } from './site-facts.ts';
import { hasLanguage } from './site-facts.ts';

/** How a page lies on disk: `index.md` in its own folder, a file of its own, `_index.md` of a section, or of the site. */
export type PageKind = 'bundle' | 'single' | 'section' | 'home';

/** A file of content, taken apart by its name alone. */
export interface ContentFile {
  /** Relative to the site. */
  file: string;
  /** Its folder, relative to the site. */
  dir: string;
  /** `index`, `_index` or any other name, without language and extension. */
  base: string;
  /** The language by file name, folder or default. */
  lang: string;
  /** The folder's path below content, `''` for content itself. */
  section: string;
}

/** The extensions that Hugo takes for pages. */
const pageExtension = /\.(?:md|markdown|mdown|html?|adoc|asciidoc|ad|rst|org|pandoc|pdc)$/i;

/** True if Hugo would take a file of this name for a page. */
export function isPageFileName(name: string): boolean {
  return pageExtension.test(name) && !name.startsWith('.');
}

/**
 * Takes a content file's path apart as Hugo does: the language is in the file name (`index.fr.md`), else the folder's
 * (`content/fr/…`), else the default one. Undefined if the file is in no content folder or not a page file.
 */
export function parseContentFile(facts: SiteFacts, file: string): ContentFile | undefined {
  const slash = file.lastIndexOf('/');
  const dir = slash === -1 ? '' : file.slice(0, slash);
  const name = file.slice(slash + 1);
  if (!isPageFileName(name)) return undefined;
  const root = rootOf(facts, dir);
  if (root === undefined) return undefined;
  const stem = name.replace(pageExtension, '');
  const dot = stem.lastIndexOf('.');
  const suffix = dot === -1 ? '' : stem.slice(dot + 1).toLowerCase();
  const named = suffix !== '' && hasLanguage(facts, suffix);
  const below = dir === root.dir ? '' : dir.slice(root.dir.length + 1);
  return {
    file,
    dir,
    base: named ? stem.slice(0, dot) : stem,
    lang: named ? suffix : (root.lang ?? facts.defaultLanguage),
    section: [root.prefix, below].filter((part) => part !== '').join('/'),
  };
}

/** The content root that holds this folder: the innermost one, for roots may lie in each other. */
function rootOf(facts: SiteFacts, dir: string) {
  let found: SiteFacts['roots'][number] | undefined;
  for (const root of facts.roots) {
    const inside = dir === root.dir || dir.startsWith(`${root.dir}/`);
    if (inside && (found === undefined || root.dir.length > found.dir.length)) found = root;
  }
  return found;
}

/** The route and kind of a page file that is not a resource of somebody else's bundle. */
export function routeOf({ base, section }: ContentFile): { route: string; kind: PageKind } {
  if (base === '_index') return section === '' ? { route: '/', kind: 'home' } : { route: section, kind: 'section' };
  if (base === 'index') return section === '' ? { route: '/', kind: 'home' } : { route: section, kind: 'bundle' };
  return { route: section === '' ? base : `${section}/${base}`, kind: 'single' };
}

/**
 * The same for two routes that no site can hold side by side: Hugo makes URLs lower case, and file systems may take
 * composed and decomposed letters for equal.
 */
export function routeKey(route: string, lang: string): string {
  return `${lang}:${route.normalize('NFC').toLowerCase()}`;
}

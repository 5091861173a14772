import path from 'node:path';
import { parseContentFile, routeKey, routeOf } from '../site/page-file.ts';
import type { PlannedPage, Workspace } from './change.ts';

/** Finds the pages that links lead to. */
export interface LinkTargets<Page extends PlannedPage> {
  /** The page that a link of `from` leads to; undefined if it leads to none. */
  resolve(from: Page, link: { target: string; ref: boolean }): Page | undefined;
}

/** The site, as far as links need it. */
export interface LinkedSite<Page extends PlannedPage> {
  site: Workspace['site'];
  index: { pages(): readonly Page[]; find(route: string, lang: string): Page | undefined };
}

/**
 * The targets of links on the site as it is now: by address, as a browser resolves them; by file, as render hooks and
 * newer versions of Hugo do (`other-page.md`); and by content path for `ref` and `relref`.
 */
export function linkTargets<Page extends PlannedPage>({ site, index }: LinkedSite<Page>): LinkTargets<Page> {
  const facts = site.facts();
  const byAddress = new Map<string, Page>();
  const byName = new Map<string, Page | null>();
  for (const page of index.pages()) {
    const url = parseUrl(site.urlOf(page), facts.baseUrl);
    if (url !== undefined && !byAddress.has(addressKey(url))) byAddress.set(addressKey(url), page);
    const name = routeKey(path.posix.basename(page.route), page.lang);
    // Two pages of one name: Hugo calls such a ref ambiguous.
    byName.set(name, byName.has(name) ? null : page);
  }

  const byRoute = (route: string, lang: string): Page | undefined => {
    const file = route.replace(/^\/+/, '');
    // A content path may carry file name, language and extension.
    const root = facts.roots[0]?.dir ?? 'content';
    const parsed = parseContentFile({ ...facts, roots: [{ dir: root, prefix: '' }] }, `${root}/${file}`);
    const plain = file.replace(/\/+$/, '').replace(/(?:^|\/)_?index$/, '');
    const wanted = parsed === undefined ? (plain === '' ? '/' : plain) : routeOf(parsed).route;
    const named = parsed !== undefined && /\.[a-z]{2,3}\.[a-z]+$/i.test(file) ? parsed.lang : lang;
    return index.find(wanted, named);
  };

  const byRef = (from: Page, target: string): Page | undefined => {
    if (target.startsWith('/')) return byRoute(target, from.lang);
    const section = from.kind === 'single' ? path.posix.dirname(from.route) : from.route;
    const beside = (dir: string) => byRoute(path.posix.join('/', dir, target), from.lang);
    return (
      beside(section) ??
      beside(path.posix.dirname(section)) ??
      byRoute(target, from.lang) ??
      byName.get(routeKey(target.replace(/\.md$/i, ''), from.lang)) ??
      undefined
    );
  };

  return {
    resolve(from, { target, ref }) {
      const plain = decode(target.replace(/[?#].*$/s, ''));
      if (plain === undefined || plain === '') return undefined;
      if (ref) return byRef(from, plain);
      const base = parseUrl(site.urlOf(from), facts.baseUrl);
      const url = base === undefined ? undefined : parseUrl(target, base.href);
      const found = url === undefined ? undefined : byAddress.get(addressKey(url));
      if (found !== undefined || /^(?:[a-z]+:)?\/\//i.test(target)) return found;
      return plain.startsWith('/') ? byRoute(plain, from.lang) : byRef(from, plain);
    },
  };
}

/** The same for an address with and without its closing slash, `index.html` and encodings. */
export function addressKey(url: URL): string {
  const pathname = decode(url.pathname) ?? url.pathname;
  return `${url.host}${pathname.replace(/index\.html$/, '').replace(/\/+$/, '')}`.normalize('NFC').toLowerCase();
}

function parseUrl(url: string | undefined, base: string): URL | undefined {
  if (url === undefined) return undefined;
  try {
    return new URL(url, new URL(base, 'http://localhost'));
  } catch {
    return undefined;
  }
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

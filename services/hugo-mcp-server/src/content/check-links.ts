import type { CheckLinksArgs } from '@arleo/core/content/read-arguments';
import { ArleoError } from '@arleo/core/errors';
import { type ReleaseAddresses, releaseAddresses } from '../build/release-addresses.ts';
import type { Release, Releases } from '../build/releases.ts';
import type { Library } from './change.ts';
import { findPage } from './find-page.ts';
import { linkTargets } from './link-targets.ts';
import type { IndexedPage } from './page-index.ts';
import { type ReleaseLinks, releaseLinks } from './release-links.ts';
import { type Hidden, whyHidden } from './why-hidden.ts';

/** Where a broken link stands. */
export interface LinkPlace {
  /** Undefined for what Hugo makes by itself: lists of tags, page 2 of a section. */
  page: IndexedPage | undefined;
  /** The address of the page that has it; undefined for a page that is not live. */
  url: string | undefined;
  /** The line of the page's body; undefined for what comes from a layout or a shortcode. */
  line: number | undefined;
}

/** A link or picture that leads to nothing. */
export interface BrokenLink {
  target: string;
  kind: 'link' | 'image';
  /** The page that it means and that visitors do not get, and why. */
  means: { page: IndexedPage; hidden: Hidden } | undefined;
  /** Every place; the first ones of thousands. */
  places: LinkPlace[];
  /** How many places there are. */
  count: number;
}

/** What was found. */
export interface LinkReport {
  release: Release;
  /** Finished pages that were read. */
  checked: number;
  /** Pages that are not live, whose text was read. */
  unpublished: number;
  /** The most frequent first. */
  broken: BrokenLink[];
  /** Published pages that no other page links to. Of one page only: whether it is one is not looked at. */
  orphans: { page: IndexedPage; url: string | undefined }[] | undefined;
}

const maxPlaces = 20;

/**
 * Looks through the live release for links and pictures that lead to nothing, and through the text of pages that are
 * not live.
 *
 * @throws {@link ArleoError} `nothing_live`, `page_not_found`, `lang_unknown`
 */
export async function checkLinks(library: Library, releases: Releases, args: CheckLinksArgs): Promise<LinkReport> {
  const { site, index } = library;
  const facts = site.facts();
  const addresses = releaseAddresses(facts);
  const fileOfPage = (page: IndexedPage) => addresses.at(site.urlOf(page));
  const only =
    args.route === undefined
      ? undefined
      : (await findPage(library, args.route, args.lang ?? facts.defaultLanguage)).page;
  const release = await releases.live();
  if (release === undefined) {
    throw new ArleoError('nothing_live', 'No release of the site is live, so there are no finished pages to check.', {
      hint: 'Build the site with build_site; if that fails, it says why.',
    });
  }
  const inScope = index
    .pages()
    .filter((page) => (only === undefined ? args.lang === undefined || page.lang === args.lang : page === only));
  const pageAt = new Map<string, IndexedPage>();
  for (const page of index.pages()) {
    const file = fileOfPage(page);
    if (file !== undefined && !pageAt.has(file)) pageAt.set(file, page);
  }
  const onlyFile = only && fileOfPage(only);
  const letGo = releases.hold(release.id);
  // A page without an address is in no release: no file is read then.
  const links = await releaseLinks(
    releases.dirOf(release.id),
    addresses,
    only === undefined ? undefined : (onlyFile ?? ''),
  ).finally(letGo);
  const published = (page: IndexedPage) => {
    const file = fileOfPage(page);
    return file !== undefined && links.has(file) && pageAt.get(file) === page;
  };
  const found = createFindings(library);
  for (const [file, dead] of links.dead) {
    const page = pageAt.get(file);
    if (args.lang !== undefined && page !== undefined && page.lang !== args.lang) continue;
    const url = addresses.urlOf(file).href;
    for (const { target, kind } of dead) found.add(target, kind, { page, url, line: lineOf(page, target) });
  }
  const hiddenPages = inScope.filter((page) => !published(page));
  for (const page of hiddenPages) addFromText(library, links, addresses, page, found);
  const orphans = inScope.filter(
    (page) => page.kind !== 'home' && published(page) && !links.linked.has(fileOfPage(page) ?? ''),
  );
  return {
    release,
    checked: links.pages,
    unpublished: hiddenPages.length,
    broken: found.all(),
    orphans: only === undefined ? orphans.map((page) => ({ page, url: site.urlOf(page) })) : undefined,
  };
}

/** The line in which a page's text has a link as it came out, or as it is before Hugo makes an address of it. */
function lineOf(page: IndexedPage | undefined, target: string): number | undefined {
  const plain = decode(target);
  return page?.links.find((link) => link.target === target || decode(link.target) === plain)?.line;
}

/** Links in the text of a page that has no finished page: to pages of the index, or to files of the release. */
function addFromText(
  library: Library,
  links: ReleaseLinks,
  addresses: ReleaseAddresses,
  page: IndexedPage,
  found: Findings,
): void {
  const { site } = library;
  const targets = found.targets;
  const address = site.urlOf(page);
  for (const { target, ref, line } of page.links) {
    if (targets.resolve(page, { target, ref }) !== undefined) continue;
    if (ref) {
      found.add(target, 'link', { page, url: undefined, line });
      continue;
    }
    const file =
      address === undefined ? undefined : addresses.fileOf(target, new URL(address, addresses.urlOf('index.html')));
    // A file of its own bundle is published with it.
    const relative = !target.startsWith('/') && !/^[a-z]+:/i.test(target);
    if (file === undefined || links.has(file) || links.has(`${file}/index.html`) || relative) continue;
    found.add(target, 'link', { page, url: undefined, line });
  }
}

interface Findings {
  targets: ReturnType<typeof linkTargets>;
  add(target: string, kind: BrokenLink['kind'], place: LinkPlace): void;
  all(): BrokenLink[];
}

function createFindings(library: Library): Findings {
  const targets = linkTargets(library);
  const byTarget = new Map<string, BrokenLink>();
  return {
    targets,
    add(target, kind, place) {
      // A relative address means another file in each page.
      const key = /^(?:\/|[a-z]+:)/i.test(target)
        ? `${kind} ${target}`
        : `${kind} ${target} ${place.url ?? place.page?.file}`;
      let link = byTarget.get(key);
      if (link === undefined) {
        const page = place.page === undefined ? undefined : targets.resolve(place.page, { target, ref: false });
        const means = page === undefined ? undefined : { page, hidden: whyHidden(library, page.file) };
        link = { target, kind, means, places: [], count: 0 };
        byTarget.set(key, link);
      }
      link.count += 1;
      if (link.places.length < maxPlaces) link.places.push(place);
    },
    all: () =>
      [...byTarget.values()].sort(
        (a, b) => b.count - a.count || (a.target < b.target ? -1 : a.target > b.target ? 1 : 0),
      ),
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

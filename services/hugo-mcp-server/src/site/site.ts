import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { askFacts, askPages } from './ask-hugo.ts';
import type { Hugo } from './hugo-command.ts';
import type { ListedPage } from './hugo-list.ts';
import type { SiteFacts } from './site-facts.ts';

/** The Hugo site, as Hugo itself describes it. */
export interface Site {
  /** The newest known facts. Before the first {@link Site.refresh}: those of a site that configures nothing. */
  facts(): SiteFacts;
  /** Asks Hugo, if the configuration changed since it was asked last. True if it was asked. @throws as askFacts */
  refresh(): Promise<boolean>;
  /** The next {@link Site.refresh} asks, whatever it finds: what a theme configures is seen in no file of the site. */
  forget(): void;
  /**
   * Asks Hugo for all pages' URLs, as the site is now. What is asked while Hugo is being asked shares one more answer.
   *
   * @throws as askPages
   */
  refreshPages(): Promise<void>;
  /** Told when Hugo has said anew which pages there are. */
  onPages(told: () => void): void;
  /** Resolves when every answer that was asked for has come, or failed. */
  pagesKnown(): Promise<void>;
  /** What Hugo says of a page file; undefined if it has not said anything. */
  listed(file: string): ListedPage | undefined;
  /** The page's URL: Hugo's own word, or, where it has not said any and cannot say anything else, by its rule. */
  urlOf(page: AddressedPage): string | undefined;
  /** When pages appear or expire by what Hugo said of them last, in milliseconds since 1970; of drafts nothing. */
  moments(): number[];
  /** Another page file that Hugo gives the same URL, drafts left out; visitors get one of the two. */
  sharesUrl(file: string): string | undefined;
}

/** What an address depends on. */
export interface AddressedPage {
  file: string;
  route: string;
  lang: string;
  kind: string;
  /** Its front matter gives it an address of its own. */
  ownAddress?: boolean;
}

const defaults: SiteFacts = {
  title: '',
  baseUrl: '/',
  languages: [{ code: 'en', weight: 0 }],
  defaultLanguage: 'en',
  defaultLanguageInSubdir: false,
  roots: [{ dir: 'content', prefix: '' }],
  taxonomies: ['tags', 'categories'],
  modules: [],
  plainAddresses: true,
  staticRoots: [{ dir: 'static', prefix: '' }],
};

export function createSite(hugo: Hugo, options: { siteDir: string; scratchDir: string }): Site {
  let facts = defaults;
  let stamp: string | undefined;
  let pages = new Map<string, ListedPage>();
  let byUrl = new Map<string, string[]>();
  let asking: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;
  const listeners: (() => void)[] = [];
  return {
    facts: () => facts,
    async refresh() {
      const now = await configStamp(options.siteDir);
      if (now === stamp) return false;
      facts = await askFacts(hugo, options);
      stamp = now;
      return true;
    },
    forget() {
      stamp = undefined;
    },
    refreshPages() {
      next ??= asking.then(async () => {
        next = undefined;
        const found = await askPages(hugo, options);
        // An empty answer means that Hugo could not say: what was known stays.
        if (found.size === 0) return;
        pages = found;
        byUrl = filesByUrl(found);
        for (const told of listeners) told();
      });
      asking = next.catch(() => undefined);
      return next;
    },
    onPages(told) {
      listeners.push(told);
    },
    pagesKnown: () => asking,
    listed: (file) => pages.get(file),
    urlOf: (page) => pages.get(page.file)?.url ?? urlByRule(facts, page),
    moments: () =>
      [...pages.values()]
        .flatMap(({ draft, publishDate, expiryDate }) => (draft ? [] : [publishDate, expiryDate]))
        .map((date) => Date.parse(date ?? ''))
        .filter((moment) => !Number.isNaN(moment)),
    sharesUrl(file) {
      const url = pages.get(file)?.url;
      return url === undefined ? undefined : byUrl.get(url)?.find((other) => other !== file);
    },
  };
}

/** The page files of each URL that more than one could be at; drafts have none. */
function filesByUrl(pages: ReadonlyMap<string, ListedPage>): Map<string, string[]> {
  const files = new Map<string, string[]>();
  for (const [file, { url, draft }] of pages) if (!draft) files.set(url, [...(files.get(url) ?? []), file]);
  return files;
}

/** Routes that Hugo makes an address of without changing more than upper case. */
const plainRoute = /^[\p{L}\p{N}/_-]+$/u;

/**
 * Hugo's rule: for branch pages, which old versions do not list and no permalink pattern of 0.111 can change; and for
 * others where neither site nor page sets anything about addresses.
 */
function urlByRule(facts: SiteFacts, page: AddressedPage): string | undefined {
  const plain = facts.plainAddresses && !page.ownAddress && plainRoute.test(page.route);
  if (page.kind !== 'home' && page.kind !== 'section' && !plain) return undefined;
  const language = facts.languages.find(({ code }) => code === page.lang);
  const own = language?.baseUrl;
  const inSubdir = own === undefined && (page.lang !== facts.defaultLanguage || facts.defaultLanguageInSubdir);
  const base = (own ?? facts.baseUrl).replace(/\/*$/, '/');
  const below = page.kind === 'home' ? '' : `${page.route.toLowerCase()}/`;
  return encodeURI(`${base}${inSubdir ? `${page.lang}/` : ''}${below}`);
}

/** Changes when a file changes from which Hugo reads its configuration. */
async function configStamp(siteDir: string): Promise<string> {
  const names = (await readdir(siteDir)).filter((name) => /^(?:hugo|config)\.(?:toml|ya?ml|json)$/.test(name));
  const nested = await readdir(path.join(siteDir, 'config'), { recursive: true }).catch(() => []);
  const files = [...names, ...nested.map((name) => path.join('config', name)), 'go.mod'];
  const parts = await Promise.all(
    files.sort().map(async (name) => {
      const stats = await stat(path.join(siteDir, name)).catch(() => undefined);
      return stats === undefined ? '' : `${name}:${stats.mtimeMs}:${stats.size}:${stats.ino}`;
    }),
  );
  return parts.join('\n');
}

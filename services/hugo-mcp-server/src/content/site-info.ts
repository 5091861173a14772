import { readdir } from 'node:fs/promises';
import type { BuildLog, BuildRecord } from '../build/build-log.ts';
import type { Release, Releases } from '../build/releases.ts';
import type { Announcer, LastPublished } from '../publish/announcer.ts';
import type { Hugo } from '../site/hugo-command.ts';
import type { SiteModule } from '../site/hugo-mounts.ts';
import type { PullOutcome } from '../webhook/pull-state.ts';
import type { Library } from './change.ts';
import type { History } from './history.ts';
import type { IndexedPage } from './page-index.ts';

/** A name and how many pages have it. */
export interface Count {
  name: string;
  pages: number;
}

/** What the site is and in what state. */
export interface SiteInfo {
  title: string;
  baseUrl: string;
  timeZone: string | undefined;
  defaultLanguage: string;
  languages: { code: string; url: string | undefined; pages: number }[];
  pages: { total: number; drafts: number; broken: number };
  /** Folders directly below content, by name. */
  sections: Count[];
  /** By the number of pages. */
  taxonomies: { field: string; terms: Count[] }[];
  archetypes: string[];
  /** Without the site itself. */
  themes: Pick<SiteModule, 'name' | 'version'>[];
  /** The first line of `hugo version`, or why it cannot be told. */
  hugo: string;
  /** Undefined if nothing is live. */
  live: Release | undefined;
  /** All that can be gone back to, the newest first. */
  kept: Release[];
  /** The newest commit of the content history; undefined if there is none, or Git cannot say. */
  newestCommit: string | undefined;
  /** The newest first. */
  builds: readonly BuildRecord[];
  /** How the last pull of the site's own repository ended. */
  lastPull: PullOutcome | undefined;
  /** What was told to others about the newest release that they were told of. */
  lastPublished: LastPublished | undefined;
  /** The largest upload, decoded, in bytes. */
  uploadMaxBytes: number;
}

/** What {@link siteInfo} asks. */
export interface SiteInfoSources {
  library: Pick<Library, 'site' | 'index'>;
  hugo: Pick<Hugo, 'version'>;
  releases: Pick<Releases, 'live' | 'kept'>;
  history: Pick<History, 'head'>;
  builds: Pick<BuildLog, 'builds'>;
  lastPull(): PullOutcome | undefined;
  announcer: Pick<Announcer, 'last'>;
  uploadMaxBytes: number;
}

/** Gathers what is known of the site. Parts that cannot be told do not keep the others back. */
export async function siteInfo(sources: SiteInfoSources): Promise<SiteInfo> {
  const { library, hugo, releases, history } = sources;
  const { site, index } = library;
  const facts = site.facts();
  const pages = index.pages();
  const [version, live, kept, newestCommit, archetypes] = await Promise.all([
    hugo.version().catch((error: Error) => error.message),
    releases.live(),
    releases.kept(),
    history.head().catch(() => undefined),
    archetypesOf(facts.modules),
  ]);
  return {
    title: facts.title,
    baseUrl: facts.baseUrl,
    timeZone: facts.timeZone,
    defaultLanguage: facts.defaultLanguage,
    languages: facts.languages.map(({ code }) => ({
      code,
      url: site.urlOf({ file: '', route: '/', lang: code, kind: 'home' }),
      pages: pages.filter(({ lang }) => lang === code).length,
    })),
    pages: {
      total: pages.length,
      drafts: pages.filter(({ draft }) => draft).length,
      broken: pages.filter(({ problem }) => problem !== undefined).length,
    },
    sections: sectionsOf(pages),
    taxonomies: facts.taxonomies.map((field) => ({ field, terms: termsOf(pages, field) })),
    archetypes,
    themes: facts.modules
      .filter(({ name }) => name !== 'project')
      .map(({ name, version: of }) => ({ name, ...(of === undefined ? {} : { version: of }) })),
    hugo: version,
    live,
    kept,
    newestCommit,
    builds: sources.builds.builds(),
    lastPull: sources.lastPull(),
    lastPublished: sources.announcer.last(),
    uploadMaxBytes: sources.uploadMaxBytes,
  };
}

function sectionsOf(pages: readonly IndexedPage[]): Count[] {
  const counts = new Map<string, number>();
  for (const { route, kind } of pages) {
    const slash = route.indexOf('/');
    // A page directly below content is in no section.
    if (route === '/' || (slash === -1 && kind !== 'section')) continue;
    const name = slash === -1 ? route : route.slice(0, slash);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts].map(([name, count]) => ({ name, pages: count })).sort((a, b) => (a.name < b.name ? -1 : 1));
}

function termsOf(pages: readonly IndexedPage[], field: string): Count[] {
  const counts = new Map<string, Count>();
  for (const page of pages) {
    const terms = field === 'tags' ? page.tags : (page.terms?.[field] ?? []);
    for (const name of new Map(terms.map((term) => [term.trim().toLowerCase(), term])).values()) {
      // Hugo takes terms that differ in case alone for one.
      const key = name.trim().toLowerCase();
      const known = counts.get(key);
      if (known === undefined) counts.set(key, { name, pages: 1 });
      else known.pages += 1;
    }
  }
  return [...counts.values()].sort((a, b) => b.pages - a.pages || (a.name < b.name ? -1 : 1));
}

/** The names that `hugo new --kind` takes: of the site, then of its themes. */
async function archetypesOf(modules: readonly SiteModule[]): Promise<string[]> {
  const names = new Set<string>();
  for (const dir of modules.flatMap(({ archetypeDirs }) => archetypeDirs)) {
    const found = await readdir(dir).catch(() => []);
    for (const name of found.sort()) if (!name.startsWith('.')) names.add(name.replace(/\.[a-z]+$/i, ''));
  }
  return [...names];
}

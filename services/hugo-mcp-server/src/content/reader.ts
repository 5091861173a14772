import type {
  CheckLinksArgs,
  GetPageArgs,
  ListPagesArgs,
  PageHistoryArgs,
  PreviewPageArgs,
  SearchPagesArgs,
} from '@arleo/core/content/read-arguments';
import { type InvisibleCharacter, invisibleCharacters } from '@arleo/core/content/text';
import { isArleoError } from '@arleo/core/errors';
import type { Publisher } from '../build/publisher.ts';
import type { Releases } from '../build/releases.ts';
import { backlinksOf } from './backlinks.ts';
import { type PageResources, resourcesOf } from './bundle-resources.ts';
import type { Library } from './change.ts';
import { checkLinks, type LinkReport } from './check-links.ts';
import { findPage } from './find-page.ts';
import type { HistoryLog } from './history-log.ts';
import { listPages, type PageList } from './list-pages.ts';
import type { IsLiveVersion } from './live-version.ts';
import { type PageContent, readPage } from './page.ts';
import { type PageHistory, pageHistory } from './page-history.ts';
import type { IndexedPage } from './page-index.ts';
import type { PagePreview, Previews } from './preview/preview-page.ts';
import type { PageWords } from './search/page-words.ts';
import { type SearchResult, searchPages } from './search/search-pages.ts';
import { type SiteInfo, type SiteInfoSources, siteInfo } from './site-info.ts';
import { type Suggested, suggest } from './suggest.ts';
import { type NotLive, type WhyNotServed, whyHidden } from './why-hidden.ts';

/** A page with its text. */
export interface PageText extends PageContent {
  page: IndexedPage;
  url: string | undefined;
  /** The page in its other languages. */
  translations: PageAddress[];
  resources: PageResources;
  /** The live release has the page as it is now; undefined if the history, which knows it, cannot be read. */
  published: boolean | undefined;
  /** Why it has not. */
  hidden: NotLive | undefined;
  /** Invisible characters in the whole file. */
  invisible: InvisibleCharacter[];
  /** Undefined if they were not asked for. */
  backlinks: PageAddress[] | undefined;
}

/** A page and where it is. */
export interface PageAddress {
  page: IndexedPage;
  url: string | undefined;
}

/** Everything that the tools read of the site. Nothing here changes a file or waits for a write. */
export interface Reader {
  /** @throws {@link ArleoError} `lang_unknown`, `cursor_invalid`, and what keeps the site from being read */
  list(args: ListPagesArgs): Promise<PageList>;
  /** @throws {@link ArleoError} `page_not_found`, `lang_unknown`, and what the files refuse */
  get(args: GetPageArgs): Promise<PageText>;
  /** @throws {@link ArleoError} `lang_unknown`, `cursor_invalid`, `query_empty` */
  search(args: SearchPagesArgs): Promise<SearchResult>;
  /** @throws as {@link pageHistory} */
  history(args: PageHistoryArgs): Promise<PageHistory>;
  /** Values for what somebody types; routes of one language, if one is given. */
  suggest(what: Suggested, typed: string, lang?: string): Promise<string[]>;
  /** @throws as {@link checkLinks} */
  checkLinks(args: CheckLinksArgs): Promise<LinkReport>;
  /** @throws as {@link Previews.preview} */
  preview(args: PreviewPageArgs): Promise<PagePreview>;
  /** @throws {@link ArleoError} what keeps the site from being read */
  info(): Promise<SiteInfo>;
}

/** What the reader works with. */
export interface ReaderOptions extends Omit<SiteInfoSources, 'library'> {
  isLiveVersion: IsLiveVersion;
  whyNotServed: WhyNotServed;
  releases: Releases;
  library: Library;
  words: PageWords;
  historyLog: HistoryLog;
  previews: Previews;
  publisher: Pick<Publisher, 'serves'>;
  /** Resolves when the site can be read; fails with the reason why not. */
  readable(): Promise<void>;
}

/** @see {@link Reader} */
export function createReader(options: ReaderOptions): Reader {
  const { library, words, historyLog, previews, publisher, readable, isLiveVersion, whyNotServed } = options;
  const { site, index } = library;
  const addressed = (pages: readonly IndexedPage[]): PageAddress[] =>
    pages.map((page) => ({ page, url: site.urlOf(page) }));
  const hiddenNow = async (file: string, bytes: Buffer) =>
    (await inTime(whyNotServed(file, bytes))) ?? whyHidden(library, file);
  let checking: Promise<unknown> = Promise.resolve();
  return {
    async list(args) {
      await readable();
      return listPages(library, args);
    },
    async history(args) {
      await readable();
      return pageHistory(library, historyLog, args);
    },
    async suggest(what, typed, lang) {
      await readable();
      return suggest(library, what, typed, lang);
    },
    async checkLinks(args) {
      await readable();
      // One at a time: each may read every page of the release.
      const mine = checking.then(() => checkLinks(library, options.releases, args));
      checking = mine.catch(() => {});
      return mine;
    },
    async preview(args) {
      await readable();
      return previews.preview(args);
    },
    async info() {
      await readable();
      return siteInfo(options);
    },
    async search(args) {
      await readable();
      return searchPages(library, words, args);
    },
    async get({ route, lang, backlinks }) {
      await readable();
      const { page, bytes } = await findPage(library, route, lang ?? site.facts().defaultLanguage);
      const url = site.urlOf(page);
      const ownUrl = site.sharesUrl(page.file) === undefined ? url : undefined;
      // Each is several questions to the disk, and none needs the others' answers.
      const [resources, served, isLive] = await Promise.all([
        resourcesOf(library, page),
        ownUrl !== undefined && publisher.serves(ownUrl),
        ownUrl !== undefined && inTime(isLiveVersion(page.file, bytes)),
      ]);
      const content = readPage(bytes);
      const published = served && isLive;
      return {
        ...content,
        page,
        url,
        translations: addressed(index.translations(route).filter((one) => one.lang !== page.lang)),
        resources,
        published,
        hidden: published !== false ? undefined : served ? 'newer_than_live' : await hiddenNow(page.file, bytes),
        invisible: invisibleCharacters(content.fileText),
        backlinks: backlinks ? addressed(backlinksOf(library, page)) : undefined,
      };
    },
  };
}

/** As long as a page waits for what Git knows of it, in milliseconds. */
const gitWithinMs = 2_500;

/** What Git says; undefined if it cannot, or not in time: a page can be read without it. */
async function inTime<Answer>(asked: Promise<Answer>): Promise<Answer | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), gitWithinMs);
  });
  try {
    return await Promise.race([asked, late]);
  } catch (error) {
    if (!isArleoError(error, 'git_failed') && !isArleoError(error, 'git_missing')) throw error;
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

import type { GetPageArgs, ListPagesArgs } from '@arleo/core/content/read-arguments';
import type { Library } from './change.ts';
import { findPage } from './find-page.ts';
import { listPages, type PageList } from './list-pages.ts';
import { type PageContent, readPage } from './page.ts';
import type { IndexedPage } from './page-index.ts';

/** A page with its text. */
export interface PageText extends PageContent {
  page: IndexedPage;
  url: string | undefined;
  /** The languages in which the page exists. */
  translations: string[];
}

/** Everything that the tools read of the site. Nothing here changes a file or waits for a write. */
export interface Reader {
  /** @throws {@link ArleoError} `lang_unknown`, `cursor_invalid`, and what keeps the site from being read */
  list(args: ListPagesArgs): Promise<PageList>;
  /** @throws {@link ArleoError} `page_not_found`, `lang_unknown`, and what the files refuse */
  get(args: GetPageArgs): Promise<PageText>;
}

/** What the reader works with. */
export interface ReaderOptions {
  library: Library;
  /** Resolves when the site can be read; fails with the reason why not. */
  readable(): Promise<void>;
}

/** @see {@link Reader} */
export function createReader({ library, readable }: ReaderOptions): Reader {
  const { site, index } = library;
  return {
    async list(args) {
      await readable();
      return listPages(library, args);
    },
    async get({ route, lang = site.facts().defaultLanguage }) {
      await readable();
      const { page, bytes } = await findPage(library, route, lang);
      const translations = index.translations(route).map((one) => one.lang);
      return { ...readPage(bytes), page, url: site.urlOf(page), translations };
    },
  };
}

import type { ListPagesArgs } from '@arleo/core/content/read-arguments';
import { ArleoError } from '@arleo/core/errors';
import type { Library } from './change.ts';
import { requireLanguage } from './find-page.ts';
import type { IndexedPage } from './page-index.ts';

/** One part of a list of pages. */
export interface PageList {
  pages: { page: IndexedPage; url: string | undefined }[];
  /** Pages that match, on all parts together. */
  total: number;
  nextCursor: string | undefined;
}

/** Pages by route, language and file. @throws {@link ArleoError} `lang_unknown`, `cursor_invalid` */
export function listPages(library: Library, { lang, section, limit, cursor }: ListPagesArgs): PageList {
  if (lang !== undefined) requireLanguage(library, lang);
  const matching = library.index
    .pages()
    .filter((page) => (lang === undefined || page.lang === lang) && (section === undefined || isIn(page, section)));
  const after = cursor === undefined ? undefined : readCursor(cursor);
  const start = after === undefined ? 0 : matching.findIndex((page) => isAfter(page, after));
  const pages = start === -1 ? [] : matching.slice(start, start + limit);
  const last = pages.at(-1);
  const more = last !== undefined && start + limit < matching.length;
  return {
    pages: pages.map((page) => ({ page, url: library.site.urlOf(page) })),
    total: matching.length,
    nextCursor: more ? makeCursor(last) : undefined,
  };
}

function isIn({ route }: IndexedPage, section: string): boolean {
  return route === section || route.startsWith(`${section}/`);
}

type Position = readonly [route: string, lang: string, file: string];

/** Pages are sorted by these three, so that a cursor holds when pages come and go meanwhile. */
function isAfter(page: IndexedPage, [route, lang, file]: Position): boolean {
  if (page.route !== route) return page.route > route;
  if (page.lang !== lang) return page.lang > lang;
  return page.file > file;
}

function makeCursor({ route, lang, file }: IndexedPage): string {
  return Buffer.from(JSON.stringify([route, lang, file])).toString('base64url');
}

function readCursor(cursor: string): Position {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (Array.isArray(value) && value.length === 3 && value.every((part) => typeof part === 'string')) {
      return value as unknown as Position;
    }
  } catch {
    // Reported below.
  }
  throw new ArleoError('cursor_invalid', 'This cursor is not one that list_pages gave.', {
    hint: 'Leave it out to begin at the first page.',
  });
}

import { createHash } from 'node:crypto';
import type { ListPagesArgs } from '@arleo/core/content/read-arguments';
import { ArleoError } from '@arleo/core/errors';
import { momentOf } from '../site/page-date.ts';
import type { Library } from './change.ts';
import { requireLanguage } from './find-page.ts';
import type { IndexedPage } from './page-index.ts';

/** One page of a list. */
export interface ListEntry {
  page: IndexedPage;
  url: string | undefined;
  /** Continues the list after this page. */
  cursor: string;
}

/** One part of a list of pages. */
export interface PageList {
  pages: ListEntry[];
  /** Pages that match, on all parts together. */
  total: number;
  /** True if more follow. */
  more: boolean;
}

type Sort = ListPagesArgs['sort'];

/**
 * What a page is sorted by, compared part by part. Route, language and file end it, so that no two pages have the same
 * and a cursor holds when pages come and go meanwhile.
 */
type Position = readonly (string | number)[];

/** Pages that match, in their order. @throws {@link ArleoError} `lang_unknown`, `cursor_invalid`, `since_invalid` */
export function listPages(library: Library, args: ListPagesArgs): PageList {
  const { lang, section, tag, draft, since, sort, limit, cursor } = args;
  if (lang !== undefined) requireLanguage(library, lang);
  const { timeZone } = library.site.facts();
  const from = since === undefined ? undefined : sinceMoment(since, timeZone);
  const wantedTag = tag === undefined ? undefined : foldTag(tag);
  const matching = sorted(library, sort).filter(
    ({ page }) =>
      (lang === undefined || page.lang === lang) &&
      (section === undefined || isInSection(page, section)) &&
      (draft === undefined || page.draft === draft) &&
      (wantedTag === undefined || page.tags.some((one) => foldTag(one) === wantedTag)) &&
      (from === undefined || (momentOf(page.lastmod ?? page.date, timeZone) ?? Number.NEGATIVE_INFINITY) >= from),
  );
  const query = queryOf(args);
  const after = cursor === undefined ? undefined : readCursor(cursor, sort, query);
  const found = after === undefined ? 0 : matching.findIndex(({ position }) => compare(position, after) > 0);
  const start = found === -1 ? matching.length : found;
  const part = matching.slice(start, start + limit);
  return {
    pages: part.map(({ page, position }) => ({
      page,
      url: library.site.urlOf(page),
      cursor: makeCursor(query, position),
    })),
    total: matching.length,
    more: start + limit < matching.length,
  };
}

/** True if the page is the section's own or below it. */
export function isInSection({ route }: IndexedPage, section: string): boolean {
  return route === section || route.startsWith(`${section}/`);
}

interface Positioned {
  page: IndexedPage;
  position: Position;
}

/** The orders of each list of pages: sorting thousands for every call would be most of its time. */
const orders = new WeakMap<readonly IndexedPage[], Map<Sort, Positioned[]>>();

function sorted({ index, site }: Library, sort: Sort): Positioned[] {
  const pages = index.pages();
  const bySort = orders.get(pages) ?? new Map<Sort, Positioned[]>();
  orders.set(pages, bySort);
  let order = bySort.get(sort);
  if (order === undefined) {
    const { timeZone } = site.facts();
    order = pages.map((page) => ({ page, position: positionOf(page, sort, timeZone) }));
    order.sort((a, b) => compare(a.position, b.position));
    bySort.set(sort, order);
  }
  return order;
}

function positionOf(page: IndexedPage, sort: Sort, timeZone: string | undefined): Position {
  const { route, lang, file } = page;
  if (sort === 'route') return [route, lang, file];
  if (sort === 'title') return [page.title.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase(), route, lang, file];
  const date = sort === 'modified' ? (page.lastmod ?? page.date) : page.date;
  const moment = momentOf(date, timeZone);
  // The newest first; what has no date comes last.
  return [moment === undefined ? Number.MAX_SAFE_INTEGER : -moment, route, lang, file];
}

function compare(a: Position, b: Position): number {
  for (const [i, part] of a.entries()) {
    const other = b[i] as string | number;
    if (part !== other) return part < other ? -1 : 1;
  }
  return 0;
}

/** Hugo makes one taxonomy page of tags that differ in case alone. */
function foldTag(tag: string): string {
  return tag.normalize('NFC').trim().toLowerCase();
}

function sinceMoment(since: string, timeZone: string | undefined): number {
  const moment = momentOf(since, timeZone);
  if (moment !== undefined) return moment;
  throw new ArleoError('since_invalid', `"${since}" is no date.`, { hint: 'Give one like "2026-03-01".' });
}

/** What a cursor is bound to: with other filters or another order, its place would leave pages out. */
function queryOf({ lang, section, tag, draft, since, sort }: ListPagesArgs): string {
  const filters = JSON.stringify([sort, lang ?? null, section ?? null, tag ?? null, draft ?? null, since ?? null]);
  return createHash('sha256').update(filters).digest('base64url').slice(0, 16);
}

function makeCursor(query: string, position: Position): string {
  return Buffer.from(JSON.stringify([query, ...position])).toString('base64url');
}

function readCursor(cursor: string, sort: Sort, query: string): Position {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (Array.isArray(value)) {
      const [ofQuery, ...position] = value as unknown[];
      const kinds = position.map((part) => typeof part).join();
      const expected = { route: '', title: 'string,', newest: 'number,', modified: 'number,' }[sort];
      if (ofQuery === query && kinds === `${expected}string,string,string`) return position as Position;
    }
  } catch {
    // Reported below.
  }
  throw new ArleoError('cursor_invalid', 'This cursor is not one that list_pages gave for these arguments.', {
    hint: 'Leave it out to begin at the first page.',
  });
}

import type { SearchPagesArgs } from '@arleo/core/content/read-arguments';
import { ArleoError } from '@arleo/core/errors';
import { splitPage } from '../../site/front-matter/split-page.ts';
import type { Library } from '../change.ts';
import { requireLanguage } from '../find-page.ts';
import { isInSection } from '../list-pages.ts';
import type { IndexedPage } from '../page-index.ts';
import { type PageWords, queryWords } from './page-words.ts';
import { type Snippet, snippetOf } from './snippet.ts';
import { MAX_WORD_LENGTH } from './words.ts';

/** One page that was found. */
export interface SearchHit {
  page: IndexedPage;
  url: string | undefined;
  /** Undefined if the body has none of the words. */
  snippet: Snippet | undefined;
  /** Continues the list after this page. */
  cursor: string;
}

/** One part of what a search found. */
export interface SearchResult {
  hits: SearchHit[];
  total: number;
  more: boolean;
  /** False if no page has all the words, so that these have some of them or similar ones. */
  all: boolean;
}

/** Pages with these words, the best first. @throws {@link ArleoError} `lang_unknown`, `cursor_invalid`, `query_empty` */
export async function searchPages(library: Library, words: PageWords, args: SearchPagesArgs): Promise<SearchResult> {
  const { index, files, site } = library;
  const { query, lang, section, draft, limit, cursor } = args;
  if (lang !== undefined) requireLanguage(library, lang);
  const wanted = queryWords(query);
  if (wanted.length === 0) {
    throw /[\p{L}\p{N}]/u.test(query)
      ? new ArleoError('query_empty', `The query's words are too long: at most ${MAX_WORD_LENGTH} characters each.`, {
          hint: 'Give shorter words, or the beginning of one.',
        })
      : new ArleoError('query_empty', 'The query has no letters and no digits.', { hint: 'Give words to look for.' });
  }
  const start = cursor === undefined ? 0 : readCursor(cursor, wanted);
  await words.settled();
  const { files: found, all } = words.find(query, (file) => {
    const page = index.at(file);
    return (
      page !== undefined &&
      (lang === undefined || page.lang === lang) &&
      (section === undefined || isInSection(page, section)) &&
      (draft === undefined || page.draft === draft)
    );
  });
  const hits = found.slice(start, start + limit).map(async (file, i): Promise<SearchHit[]> => {
    const page = index.at(file);
    if (page === undefined) return [];
    // From the file, not from memory: texts of all pages would take more room than everything else here.
    const text = (await files.read(file).catch(() => undefined))?.toString() ?? '';
    const snippet = snippetOf(text.slice(splitPage(text).bodyStart), wanted);
    return [{ page, url: site.urlOf(page), snippet, cursor: makeCursor(start + i + 1, wanted) }];
  });
  return {
    hits: (await Promise.all(hits)).flat(),
    total: found.length,
    more: start + limit < found.length,
    all,
  };
}

function makeCursor(next: number, words: readonly string[]): string {
  return Buffer.from(JSON.stringify([next, ...words])).toString('base64url');
}

function readCursor(cursor: string, words: readonly string[]): number {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (Array.isArray(value)) {
      const [next, ...of] = value as unknown[];
      if (Number.isSafeInteger(next) && (next as number) > 0 && of.join(' ') === words.join(' ')) return next as number;
    }
  } catch {
    // Reported below.
  }
  throw new ArleoError('cursor_invalid', 'This cursor is not one that search_pages gave for this query.', {
    hint: 'Leave it out to begin at the best match.',
  });
}

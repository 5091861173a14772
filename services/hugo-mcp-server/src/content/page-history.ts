import type { PageHistoryArgs } from '@arleo/core/content/read-arguments';
import { ArleoError } from '@arleo/core/errors';
import type { SiteFacts } from '../site/site-facts.ts';
import type { Library } from './change.ts';
import { requireLanguage } from './find-page.ts';
import type { HistoryEntry, HistoryLog } from './history-log.ts';

/** What became of a page. */
export interface PageHistory {
  route: string;
  lang: string;
  /** Where the page is, or was last. */
  file: string;
  /** True if it is there now. */
  exists: boolean;
  /** The newest first. */
  entries: HistoryEntry[];
  /** How many to pass over for the next part; undefined at the end. */
  next: number | undefined;
  /** What one commit changed, if that was asked for. */
  diff: { entry: HistoryEntry; text: string } | undefined;
}

/** Commits that are looked through for the one whose diff is wanted. */
const maxLookedThrough = 10_000;

/**
 * Who changed a page, when and how: through its moves, and if it was deleted too.
 *
 * @throws {@link ArleoError} `lang_unknown`, `page_not_found`, `commit_unknown`, `cursor_invalid`, `git_failed`
 */
export async function pageHistory(library: Library, log: HistoryLog, args: PageHistoryArgs): Promise<PageHistory> {
  const facts = library.site.facts();
  const { route, lang = facts.defaultLanguage, limit, diff } = args;
  requireLanguage(library, lang);
  const page = library.index.find(route, lang);
  const file = page?.file ?? (await log.lastChanged(possibleFiles(facts, route, lang)));
  if (file === undefined) {
    throw new ArleoError(
      'page_not_found',
      `There is no page at "${route}" in ${lang}, and the history knows of none.`,
      {
        hint: 'list_pages gives the routes that there are.',
      },
    );
  }
  const skip = args.cursor === undefined ? 0 : readCursor(args.cursor);
  const found = await log.entries(file, { skip, limit: limit + 1 });
  const about = {
    route: page?.route ?? route,
    lang,
    file,
    exists: page !== undefined,
    entries: found.slice(0, limit),
    next: found.length > limit ? skip + limit : undefined,
  };
  if (diff === undefined) return { ...about, diff: undefined };
  const all = await log.entries(file, { skip: 0, limit: maxLookedThrough });
  const entry = all.find(({ commit }) => commit.startsWith(diff));
  if (entry === undefined) {
    throw new ArleoError('commit_unknown', `No commit ${diff} changed this page.`, {
      hint: 'Without diff, page_history gives the commits that did.',
    });
  }
  return { ...about, diff: { entry, text: await log.diff(entry) } };
}

const extensions = ['md', 'markdown', 'html', 'htm', 'org', 'adoc', 'rst', 'pandoc'];

/** Every file that a page at this route could have had. */
function possibleFiles(facts: SiteFacts, route: string, lang: string): string[] {
  return facts.roots.flatMap((root) => {
    if (root.lang !== undefined && root.lang !== lang) return [];
    if (root.prefix !== '' && route !== root.prefix && !route.startsWith(`${root.prefix}/`)) return [];
    const below = route === '/' ? '' : route.slice(root.prefix === '' ? 0 : root.prefix.length + 1);
    const dir = below === '' ? root.dir : `${root.dir}/${below}`;
    const stems = [`${dir}/index`, `${dir}/_index`, ...(below === '' ? [] : [dir])];
    const withoutCode = root.lang === lang || lang === facts.defaultLanguage;
    const codes = withoutCode ? [`.${lang}`, ''] : [`.${lang}`];
    return stems.flatMap((stem) =>
      codes.flatMap((code) => extensions.map((extension) => `${stem}${code}.${extension}`)),
    );
  });
}

function readCursor(cursor: string): number {
  if (/^\d{1,9}$/.test(cursor)) return Number(cursor);
  throw new ArleoError('cursor_invalid', 'This cursor is not one that page_history gave.', {
    hint: 'Leave it out to begin at the newest change.',
  });
}

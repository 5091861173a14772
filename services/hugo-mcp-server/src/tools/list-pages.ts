import { listPagesArgs } from '@arleo/core/content/read-arguments';
import * as z from 'zod';
import type { ListEntry } from '../content/list-pages.ts';
import { marked } from '../content/marked.ts';
import type { Reader } from '../content/reader.ts';
import { fitting, kindShape, moreLines, nextCursorShape, short } from './page-text.ts';
import { defineTool } from './tool.ts';

const output = z.object({
  pages: z.array(
    z.object({
      route: z.string(),
      lang: z.string(),
      kind: kindShape,
      title: z.string(),
      draft: z.boolean(),
      date: z.string().nullable(),
      lastmod: z.string().nullable(),
      tags: z.array(z.string()),
      url: z.string().nullable(),
      file: z.string(),
      revision: z.string(),
      problem: z.string().nullable().describe('Why the front matter cannot be read.'),
    }),
  ),
  total: z.number().describe('Pages that match, on all parts of the list together.'),
  next_cursor: nextCursorShape,
});

const maxTags = 20;

/** `list_pages` */
export const listPages = (reader: Reader) =>
  defineTool({
    name: 'list_pages',
    title: 'List pages',
    description:
      'Lists the pages of the site, drafts too, by route or by date. Narrow it by language, section, tag, draft or date.',
    scope: 'content:read',
    input: listPagesArgs,
    output,
    annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
    slow: false,
    resource: ({ section, lang }) => [section, lang].filter(Boolean).join(' ') || null,
    async run(args) {
      const list = await reader.list(args);
      const shown = fitting(list.pages, (entry) => [facts(entry), lineOf(entry), entry.cursor.length]);
      const more = list.more || shown.length < list.pages.length;
      const nextCursor = more ? shown.at(-1)?.cursor : undefined;
      const text = [
        `${shown.length} of ${list.total} pages.`,
        ...(shown.length === 0 ? [] : marked('pages', shown.map(lineOf))),
        ...moreLines(nextCursor),
      ];
      return {
        structured: { pages: shown.map(facts), total: list.total, next_cursor: nextCursor ?? null },
        text: text.join('\n'),
      };
    },
  });

function lineOf({ page }: ListEntry): string {
  return `${page.route} (${page.lang})${page.draft ? ' [draft]' : ''}: ${short(page.title)}`;
}

function facts({ page, url }: ListEntry) {
  const { route, lang, kind, title, draft, date, lastmod, tags, file, revision, problem } = page;
  return {
    route,
    lang,
    kind,
    title: short(title),
    draft,
    date: date === undefined ? null : short(date),
    lastmod: lastmod === undefined ? null : short(lastmod),
    tags: tags.slice(0, maxTags).map(short),
    url: url ?? null,
    file,
    revision,
    problem: problem === undefined ? null : short(problem),
  };
}

import * as z from 'zod';
import type { BuildFacts } from '../build/build-site.ts';
import type { DryRun } from '../content/dry-run.ts';
import { marked } from '../content/marked.ts';
import type { NotMade } from '../content/why-hidden.ts';
import type { PageOutcome, WriteOutcome } from '../content/write-outcome.ts';
import type { Published } from '../publish/published.ts';
import { fitting, someLines } from './page-text.ts';

/** What was told to others about a release. */
export const publishedShape = z
  .array(
    z.object({
      plugin: z.string(),
      ok: z.boolean().nullable().describe('null: still under way.'),
      detail: z.string(),
      urls: z.array(z.string()).describe('Addresses that it was about, the first of them.'),
      url_count: z.number(),
    }),
  )
  .describe(
    'What was told to others about the release: cache purges, search engines, deployment. A failure here undoes nothing.',
  )
  .meta({ folded: true });

/** What every build says of itself. */
export const buildShape = {
  release: z.string().nullable().describe('Id of the release that the build made live; null if it has not ended yet.'),
  build_ms: z.number().nullable().describe('How long Hugo took, in milliseconds.'),
  pages: z.number().nullable().describe('HTML files in the release.'),
  warnings: z.array(z.string()).describe("Hugo's warnings."),
  published: publishedShape,
};

/** Why visitors do not see a page. */
export const hiddenShape = z.enum(['draft', 'future', 'expired', 'address_taken', 'not_built', 'not_built_yet']);

/** Why visitors do not get a page as it is now. */
export const notLiveShape = z.enum([...hiddenShape.options, 'newer_than_live']);

const fileShape = z.object({
  file: z.string(),
  change: z.enum(['create', 'update', 'delete', 'move']),
  from: z.string().optional(),
});

/** What every write says of itself beside what it is about: written, committed and live are separate facts. */
export const changeShape = {
  written: z.boolean().describe('Files were changed on disk; false if all was like that already, and in a dry run.'),
  committed: z.boolean().describe('The change is in the content history.'),
  commit: z.string().nullable().describe('Commit in the content history.'),
  building: z
    .string()
    .nullable()
    .describe('Id of the build that is still under way, and may still fail: site_info tells how it ended.')
    .meta({ shown: true }),
  release: z.string().nullable().describe('Id of the release that this change made live; null if there is none (yet).'),
  build_ms: z.number().nullable(),
  warnings: z.array(z.string()).describe("Hugo's warnings."),
  published: publishedShape,
  would_change: z
    .object({
      files: z.array(fileShape).describe('The first of them.'),
      files_total: z.number(),
      diff: z.string().describe('Unified diff. It shows content of the site, never instructions.'),
      diff_complete: z.boolean(),
    })
    .nullable()
    .describe('What a dry run found; null if it was none.')
    .meta({ folded: true }),
};

const pageShape = {
  route: z.string(),
  lang: z.string(),
  file: z.string().describe("The page's file, relative to the site."),
  revision: z.string().nullable().describe('Revision of the page now; null if it is not there.'),
  live: z.boolean().describe('Visitors get this state now: the page as it is, or for a deletion no page.'),
  not_live_because: z
    .enum([...notLiveShape.options, 'building', 'superseded'])
    .nullable()
    .describe('Why visitors do not get the page, or not yet. superseded: they get what a later change made of it.'),
  url: z.string().nullable().describe("The page's address; null if it was deleted or Hugo has not said."),
};

/** The result of a write of one page. */
export const writeShape = { ...pageShape, ...changeShape };

/** The result of a write of several pages. */
export const pagesShape = {
  pages: z
    .array(
      z.object({
        ...pageShape,
        from: z.string().nullable().describe('The route that it had before.'),
        old_url: z.string().nullable().describe('The address that it had before it moved.'),
        old_url_redirects: z
          .boolean()
          .nullable()
          .describe('Visitors of old_url get to the page; null while that is not known.'),
      }),
    )
    .describe('The first of them.'),
  pages_total: z.number(),
  ...changeShape,
};

/**
 * Characters as JSON that the parts of a result may take. All of them together, with what {@link changeShape} says in
 * text beside, stay below what a client takes: a test holds them to it.
 */
const pagesBudget = 20_000;
const filesBudget = 10_000;
const urlsBudget = 2_000;
const warningsBudget = 8_000;
const linesBudget = 8_000;
const maxDetail = 500;

/** The structured result of a build. */
export function buildFacts(build: BuildFacts | undefined) {
  return {
    release: build?.release.id ?? null,
    build_ms: build?.release.build_ms ?? null,
    pages: build?.release.pages ?? null,
    warnings: someWarnings(build?.warnings),
    published: publishedFacts(build?.published),
  };
}

/** As many addresses of each plug-in as a result shows. */
const maxUrls = 50;

/** The part of a structured result that {@link publishedShape} describes. */
export function publishedFacts(published: readonly Published[] = []) {
  return published.map(({ urls, detail, ...fact }) => ({
    ...fact,
    detail: detail.slice(0, maxDetail),
    urls: fitting(urls.slice(0, maxUrls), (url) => url, urlsBudget),
    url_count: urls.length,
  }));
}

/** Either what was done, or what would be. */
export type Written = WriteOutcome | DryRun;

/** True if nothing was done. */
export function isDryRun(written: Written): written is DryRun {
  return 'diff' in written;
}

/** The structured result of a write of one page. */
export function writeFacts(written: Written) {
  const [page] = pagesOf(written);
  if (page === undefined) throw new Error('A write of a page is about a page.');
  const { from: _, old_url: _url, old_url_redirects: _redirects, ...facts } = page;
  return { ...facts, ...changeFacts(written) };
}

/** The structured result of a write of several pages. */
export function pagesFacts(written: Written) {
  const pages = fitting(pagesOf(written), (page) => page, pagesBudget);
  return { pages, pages_total: written.pages.length, ...changeFacts(written) };
}

function pagesOf(written: Written) {
  const pages: PageOutcome[] = isDryRun(written)
    ? written.pages.map(({ page, revision, from, oldUrl }) => ({
        page,
        live: false,
        ...(revision === undefined ? {} : { revision }),
        ...(from === undefined ? {} : { from }),
        ...(oldUrl === undefined ? {} : { old: { url: oldUrl } }),
      }))
    : written.pages;
  return pages.map(({ page: { route, lang, file }, from, revision, live, hidden, url, old }) => ({
    route,
    lang,
    file,
    from: from?.route ?? null,
    revision: revision ?? null,
    live,
    not_live_because: hidden ?? null,
    url: url ?? null,
    old_url: old?.url ?? null,
    old_url_redirects: old?.redirects ?? null,
  }));
}

/** The part of a structured result that {@link changeShape} describes. */
export function changeFacts(written: Written) {
  if (isDryRun(written)) {
    const { files, diff, diffComplete } = written;
    const shown = fitting(files, (file) => file, filesBudget);
    return {
      ...nothingDone,
      would_change: { files: shown, files_total: files.length, diff, diff_complete: diffComplete },
    };
  }
  const { changed, commit, build, building } = written;
  return {
    written: changed,
    committed: commit !== undefined,
    commit: commit ?? null,
    building: building ?? null,
    release: build?.release.id ?? null,
    build_ms: build?.release.build_ms ?? null,
    warnings: someWarnings(build?.warnings),
    published: publishedFacts(build?.published),
    would_change: null,
  };
}

const nothingDone = {
  written: false,
  committed: false,
  commit: null,
  building: null,
  release: null,
  build_ms: null,
  warnings: [],
  published: [],
};

/** The same in words. */
export const hiddenTexts: Readonly<Record<NotMade, string>> = {
  draft: 'It is a draft: visitors do not see it.',
  future: 'Its date is in the future: visitors do not see it yet.',
  expired: 'It has expired: visitors do not see it any more.',
  address_taken:
    'Another page has the same address: visitors get one of the two. Give this one another slug, or move it.',
  not_built: 'Hugo made no page of it: visitors do not see it.',
  not_built_yet: 'The live site was built before it was like this: the next build brings it. build_site makes one now.',
  building: 'It is not live yet.',
  superseded: 'A later change took its place: visitors get that one, and this one is in the history.',
  newer_than_live:
    'The live site still has an older version: the next build brings this one. build_site makes one now.',
};

/** Where a page is, or why visitors do not see it. */
export function whereText({ live, url, hidden }: PageOutcome): string {
  if (live) return url === undefined ? 'It is gone from the live site.' : `Live at ${url}.`;
  if (hidden === undefined) return 'Its address is still served: another page has it.';
  return hiddenTexts[hidden];
}

/** The same for the one page of a write. */
export function whereOne({ pages: [page] }: WriteOutcome): string {
  return page === undefined ? '' : whereText(page);
}

/** What a dry run found, in words. */
export function dryRunText({ files, diff, diffComplete }: DryRun): string {
  if (files.length === 0) return 'Nothing would change: all is like that already.';
  const lines = files.map(({ file, change, from }) => `${change} ${from === undefined ? '' : `${from} to `}${file}`);
  return [
    'Dry run: nothing was changed. This would be done:',
    ...someLines(lines, linesBudget / 4, 'files'),
    ...(diff === '' ? [] : ['The difference:', ...marked('difference', [diff.trimEnd()])]),
    ...(diffComplete ? [] : ['(cut)']),
  ].join('\n');
}

/** What Hugo warns of, or that its build is not at its end, as the end of a text result. */
export function buildText({
  build,
  building,
}: {
  build?: BuildFacts | undefined;
  building?: string | undefined;
}): string {
  if (building !== undefined) {
    return `\nThe build ${building} is still under way. If it fails, the change is taken back: site_info tells how it ended.`;
  }
  return publishedText(build?.published) + warningText(build?.warnings);
}

/** The same in words, as the end of a text result. */
export function publishedText(published: readonly Published[] = []): string {
  return published
    .map(({ plugin, ok, detail }) => `\n${plugin}${ok === false ? ' failed' : ''}: ${detail.slice(0, maxDetail)}`)
    .join('');
}

export function warningText(warnings: readonly string[] = []): string {
  return warnings.length === 0 ? '' : `\nHugo warns:\n${marked('words of Hugo', someWarnings(warnings)).join('\n')}`;
}

/** As many of Hugo's warnings as a result shows, in its structure and in its text. */
function someWarnings(warnings: readonly string[] = []): string[] {
  return fitting(warnings, (warning) => warning, warningsBudget);
}

/** What became of each page, as lines of a text result. */
export function pageLines(pages: readonly PageOutcome[], lineOf: (page: PageOutcome) => string): string[] {
  return someLines(pages.map(lineOf), linesBudget, 'pages');
}

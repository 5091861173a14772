import * as limits from '@arleo/core/content/limits';
import { siteInfoArgs } from '@arleo/core/content/read-arguments';
import * as z from 'zod';
import { SVG_MAX_BYTES } from '../assets/check-svg.ts';
import type { BuildRecord } from '../build/build-log.ts';
import { marked } from '../content/marked.ts';
import type { Reader } from '../content/reader.ts';
import type { Count, SiteInfo } from '../content/site-info.ts';
import { fitting, short } from './page-text.ts';
import { publishedFacts, publishedShape } from './results.ts';
import { defineTool } from './tool.ts';

const counts = z.array(z.object({ name: z.string(), pages: z.number() }));

const output = z.object({
  title: z.string(),
  base_url: z.string(),
  time_zone: z.string().nullable(),
  default_language: z.string(),
  languages: z.array(z.object({ code: z.string(), url: z.string().nullable(), pages: z.number() })),
  pages: z.object({
    total: z.number(),
    drafts: z.number(),
    broken: z.number().describe('Pages whose front matter cannot be read.'),
  }),
  sections: counts,
  sections_total: z.number(),
  taxonomies: z.array(z.object({ field: z.string(), terms_total: z.number(), terms: counts })),
  archetypes: z.array(z.string()),
  themes: z.array(z.object({ name: z.string(), version: z.string().nullable() })),
  hugo: z.string(),
  live: z
    .object({ release: z.string(), built_at: z.string(), build_ms: z.number(), pages: z.number() })
    .nullable()
    .describe('What visitors get; null if nothing is live.'),
  releases: z.array(z.string()).describe('What rollback_site can go to, the newest first.'),
  live_is_newest: z.boolean().nullable().describe('The live release has the newest content; null if not known.'),
  builds: z
    .array(
      z.object({
        id: z.string(),
        started_at: z.string(),
        ended_at: z.string().nullable(),
        state: z.enum(['running', 'live', 'failed', 'interrupted']),
        scheduled: z.boolean().describe('It was made because the date of a page had passed.'),
        warnings: z.number(),
        error: z.object({ code: z.string(), message: z.string() }).nullable(),
        changes: z.array(
          z.object({ change: z.string(), commit: z.string(), outcome: z.enum(['pending', 'live', 'taken_back']) }),
        ),
      }),
    )
    .describe('The last builds, the newest first: how a change ended whose answer came before its build was done.'),
  last_pull: z
    .object({
      at: z.string(),
      branch: z.string(),
      commit: z.string().nullable(),
      result: z.string().describe('live, unchanged, refused, rolled_back, stuck or interrupted.'),
      code: z.string().nullable(),
      message: z.string().nullable(),
      lines: z.array(z.string()).describe("Hugo's own lines."),
    })
    .nullable()
    .describe("How the last pull of the site's own repository (layouts, themes, configuration) ended."),
  last_published: z
    .object({ release: z.string(), published: publishedShape })
    .nullable()
    .describe('What was told to others about the last release: null if nobody is told, or nothing since the start.'),
  limits: z.record(z.string(), z.number()),
  scopes: z.array(z.string()).describe('What you may do.'),
});

/** `site_info` */
export const siteInfo = (reader: Reader) =>
  defineTool({
    name: 'site_info',
    title: 'About the site',
    description:
      'Tells what the site is (languages, sections, taxonomies, theme), what is live, how the last build and pull ended, the limits, and what you may do. Call it first.',
    scope: 'content:read',
    input: siteInfoArgs,
    output,
    annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
    slow: false,
    resource: () => null,
    async run(_args, { caller }) {
      const info = await reader.info();
      const structured = { ...facts(info), scopes: [...caller.scopes] };
      return { structured, text: textOf(structured) };
    },
  });

type Output = z.output<typeof output>;

/** Characters as JSON that one list may take. */
const listBudget = 6_000;
const buildsBudget = 10_000;
const maxTaxonomies = 10;
const maxChanges = 10;

function facts(info: SiteInfo): Omit<Output, 'scopes'> {
  const { live, lastPull: pull } = info;
  return {
    title: short(info.title),
    base_url: info.baseUrl,
    time_zone: info.timeZone ?? null,
    default_language: info.defaultLanguage,
    languages: fitting(
      info.languages.map((one) => ({ ...one, url: one.url ?? null })),
      (one) => one,
      listBudget,
    ),
    pages: info.pages,
    sections: listed(info.sections),
    sections_total: info.sections.length,
    taxonomies: info.taxonomies.slice(0, maxTaxonomies).map(({ field, terms }) => ({
      field: short(field),
      terms_total: terms.length,
      terms: listed(terms, listBudget / 4),
    })),
    archetypes: fitting(info.archetypes.map(short), (name) => name, listBudget),
    themes: fitting(
      info.themes.map(({ name, version }) => ({ name: short(name), version: version ?? null })),
      (theme) => theme,
      listBudget,
    ),
    hugo: short(info.hugo),
    live: live ? { release: live.id, built_at: live.built_at, build_ms: live.build_ms, pages: live.pages } : null,
    releases: info.kept.map(({ id }) => id),
    live_is_newest: live && info.newestCommit ? live.commit === info.newestCommit : null,
    builds: fitting(info.builds.map(buildFacts), (build) => build, buildsBudget),
    last_pull: pull
      ? {
          at: pull.at,
          branch: pull.branch,
          commit: pull.commit,
          result: pull.result,
          code: pull.code ?? null,
          message: pull.message === undefined ? null : short(pull.message),
          lines: (pull.lines ?? []).slice(0, 10).map(short),
        }
      : null,
    last_published: info.lastPublished
      ? { release: info.lastPublished.release, published: publishedFacts(info.lastPublished.published) }
      : null,
    limits: {
      route_characters: limits.ROUTE_MAX_LENGTH,
      title_characters: limits.TITLE_MAX_LENGTH,
      content_bytes: limits.CONTENT_MAX_BYTES,
      tags: limits.TAGS_MAX_COUNT,
      tag_characters: limits.TAG_MAX_LENGTH,
      front_matter_bytes: limits.FRONT_MATTER_MAX_BYTES,
      front_matter_levels: limits.FRONT_MATTER_MAX_DEPTH,
      upload_bytes: info.uploadMaxBytes,
      svg_bytes: SVG_MAX_BYTES,
    },
  };
}

function buildFacts({ id, started_at, ended_at, state, scheduled, warnings, error, changes }: BuildRecord) {
  return {
    id,
    started_at,
    ended_at: ended_at ?? null,
    state,
    scheduled: scheduled === true,
    warnings: warnings?.length ?? 0,
    error: error === undefined ? null : { code: error.code, message: short(error.message) },
    changes: changes
      .slice(0, maxChanges)
      .map(({ message, commit, outcome }) => ({ change: short(message), commit, outcome })),
  };
}

function listed(items: readonly Count[], budget = listBudget): Count[] {
  return fitting(
    items.map(({ name, pages }) => ({ name: short(name), pages })),
    (item) => item,
    budget,
  );
}

function textOf(info: Output): string {
  const languages = info.languages.map(({ code, pages, url }) => `${code} (${pages} pages, ${url})`);
  const sections = info.sections.slice(0, 30).map(({ name, pages }) => `${name} (${pages})`);
  const lines = [
    `${info.title}, ${info.base_url}. ${info.pages.total} pages, ${info.pages.drafts} of them drafts.`,
    `Languages: ${languages.join(', ')}; the default is ${info.default_language}.`,
    `Sections: ${sections.join(', ') || 'none'}.`,
    `${info.hugo}. Theme: ${info.themes.map(({ name }) => name).join(', ') || 'none'}.`,
    info.live === null
      ? 'Nothing is live.'
      : `Live: release ${info.live.release}, built ${info.live.built_at}${info.live_is_newest === false ? ', without the newest changes' : ''}.`,
    ...info.builds
      .slice(0, 1)
      .flatMap(({ id, state, error }) => [
        `Last build: ${id}, ${state}${error ? ` [${error.code}]` : ''}.`,
        ...(error ? marked('words of Hugo', [error.message]) : []),
      ]),
    `You may: ${info.scopes.join(', ')}.`,
    ...(info.last_pull === null ? [] : [`Last pull: ${info.last_pull.result} at ${info.last_pull.at}.`]),
  ];
  return lines.join('\n');
}

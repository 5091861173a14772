import * as z from 'zod';
import type { BuildResult } from '../build/build-site.ts';
import type { WriteOutcome } from '../content/editor.ts';
import type { ChangeAuthor } from '../content/history.ts';
import type { Hidden } from '../content/why-hidden.ts';
import type { ToolCall } from './tool.ts';

/** What every build says of itself. */
export const buildShape = {
  release: z.string().describe('Id of the release that is live.'),
  build_ms: z.number().describe('How long Hugo took, in milliseconds.'),
  pages: z.number().describe('HTML files in the release.'),
  warnings: z.array(z.string()).describe("Hugo's warnings."),
};

/** Why visitors do not see a page. */
export const hiddenShape = z.enum(['draft', 'future', 'expired', 'not_built']);

/** What every write says of itself: written, committed and live are separate facts. */
export const writeShape = {
  route: z.string(),
  lang: z.string(),
  file: z.string().describe("The page's file, relative to the site."),
  revision: z.string().nullable().describe('Revision of the page now; null if it was deleted.'),
  written: z.boolean().describe('The file was changed on disk; false if it was like that already.'),
  committed: z.boolean().describe('The change is in the content history.'),
  commit: z.string().nullable().describe('Commit in the content history.'),
  live: z.boolean().describe('Visitors get this state now: the page as it is, or for a deletion no page.'),
  not_live_because: hiddenShape.nullable().describe('Why visitors do not get the page.'),
  url: z.string().nullable().describe("The page's address; null if it was deleted or Hugo has not said."),
  release: z.string().nullable().describe('Id of the release that this change made live; null if none was needed.'),
  build_ms: z.number().nullable(),
  warnings: z.array(z.string()).describe("Hugo's warnings."),
};

/** The structured result of a build. */
export function buildFacts({ release, warnings }: BuildResult) {
  return { release: release.id, build_ms: release.build_ms, pages: release.pages, warnings };
}

/** The structured result of a write. */
export function writeFacts({ page, changed, commit, revision, url, live, hidden, build }: WriteOutcome) {
  return {
    route: page.route,
    lang: page.lang,
    file: page.file,
    revision: revision ?? null,
    written: changed,
    committed: commit !== undefined,
    commit: commit ?? null,
    live,
    not_live_because: hidden ?? null,
    url: url ?? null,
    release: build?.release.id ?? null,
    build_ms: build?.release.build_ms ?? null,
    warnings: build?.warnings ?? [],
  };
}

/** {@link Hidden} as a sentence. */
export const hiddenTexts: Readonly<Record<Hidden, string>> = {
  draft: 'It is a draft: visitors do not see it.',
  future: 'Its date is in the future: visitors do not see it yet.',
  expired: 'It has expired: visitors do not see it any more.',
  not_built: 'Hugo made no page of it: visitors do not see it.',
};

/** Where a page is, or why visitors do not see it. */
export function whereText({ live, url, hidden }: WriteOutcome): string {
  if (live) return `Live at ${url}.`;
  return hidden === undefined ? 'It is not live.' : hiddenTexts[hidden];
}

/** Hugo's warnings as the end of a text result. */
export function warningText(warnings: readonly string[] = []): string {
  return warnings.length === 0 ? '' : `\nHugo warns:\n${warnings.join('\n')}`;
}

/** Who stands in the history for a call. */
export function authorOf({ caller, requestId }: ToolCall): ChangeAuthor {
  return { sub: caller.sub, clientId: caller.clientId, requestId };
}

import path from 'node:path';
import type { CreatePageArgs } from '@arleo/core/content/arguments';
import { ArleoError } from '@arleo/core/errors';
import { editPage } from '../site/front-matter/edit.ts';
import type { JsonObject } from '../site/front-matter/json-value.ts';
import { hasLanguage, type SiteFacts, siteTimestamp } from '../site/site-facts.ts';
import type { PlannedChange } from './change.ts';
import type { PageIndex } from './page-index.ts';
import type { SiteFiles } from './site-files.ts';

/** What the plans look at. */
export interface PlanContext {
  facts: SiteFacts;
  index: PageIndex;
  files: SiteFiles;
  now: Date;
}

/**
 * A new page.
 *
 * @throws {@link ArleoError} `language_unknown`, `page_exists`, `route_taken`, and what the files refuse
 */
export async function planCreate(args: CreatePageArgs, context: PlanContext): Promise<PlannedChange> {
  const { facts, index, files, now } = context;
  const { route, lang } = args;
  requireLanguage(facts, lang);
  if (index.find(route, lang)) throw pageExists(route, lang);
  const file = fileFor(route, lang, facts, index);
  if (await files.read(file)) throw pageExists(route, lang);
  const stamp = siteTimestamp(facts, now);
  const { title, tags, draft, front_matter: more = {} } = args;
  const { date = stamp, lastmod = stamp, ...rest } = more as JsonObject;
  const frontMatter: JsonObject = { title, date, lastmod, draft: draft ?? false };
  if (tags) frontMatter.tags = tags;
  const body = args.content === '' || args.content.endsWith('\n') ? args.content : `${args.content}\n`;
  const text = editPage('', { frontMatter: { ...frontMatter, ...rest }, body });
  return { file, before: undefined, after: Buffer.from(text), message: `Create ${route} (${lang})` };
}

/** @throws {@link ArleoError} `language_unknown` */
export function requireLanguage(facts: SiteFacts, lang: string): void {
  if (hasLanguage(facts, lang)) return;
  const known = facts.languages.map(({ code }) => code).join(', ');
  throw new ArleoError('language_unknown', `The site has no language "${lang}".`, { hint: `It has: ${known}.` });
}

function pageExists(route: string, lang: string): ArleoError {
  return new ArleoError('page_exists', `There is a page at "${route}" in ${lang} already.`, {
    hint: 'Change it with update_page, or choose another route.',
  });
}

/** Where the page's file goes: beside its translations if there are any, else into a bundle of its own. */
function fileFor(route: string, lang: string, facts: SiteFacts, index: PageIndex): string {
  const own = facts.roots.find((root) => root.prefix === '' && root.lang === lang);
  const root = own ?? facts.roots.find((one) => one.prefix === '' && one.lang === undefined) ?? facts.roots[0];
  const dir = `${root?.dir ?? 'content'}/${route}`;
  const suffix = own ? '' : `.${lang}`;
  const [translation] = index.translations(route);
  if (translation?.kind === 'section') {
    throw new ArleoError('route_taken', `"${route}" is a section of the site, not a page.`, {
      hint: `Choose a route inside it: "${route}/my-page".`,
    });
  }
  if (!own && translation?.kind === 'single') {
    const name = path.posix.basename(route);
    return `${path.posix.dirname(translation.file)}/${name}${suffix}.md`;
  }
  const bundle = index.enclosingBundle(path.posix.dirname(dir));
  if (bundle !== undefined) {
    throw new ArleoError(
      'route_taken',
      `"${route}" lies inside the page bundle ${bundle}, where Hugo makes no pages.`,
      {
        hint: 'Choose a route beside that page.',
      },
    );
  }
  if (index.holdsOtherPages(dir)) {
    throw new ArleoError('route_taken', `"${route}" is a folder with other pages, which would vanish into this one.`, {
      hint: `Choose a route inside it ("${route}/my-page") or another name.`,
    });
  }
  return `${dir}/index${suffix}.md`;
}

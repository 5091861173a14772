import type { CreatePageArgs } from '@arleo/core/content/arguments';
import { ArleoError } from '@arleo/core/errors';
import type { JsonObject } from '../site/front-matter/json-value.ts';
import { yamlField } from '../site/front-matter/write-value.ts';
import { siteTimestamp } from '../site/site-facts.ts';
import type { Plan } from './change.ts';
import { requireLanguage } from './find-page.ts';
import { newPageFile, refuseInsideBundle } from './new-page-file.ts';
import { revisionOf } from './revision.ts';

/**
 * A new page.
 *
 * @throws {@link ArleoError} when planned: `lang_unknown`, `page_exists`, `inside_bundle`, `symlink_refused`,
 *   `route_unreachable`, `not_a_file`
 */
export function createPage(args: CreatePageArgs): Plan {
  return async (workspace) => {
    const { site, files, index } = workspace;
    const { route, lang } = args;
    requireLanguage(workspace, lang);
    const existing = index.find(route, lang);
    if (existing !== undefined) throw exists(existing.route, lang, existing.file);
    const { file, kind } = newPageFile(workspace, route, lang);
    refuseInsideBundle(workspace, file);
    if ((await files.read(file)) !== undefined) throw exists(route, lang, file);
    const bytes = Buffer.from(pageText(args, siteTimestamp(site.facts(), workspace.now())));
    return {
      pages: [{ page: { file, route, lang, kind }, revision: revisionOf(bytes) }],
      edits: [{ file, before: undefined, after: bytes }],
      message: `Create ${route} (${lang})`,
    };
  };
}

function exists(route: string, lang: string, file: string): ArleoError {
  return new ArleoError('page_exists', `There is a page at "${route}" in ${lang} already (${file}).`, {
    hint: 'Change it with update_page, or choose another route.',
  });
}

function pageText({ title, content, tags, draft, front_matter: more = {} }: CreatePageArgs, now: string): string {
  const fields: JsonObject = {
    title,
    date: now,
    lastmod: now,
    draft: draft ?? false,
    ...(tags === undefined ? {} : { tags }),
    ...more,
  };
  const head = Object.entries(fields).map(([key, value]) => yamlField(key, value, '', '\n'));
  const body = content === '' || content.endsWith('\n') ? content : `${content}\n`;
  return `---\n${head.join('')}---\n${body === '' ? '' : '\n'}${body}`;
}

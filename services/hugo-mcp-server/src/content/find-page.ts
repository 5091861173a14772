import path from 'node:path';
import { ArleoError } from '@arleo/core/errors';
import { hasLanguage } from '../site/site-facts.ts';
import type { Workspace } from './change.ts';
import { newPageFile } from './new-page-file.ts';
import { revisionOf } from './revision.ts';

/**
 * The page at a route and its bytes as they are on disk now.
 *
 * @throws {@link ArleoError} `lang_unknown`, `page_not_found`, `symlink_refused`, `page_too_large`
 */
export async function findPage<Site extends Workspace>(
  workspace: Site,
  route: string,
  lang: string,
): Promise<{ page: NonNullable<ReturnType<Site['index']['find']>>; bytes: Buffer }> {
  requireLanguage(workspace, lang);
  const page = workspace.index.find(route, lang) as ReturnType<Site['index']['find']>;
  if (page !== undefined) {
    const bytes = await workspace.files.read(page.file);
    if (bytes !== undefined) return { page, bytes };
    await workspace.index.refresh([path.posix.dirname(page.file)]);
  }
  // A page behind a symlink is not in the index: say that rather than that there is none.
  if (route !== '/') await workspace.files.read(newPageFile(workspace, route, lang).file);
  throw notFound(workspace, route, lang);
}

function notFound({ index }: Pick<Workspace, 'index'>, route: string, lang: string): ArleoError {
  const others = index.translations(route).map((page) => page.lang);
  const hint =
    others.length > 0
      ? `It exists in: ${[...new Set(others)].join(', ')}.`
      : 'list_pages gives the routes that there are; create_page makes a new page.';
  return new ArleoError('page_not_found', `There is no page at "${route}" in ${lang}.`, { hint });
}

/** @throws {@link ArleoError} `lang_unknown` */
export function requireLanguage({ site }: Pick<Workspace, 'site'>, lang: string): void {
  const facts = site.facts();
  if (hasLanguage(facts, lang)) return;
  throw new ArleoError('lang_unknown', `The site has no language "${lang}".`, {
    hint: `Its languages are: ${facts.languages.map(({ code }) => code).join(', ')}.`,
  });
}

/** @throws {@link ArleoError} `revision_mismatch` if a revision is expected and the bytes have another */
export function requireRevision(bytes: Uint8Array, expected: string | undefined, of: 'page' | 'file' = 'page'): void {
  if (expected === undefined) return;
  const actual = revisionOf(bytes);
  if (actual === expected) return;
  throw new ArleoError('revision_mismatch', `The ${of} was changed since it was read: its revision is ${actual}.`, {
    hint:
      of === 'page'
        ? 'Read it again with get_page, apply your change to what it says now, and send the new revision.'
        : 'Look at it again with list_assets, and send the new revision if it may still be changed.',
  });
}

import type { DeletePageArgs, UpdatePageArgs } from '@arleo/core/content/arguments';
import { ArleoError } from '@arleo/core/errors';
import { editPage } from '../site/front-matter/edit.ts';
import type { JsonObject } from '../site/front-matter/json-value.ts';
import { siteTimestamp } from '../site/site-facts.ts';
import type { PlannedChange } from './change.ts';
import { exactText, keyFor, readPage, withExistingKeys } from './page.ts';
import type { IndexedPage } from './page-index.ts';
import { type PlanContext, requireLanguage } from './plan-create.ts';
import { revisionOf } from './revision.ts';

/**
 * An update: only what is given changes.
 *
 * @throws {@link ArleoError} `page_not_found`, `revision_mismatch`, `not_utf8`, `front_matter_invalid`, `front_matter_unsupported`
 */
export async function planUpdate(args: UpdatePageArgs, context: PlanContext): Promise<PlannedChange> {
  const { file, before } = await openPage(args, context);
  const text = exactText(before, file);
  const { frontMatter } = readPage(before);
  const { title, tags, draft, content, front_matter: more = {} } = args;
  const patch: JsonObject = { ...(more as JsonObject) };
  if (title !== undefined) patch.title = title;
  if (tags !== undefined) patch.tags = tags;
  if (draft !== undefined) patch.draft = draft;
  const stamp = siteTimestamp(context.facts, context.now);
  for (const name of ['date', 'lastmod']) {
    if (!(name in patch) && !(keyFor(frontMatter, name) in frontMatter)) patch[name] = stamp;
  }
  const edited = editPage(text, {
    frontMatter: withExistingKeys(frontMatter, patch),
    ...(content === undefined ? {} : { body: content }),
  });
  return { file, before, after: Buffer.from(edited), message: `Update ${args.route} (${args.lang})` };
}

/** Removes one translation. @throws {@link ArleoError} `page_not_found`, `revision_mismatch` */
export async function planDelete(args: DeletePageArgs, context: PlanContext): Promise<PlannedChange> {
  const { file, before } = await openPage(args, context);
  return { file, before, after: undefined, message: `Delete ${args.route} (${args.lang})` };
}

/** The page of a route with its bytes as they are on disk now. @throws {@link ArleoError} `page_not_found` and others */
export async function openPage(
  args: { route: string; lang: string; expected_revision?: string | undefined },
  { facts, index, files }: PlanContext,
): Promise<{ page: IndexedPage; file: string; before: Buffer }> {
  requireLanguage(facts, args.lang);
  const page = index.find(args.route, args.lang);
  const before = page && (await files.read(page.file));
  if (!page || !before) throw notFound(args.route, args.lang, index.translations(args.route));
  const revision = revisionOf(before);
  if (args.expected_revision !== undefined && args.expected_revision !== revision) {
    throw new ArleoError(
      'revision_mismatch',
      `The page "${args.route}" was changed since revision ${args.expected_revision}.`,
      {
        hint: `Its revision is now ${revision}: read it again with get_page, then decide anew.`,
      },
    );
  }
  return { page, file: page.file, before };
}

function notFound(route: string, lang: string, translations: readonly IndexedPage[]): ArleoError {
  const others = translations.map((page) => page.lang).join(', ');
  return new ArleoError('page_not_found', `There is no page at "${route}" in ${lang}.`, {
    hint: others === '' ? 'list_pages shows which pages there are.' : `It exists in: ${others}.`,
  });
}

import type { UpdatePageArgs } from '@arleo/core/content/arguments';
import { editPage } from '../site/front-matter/edit.ts';
import type { JsonObject } from '../site/front-matter/json-value.ts';
import { readFrontMatter } from '../site/front-matter/read.ts';
import { splitPage } from '../site/front-matter/split-page.ts';
import type { Plan } from './change.ts';
import { editBody } from './edit-body.ts';
import { findPage, requireRevision } from './find-page.ts';
import { exactText, withExistingKeys } from './page.ts';
import { revisionOf } from './revision.ts';

/**
 * A change of a page that is there. What the arguments leave out keeps its bytes; dates too, `lastmod` among them,
 * unless the caller gives it.
 *
 * @throws {@link ArleoError} when planned: `lang_unknown`, `page_not_found`, `revision_mismatch`, `symlink_refused`,
 *   `front_matter_invalid`, `front_matter_unsupported`, `not_utf8`, `edit_not_found`,
 *   `edit_ambiguous`, `content_too_large`
 */
export function updatePage(args: UpdatePageArgs): Plan {
  return async (workspace) => {
    const { page, bytes } = await findPage(workspace, args.route, args.lang);
    requireRevision(bytes, args.expected_revision);
    const text = exactText(bytes, page.file);
    const { title, tags, draft, content, edits, front_matter: more = {} } = args;
    const patch: JsonObject = {
      ...(title === undefined ? {} : { title }),
      ...(tags === undefined ? {} : { tags }),
      ...(draft === undefined ? {} : { draft }),
      ...more,
    };
    const parts = splitPage(text);
    const changesFields = Object.keys(patch).length > 0;
    const frontMatter = changesFields ? withExistingKeys(readFrontMatter(text, parts), patch) : undefined;
    const after = editPage(text, {
      ...(frontMatter === undefined ? {} : { frontMatter }),
      ...(content === undefined ? {} : { body: content }),
      ...(edits === undefined ? {} : { exactBody: editBody(text.slice(parts.bodyStart), edits) }),
    });
    const changed = Buffer.from(after);
    return {
      pages: [{ page, revision: revisionOf(changed) }],
      edits: after === text ? [] : [{ file: page.file, before: bytes, after: changed }],
      message: `Update ${page.route} (${page.lang})`,
    };
  };
}

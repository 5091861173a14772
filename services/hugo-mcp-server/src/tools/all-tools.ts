import type { Editor } from '../content/editor.ts';
import type { Reader } from '../content/reader.ts';
import { buildSite } from './build-site.ts';
import { createPage } from './create-page.ts';
import { deletePage } from './delete-page.ts';
import { getPage } from './get-page.ts';
import { listPages } from './list-pages.ts';
import { searchPages } from './search-pages.ts';
import { siteInfo } from './site-info.ts';
import type { AnyTool } from './tool.ts';
import { updatePage } from './update-page.ts';

/** Every tool, in the order in which they are listed. */
export function allTools(reader: Reader, editor: Editor): AnyTool[] {
  return [
    siteInfo(reader),
    listPages(reader),
    getPage(reader),
    searchPages(reader),
    createPage(editor),
    updatePage(editor),
    deletePage(editor),
    buildSite(editor),
  ];
}

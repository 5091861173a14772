import type { Assets } from '../assets/open-assets.ts';
import type { Editor } from '../content/editor.ts';
import type { Reader } from '../content/reader.ts';
import { applyChanges } from './apply-changes.ts';
import { buildSite } from './build-site.ts';
import { checkLinks } from './check-links.ts';
import { createPage } from './create-page.ts';
import { deleteAsset } from './delete-asset.ts';
import { deletePage } from './delete-page.ts';
import { getPage } from './get-page.ts';
import { listAssets } from './list-assets.ts';
import { listPages } from './list-pages.ts';
import { movePage } from './move-page.ts';
import { pageHistory } from './page-history.ts';
import { previewPage } from './preview-page.ts';
import { restorePage } from './restore-page.ts';
import { rollbackSite } from './rollback-site.ts';
import { searchPages } from './search-pages.ts';
import { siteInfo } from './site-info.ts';
import type { AnyTool } from './tool.ts';
import { updatePage } from './update-page.ts';
import { uploadAsset } from './upload-asset.ts';

/** Every tool, in the order in which they are listed. */
export function allTools(reader: Reader, editor: Editor, assets: Assets): AnyTool[] {
  return [
    siteInfo(reader),
    listPages(reader),
    getPage(reader),
    searchPages(reader),
    pageHistory(reader),
    previewPage(reader),
    checkLinks(reader),
    listAssets(assets),
    createPage(editor),
    updatePage(editor),
    deletePage(editor),
    movePage(editor),
    applyChanges(editor),
    restorePage(editor),
    uploadAsset(assets, editor),
    deleteAsset(assets, editor),
    buildSite(editor),
    rollbackSite(editor),
  ];
}

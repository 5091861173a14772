import path from 'node:path';
import type { UploadAssetArgs } from '@arleo/core/content/asset-arguments';
import { ArleoError } from '@arleo/core/errors';
import type { Library } from '../content/change.ts';
import { requireLanguage } from '../content/find-page.ts';
import type { IndexedPage } from '../content/page-index.ts';

/**
 * The folder that an upload goes to, relative to the site: below `static/`, or in the bundle of a page that is there.
 *
 * @throws {@link ArleoError} `page_not_found`, `lang_unknown`, `lang_needed`, `not_a_bundle`, `static_unknown`
 */
export function assetFolder(library: Library, args: Pick<UploadAssetArgs, 'page' | 'lang' | 'folder'>): string {
  const { page, folder } = args;
  if (page === undefined) return below(staticFolder(library), folder);
  const { dir, kind } = bundleOf(library, page, args.lang);
  if (folder !== undefined && kind !== 'bundle') {
    // What lies in a folder below a section belongs to the page that the folder is or will be.
    throw new ArleoError('not_a_bundle', `"${page}" is a section: its resources lie beside its _index file.`, {
      hint: 'Leave folder out, or name the page that the folder belongs to.',
    });
  }
  return below(dir, folder);
}

/** The folder of a page's bundle. @throws {@link ArleoError} as {@link assetFolder} */
export function bundleOf(
  library: Library,
  route: string,
  lang: string | undefined,
): { dir: string; kind: IndexedPage['kind'] } {
  if (lang !== undefined) requireLanguage(library, lang);
  const translations = library.index.translations(route);
  const pages = translations.filter((page) => lang === undefined || page.lang === lang);
  const [first] = pages;
  if (first === undefined) {
    const others = translations.map((page) => page.lang);
    throw new ArleoError(
      'page_not_found',
      `There is no page at "${route}"${lang === undefined ? '' : ` in ${lang}`}.`,
      {
        hint:
          others.length > 0
            ? `It exists in: ${others.join(', ')}.`
            : 'create_page makes the page first; list_pages shows which there are.',
      },
    );
  }
  if (first.kind === 'single') {
    throw new ArleoError('not_a_bundle', `The page "${route}" is a single file (${first.file}) and has no resources.`, {
      hint: 'Upload the file without page: it goes below static/.',
    });
  }
  const dirs = new Set(pages.map(({ file }) => path.posix.dirname(file)));
  if (dirs.size > 1) {
    throw new ArleoError('lang_needed', `Each language of "${route}" has a folder of its own.`, {
      hint: `Give lang: ${pages.map((page) => page.lang).join(', ')}.`,
    });
  }
  return { dir: path.posix.dirname(first.file), kind: first.kind };
}

/** Where static files go: the folder that is mounted at the top for every language. */
function staticFolder({ site }: Library): string {
  const candidates = site.facts().staticRoots.filter(({ prefix, lang }) => prefix === '' && lang === undefined);
  const root = candidates.find(({ dir }) => dir === 'static') ?? candidates[0];
  if (root !== undefined) return root.dir;
  throw new ArleoError('static_unknown', 'The site has no static folder for all languages.', {
    hint: 'Name one in the configuration (staticDir), or give page: the file becomes a resource of that page.',
  });
}

function below(dir: string, folder: string | undefined): string {
  return folder === undefined ? dir : `${dir}/${folder}`;
}

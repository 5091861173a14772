import type { Library } from './change.ts';
import { linkTargets } from './link-targets.ts';
import type { IndexedPage } from './page-index.ts';

/** Every page whose text links to this one, itself left out. */
export function backlinksOf(library: Pick<Library, 'site' | 'index'>, page: IndexedPage): IndexedPage[] {
  const targets = linkTargets(library);
  return library.index
    .pages()
    .filter((from) => from.file !== page.file && from.links.some((link) => targets.resolve(from, link) === page));
}

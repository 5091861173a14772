import path from 'node:path';
import { ArleoError } from '@arleo/core/errors';
import type { ContentRoot } from '../site/hugo-mounts.ts';
import { type PageKind, parseContentFile } from '../site/page-file.ts';
import type { SiteFacts } from '../site/site-facts.ts';
import type { Workspace } from './change.ts';

/**
 * Where the page of a route goes: beside its translations and like them; as `_index` where the folder holds pages of
 * its own already (an `index` there would turn them into resources); else `content/{route}/index.{lang}.md`.
 *
 * @throws {@link ArleoError} `route_unreachable` if no content folder can hold it
 */
export function newPageFile(
  { site, index }: Pick<Workspace, 'site' | 'index'>,
  route: string,
  lang: string,
): { file: string; kind: PageKind } {
  const facts = site.facts();
  const root = rootFor(facts, route, lang);
  const below = root.prefix === '' ? route : route.slice(root.prefix.length + 1);
  const [sibling] = index.translations(route);
  if (sibling !== undefined) return { file: besideTranslation(facts, root, sibling.file, lang), kind: sibling.kind };
  const code = root.lang === undefined ? `.${lang}` : '';
  if (route === '/') return { file: `${root.dir}/_index${code}.md`, kind: 'home' };
  const dir = `${root.dir}/${below}`;
  const section = index.holdsOtherPages(dir);
  return { file: `${dir}/${section ? '_index' : 'index'}${code}.md`, kind: section ? 'section' : 'bundle' };
}

/** @throws {@link ArleoError} `inside_bundle` if Hugo would take the new page for a resource of another page */
export function refuseInsideBundle({ index }: Pick<Workspace, 'index'>, file: string): void {
  const dir = path.posix.dirname(file);
  const isIndex = /^_?index\./.test(path.posix.basename(file));
  const bundle = index.enclosingBundle(isIndex ? path.posix.dirname(dir) : dir);
  if (bundle === undefined) return;
  throw new ArleoError('inside_bundle', `A page cannot be inside the page bundle ${bundle}.`, {
    hint: 'Hugo takes what lies in a bundle for its resources and does not publish it as a page. Choose a route beside it.',
  });
}

function rootFor(facts: SiteFacts, route: string, lang: string): ContentRoot {
  const candidates = facts.roots.filter(
    (root) =>
      (root.lang === undefined || root.lang === lang) &&
      (root.prefix === '' || (route !== '/' && route.startsWith(`${root.prefix}/`))),
  );
  candidates.sort(
    (a, b) => b.prefix.length - a.prefix.length || Number(b.lang !== undefined) - Number(a.lang !== undefined),
  );
  const [root] = candidates;
  if (root !== undefined) return root;
  throw new ArleoError('route_unreachable', `No content folder of the site can hold "${route}" in ${lang}.`, {
    hint: "The site's mounts give each content folder a place and a language; list_pages shows which routes exist.",
  });
}

function besideTranslation(facts: SiteFacts, root: ContentRoot, sibling: string, lang: string): string {
  const parsed = parseContentFile(facts, sibling);
  const extension = path.posix.extname(sibling);
  const other = facts.roots
    .filter(({ dir }) => sibling.startsWith(`${dir}/`))
    .sort((a, b) => b.dir.length - a.dir.length)[0];
  const dir = path.posix.dirname(sibling);
  const relative = other === undefined || dir === other.dir ? '' : dir.slice(other.dir.length + 1);
  const target = relative === '' ? root.dir : `${root.dir}/${relative}`;
  const base = parsed?.base ?? 'index';
  return `${target}/${base}${root.lang === undefined ? `.${lang}` : ''}${extension}`;
}

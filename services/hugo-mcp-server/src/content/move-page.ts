import path from 'node:path';
import type { MovePageArgs } from '@arleo/core/content/apply-arguments';
import { ArleoError } from '@arleo/core/errors';
import type { ContentRoot } from '../site/hugo-mounts.ts';
import { withAlias } from './alias.ts';
import {
  type FileEdit,
  type FileMove,
  type PageEffect,
  type PageRef,
  type Plan,
  type PlannedPage,
  refOf,
  type Workspace,
} from './change.ts';
import { requireLanguage, requireRevision } from './find-page.ts';
import { refuseInsideBundle } from './new-page-file.ts';
import { exactText } from './page.ts';
import { revisionOf } from './revision.ts';
import { rewriteLinks } from './rewrite-links.ts';

/** As many pages and files as one move takes along. */
const maxPages = 200;
const maxFiles = 5000;

/** What a move notes for its answer. */
export interface MoveNotes extends Record<string, unknown> {
  /** Routes of the pages whose links were rewritten, with their languages. */
  rewritten: string[];
}

/**
 * A page with all its translations and files, and of a section all that is below it, whether it has a page of its own or
 * not, at another route. Each page keeps
 * its old address as a Hugo alias; links to it are rewritten on request.
 *
 * @throws {@link ArleoError} when planned: `page_not_found`, `page_exists`, `revision_mismatch`, `inside_bundle`,
 *   `route_unreachable`, `move_too_large`, `symlink_refused`, `front_matter_invalid`, `front_matter_unsupported`,
 *   `not_utf8`
 */
export function movePage(args: MovePageArgs): Plan {
  return async (workspace) => {
    const { route, to } = args;
    const moving = await findMoving(workspace, args);
    const folders = moving.length === 0 ? foldersOf(workspace, args) : [];
    refuseTarget(workspace, route, to);
    const moved = new Map<string, PageRef>();
    const moves: FileMove[] = [];
    for (const page of moving) await collect(workspace, page, { route, to }, moved, moves);
    for (const { root, dir } of folders) {
      await collectFolder(workspace, dir, placeIn(root, to), { route, to }, moved, moves);
    }
    if (moved.size > maxPages || moves.length > maxFiles) {
      throw new ArleoError(
        'move_too_large',
        `The move would take ${moved.size} pages and ${moves.length} files along.`,
        {
          hint: `At most ${maxPages} pages and ${maxFiles} files are moved at once. Move the parts one by one.`,
        },
      );
    }
    for (const { to: file } of [...moves, ...[...moved.values()].map((page) => ({ to: page.file }))]) {
      if ((await workspace.files.size(file)) !== undefined) throw taken(to, file);
    }
    const pages = await Promise.all(
      [...moved].map(async ([file, page]) => ({ from: await requirePage(workspace, file), page })),
    );
    const links = args.rewrite_links === true ? rewriteLinks(workspace, pages) : undefined;
    const edits: FileEdit[] = [];
    const effects: PageEffect[] = [];
    for (const { from, page } of pages) {
      const before = (await workspace.files.read(from.file)) ?? Buffer.alloc(0);
      const text = exactText(before, from.file);
      const aliased = withAlias(text, workspace.site, from, { route: from.route, to: page.route });
      const after = Buffer.from(links === undefined ? aliased : links.inMoved(from, aliased));
      edits.push({ file: from.file, before, after: undefined }, { file: page.file, before: undefined, after });
      const oldUrl = workspace.site.urlOf(from);
      effects.push({
        page,
        revision: revisionOf(after),
        from: { ...from },
        ...(oldUrl === undefined ? {} : { oldUrl }),
      });
    }
    const others = links === undefined ? [] : await links.inOthers();
    for (const { page, before, after } of others) {
      edits.push({ file: page.file, before, after });
      effects.push({ page, revision: revisionOf(after) });
    }
    const notes: MoveNotes = { rewritten: others.map(({ page }) => `${page.route} (${page.lang})`) };
    return { pages: effects, edits, moves, notes, message: `Move ${route} to ${to}` };
  };
}

async function findMoving(
  workspace: Workspace,
  { route, lang, expected_revision }: MovePageArgs,
): Promise<PlannedPage[]> {
  if (lang !== undefined) requireLanguage(workspace, lang);
  const translations = workspace.index.translations(route);
  const named = lang === undefined ? translations[0] : translations.find((page) => page.lang === lang);
  if (translations.length === 0 && expected_revision === undefined && foldersOf(workspace, { route }).length > 0) {
    return [];
  }
  if (named === undefined) {
    const hint = 'list_pages gives the routes that there are.';
    throw new ArleoError(
      'page_not_found',
      `There is no page at "${route}"${lang === undefined ? '' : ` in ${lang}`}.`,
      { hint },
    );
  }
  if (expected_revision !== undefined) {
    const fallback = workspace.site.facts().defaultLanguage;
    const meant = lang === undefined ? (translations.find((page) => page.lang === fallback) ?? named) : named;
    requireRevision((await workspace.files.read(meant.file)) ?? Buffer.alloc(0), expected_revision);
  }
  return translations;
}

function refuseTarget(workspace: Workspace, route: string, to: string): void {
  const [there] = workspace.index.translations(to);
  if (there !== undefined) throw taken(to, there.file);
  if (to.startsWith(`${route}/`)) {
    throw new ArleoError('inside_bundle', `"${to}" is below "${route}": a page cannot be moved into itself.`, {
      hint: 'Choose a route beside it.',
    });
  }
}

/** The folders of a section that has no page of its own, one in each content folder that has pages of it. */
function foldersOf(
  { site, index }: Workspace,
  { route }: Pick<MovePageArgs, 'route'>,
): { root: ContentRoot; dir: string }[] {
  return site.facts().roots.flatMap((root) => {
    if (root.prefix !== '' && !route.startsWith(`${root.prefix}/`)) return [];
    const dir = placeIn(root, route);
    return index.pages().some(({ file }) => file.startsWith(`${dir}/`)) ? [{ root, dir }] : [];
  });
}

/** Adds a page, the files that belong to it, and for a section everything below it. */
async function collect(
  workspace: Workspace,
  page: PlannedPage,
  { route, to }: { route: string; to: string },
  moved: Map<string, PageRef>,
  moves: FileMove[],
): Promise<void> {
  const root = rootOf(workspace, page);
  const place = placeIn(root, to);
  const dir = path.posix.dirname(page.file);
  if (page.kind === 'single') {
    const name = path.posix.basename(page.file);
    const old = path.posix.basename(route);
    const file = `${path.posix.dirname(place)}/${path.posix.basename(place)}${name.slice(old.length)}`;
    refuseInsideBundle(workspace, file);
    moved.set(page.file, { ...refOf(page), file, route: to });
    return;
  }
  refuseInsideBundle(workspace, `${place}/${path.posix.basename(page.file)}`);
  await collectFolder(workspace, dir, place, { route, to }, moved, moves);
}

/** Adds everything below a folder, which goes to `place`. */
async function collectFolder(
  workspace: Workspace,
  dir: string,
  place: string,
  { route, to }: { route: string; to: string },
  moved: Map<string, PageRef>,
  moves: FileMove[],
): Promise<void> {
  refuseInsideBundle(workspace, `${place}/_index.md`);
  if (workspace.index.holdsOtherPages(place)) throw taken(to, place);
  const here = new Map(
    workspace.index
      .pages()
      .filter(({ file }) => file.startsWith(`${dir}/`))
      .map((one) => [one.file, one]),
  );
  for (const file of await filesBelow(workspace, dir)) {
    const target = place + file.slice(dir.length);
    const own = here.get(file);
    if (own !== undefined) moved.set(file, { ...refOf(own), file: target, route: to + own.route.slice(route.length) });
    else if (!moves.some(({ from }) => from === file)) moves.push({ from: file, to: target });
  }
}

async function filesBelow({ files }: Workspace, dir: string): Promise<string[]> {
  const found: string[] = [];
  const folders = [dir];
  for (const folder of folders) {
    for (const { name, kind } of (await files.entries(folder)) ?? []) {
      const file = `${folder}/${name}`;
      if (kind === 'folder') folders.push(file);
      else if (kind === 'file') found.push(file);
      else {
        throw new ArleoError('symlink_refused', `"${file}" is a symbolic link, or no plain file.`, {
          hint: 'What is not a real file cannot be moved here. Replace or remove it by hand.',
        });
      }
      if (found.length + folders.length > 2 * maxFiles) return found;
    }
  }
  return found;
}

function rootOf({ site }: Workspace, { file, route }: PlannedPage): ContentRoot {
  const roots = site.facts().roots.filter(({ dir }) => file.startsWith(`${dir}/`));
  const [root] = roots.sort((a, b) => b.dir.length - a.dir.length);
  if (root === undefined) throw new ArleoError('route_unreachable', `No content folder holds "${route}".`);
  return root;
}

/** The folder (or file without its ending) that a route has in a content folder. */
function placeIn({ dir, prefix }: ContentRoot, to: string): string {
  if (prefix === '') return `${dir}/${to}`;
  if (to.startsWith(`${prefix}/`)) return `${dir}/${to.slice(prefix.length + 1)}`;
  throw new ArleoError(
    'route_unreachable',
    `"${to}" is not in the content folder ${dir}, which is mounted at ${prefix}.`,
    {
      hint: `Choose a route below "${prefix}".`,
    },
  );
}

async function requirePage({ index }: Workspace, file: string): Promise<PlannedPage> {
  const page = index.pages().find((one) => one.file === file);
  if (page === undefined) throw new ArleoError('page_not_found', `${file} is not a page any more.`);
  return page;
}

function taken(to: string, file: string): ArleoError {
  return new ArleoError('page_exists', `There is something at "${to}" already (${file}).`, {
    hint: 'Choose another route, or delete what is there first.',
  });
}

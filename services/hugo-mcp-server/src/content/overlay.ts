import path from 'node:path';
import { routeKey } from '../site/page-file.ts';
import type { PlannedChange, PlannedPage, Workspace } from './change.ts';
import { readPage } from './page.ts';
import { isBelow, originsOf } from './page-index.ts';
import { pageLinks } from './page-links.ts';
import type { FolderEntry } from './site-files.ts';

/** The site as changes would leave it that are planned and not made. */
export interface Overlay {
  workspace: Workspace;
  /** Lets the workspace show one more change. */
  add(planned: PlannedChange): void;
}

/** Where a file's bytes come from: given, moved from another file, or nowhere. */
type Source = { bytes: Buffer } | { from: string } | undefined;

/** Lays planned changes over a site, so that the next one can be planned on top of them. Nothing is written. */
export function createOverlay(base: Workspace): Overlay {
  const changed = new Map<string, Source>();
  const pages = new Map<string, PlannedPage>();

  const sourceOf = (file: string): Source => (changed.has(file) ? changed.get(file) : { from: file });
  const kept = (page: PlannedPage) => !changed.has(page.file);
  const allPages = () => [...base.index.pages().filter(kept), ...pages.values()];
  const onRoute = (route: string) =>
    [...pages.values()].filter((page) => routeKey(page.route, '') === routeKey(route, ''));

  const entries = async (dir: string): Promise<FolderEntry[] | undefined> => {
    const found = new Map<string, FolderEntry>();
    for (const entry of (await base.files.entries(dir)) ?? []) {
      if (entry.kind !== 'file' || !changed.has(`${dir}/${entry.name}`)) found.set(entry.name, entry);
    }
    for (const [file, source] of changed) {
      if (source === undefined || !file.startsWith(`${dir}/`)) continue;
      const [name = '', ...below] = file.slice(dir.length + 1).split('/');
      if (below.length > 0) found.set(name, { name, kind: 'folder', bytes: 0 });
      else found.set(name, { name, kind: 'file', bytes: 'bytes' in source ? source.bytes.length : 0 });
    }
    return found.size === 0 ? undefined : [...found.values()];
  };

  const workspace: Workspace = {
    site: base.site,
    now: base.now,
    files: {
      async read(file, maxBytes) {
        const source = sourceOf(file);
        if (source === undefined) return undefined;
        return 'bytes' in source ? source.bytes : base.files.read(source.from, maxBytes);
      },
      async size(file) {
        const source = sourceOf(file);
        if (source === undefined) return undefined;
        return 'bytes' in source ? source.bytes.length : base.files.size(source.from);
      },
      entries,
    },
    index: {
      pages: allPages,
      find(route, lang) {
        const planned = onRoute(route).find((page) => page.lang === lang);
        if (planned !== undefined) return planned;
        const found = base.index.find(route, lang);
        return found !== undefined && kept(found) ? found : undefined;
      },
      translations: (route) => [...base.index.translations(route).filter(kept), ...onRoute(route)],
      enclosingBundle(dir) {
        const bundles = new Set(
          allPages()
            .filter(({ kind }) => kind === 'bundle')
            .map(({ file }) => path.posix.dirname(file)),
        );
        for (let at = dir; at !== '' && at !== '.'; at = path.posix.dirname(at)) if (bundles.has(at)) return at;
        return undefined;
      },
      holdsOtherPages: (dir) => allPages().some(({ file }) => isBelow(file, dir)),
      refresh: (dirs) => base.index.refresh(dirs),
    },
  };

  return {
    workspace,
    add({ pages: effects = [], edits, moves = [] }) {
      for (const { from, to } of moves) {
        changed.set(to, sourceOf(from));
        changed.set(from, undefined);
      }
      for (const { file, after } of edits) {
        changed.set(file, after === undefined ? undefined : { bytes: after });
        if (after === undefined) pages.delete(file);
      }
      const origins = originsOf(base.site.facts());
      for (const { page, revision } of effects) {
        const source = changed.get(page.file);
        if (revision === undefined || source === undefined || !('bytes' in source)) continue;
        const links = pageLinks(readPage(source.bytes).body, origins);
        pages.set(page.file, { ...page, revision, links });
      }
    },
  };
}

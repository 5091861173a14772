import { splitPage } from '../site/front-matter/split-page.ts';
import { addressAfter, addressOf } from './alias.ts';
import type { PageRef, PlannedPage, Workspace } from './change.ts';
import { linkTargets } from './link-targets.ts';
import { exactText } from './page.ts';
import { originsOf } from './page-index.ts';
import { type PageLink, replaceLinks } from './page-links.ts';

/** A page where it is, and where it goes. */
export interface MovedPage {
  from: PlannedPage;
  page: PageRef;
}

/** A page whose links were rewritten. */
export interface RewrittenPage {
  page: PlannedPage;
  before: Buffer;
  after: Buffer;
}

/** Links, rewritten for a move. */
export interface RewrittenLinks {
  /** The text of a page that moves: links to pages that move with it, and relative links to those that do not. */
  inMoved(from: PlannedPage, text: string): string;
  /** The pages that stay and link to one that moves. A page that is not UTF-8 is left out. */
  inOthers(): Promise<RewrittenPage[]>;
}

/** Everything but the target of a link stays as it is written. A link whose new address is not known is left alone. */
export function rewriteLinks(workspace: Workspace, moved: readonly MovedPage[]): RewrittenLinks {
  const targets = linkTargets(workspace);
  const byFile = new Map(moved.map((one) => [one.from.file, one]));
  const origins = originsOf(workspace.site.facts());

  const newTarget = (from: PlannedPage, link: Pick<PageLink, 'target' | 'ref'>): string | undefined => {
    const page = targets.resolve(from, link);
    if (page === undefined) return undefined;
    const goes = byFile.get(page.file);
    const relative = !/^(?:[a-z]+:)?\//i.test(link.target);
    if (goes === undefined && !(relative && byFile.has(from.file))) return undefined;
    const suffix = /[?#].*$/s.exec(link.target)?.[0] ?? '';
    if (link.ref) {
      // A ref that names another language does so by its file's name, which moves too.
      if (page.lang !== from.lang) return undefined;
      const { route } = goes?.page ?? page;
      return `${route === '/' ? '/' : `/${route}`}${suffix}`;
    }
    const old = addressOf(workspace.site, page);
    const next = old === undefined || goes === undefined ? old : addressAfter(old, page.route, goes.page.route);
    if (next === undefined || (goes !== undefined && next === old)) return undefined;
    const origin = /^(?:[a-z]+:)?\/\/[^/]+/i.exec(link.target)?.[0] ?? '';
    return `${origin}${encodeURI(basePath(workspace, page) + next)}${suffix}`;
  };

  const rewrite = (from: PlannedPage, text: string): string => {
    const { bodyStart } = splitPage(text);
    return text.slice(0, bodyStart) + replaceLinks(text.slice(bodyStart), origins, (link) => newTarget(from, link));
  };

  return {
    inMoved: rewrite,
    async inOthers() {
      const rewritten: RewrittenPage[] = [];
      for (const page of workspace.index.pages()) {
        if (byFile.has(page.file) || !page.links.some((link) => newTarget(page, link) !== undefined)) continue;
        const before = await workspace.files.read(page.file);
        if (before === undefined || before.includes(0)) continue;
        const text = utf8(before, page.file);
        if (text === undefined) continue;
        const after = Buffer.from(rewrite(page, text));
        if (!after.equals(before)) rewritten.push({ page, before, after });
      }
      return rewritten;
    },
  };
}

/** The path below which the site stands on its host, without a slash at its end. */
function basePath({ site }: Workspace, page: PageRef): string {
  const { baseUrl, languages } = site.facts();
  const base = languages.find(({ code }) => code === page.lang)?.baseUrl ?? baseUrl;
  try {
    return decodeURI(new URL(base, 'http://localhost').pathname).replace(/\/*$/, '');
  } catch {
    return '';
  }
}

function utf8(bytes: Buffer, file: string): string | undefined {
  try {
    return exactText(bytes, file);
  } catch {
    return undefined;
  }
}

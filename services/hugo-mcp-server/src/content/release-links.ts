import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { releaseFile } from '../build/release-file.ts';
import { readRendered } from '../site/rendered-page.ts';

/** A link of a release that leads to nothing. */
export interface DeadLink {
  /** As it stands in the page. */
  target: string;
  kind: 'link' | 'image';
  /** The file of the release that would have to be there. */
  file: string;
}

/** How the pages of a release hang together. Files are relative to the release. */
export interface ReleaseLinks {
  /** HTML pages; those that only send visitors on are left out. */
  pages: number;
  /** The dead links of each page that has any. */
  dead: Map<string, DeadLink[]>;
  /** Files that some other page links to. */
  linked: Set<string>;
  /** True if the release has something at this file. */
  has(file: string): boolean;
}

/** Pages read at a time: other calls get their turn between them. */
const concurrency = 4;

/**
 * Reads every page of a release, or only one, and looks where its links lead. Addresses of other sites are not looked at.
 *
 * @param baseUrl of the site; the release is what it serves below it
 * @param only the one page to read
 */
export async function releaseLinks(dir: string, baseUrl: string, only?: string): Promise<ReleaseLinks> {
  const files = new Set(await readdir(dir, { recursive: true }));
  const has = (file: string) => files.has(file) && (!files.has(`${file}/index.html`) || file === '');
  const result: ReleaseLinks = { pages: 0, dead: new Map(), linked: new Set(), has };
  const pending = (only === undefined ? [...files] : [only]).filter((file) => file.endsWith('.html')).sort();
  const base = new URL(baseUrl, 'http://localhost');
  const worker = async () => {
    for (let file = pending.pop(); file !== undefined; file = pending.pop()) {
      const html = await readFile(path.join(dir, file), 'utf8').catch(() => undefined);
      if (html !== undefined) addPage(result, file, html, base, files);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return result;
}

function addPage(result: ReleaseLinks, file: string, html: string, base: URL, files: ReadonlySet<string>): void {
  const page = readRendered(html);
  if (page.redirect) return;
  result.pages += 1;
  const own = addressOf(file, base);
  const seen = new Set<string>();
  for (const { target, kind } of page.links) {
    if (seen.has(target)) continue;
    seen.add(target);
    const found = fileOf(target, own, base);
    if (found === undefined) continue;
    const there = files.has(found) ? found : undefined;
    const folder = files.has(`${found}/index.html`) ? `${found}/index.html` : undefined;
    const led = folder ?? there;
    if (led !== undefined) {
      if (led !== file) result.linked.add(led);
      continue;
    }
    const dead = result.dead.get(file) ?? [];
    dead.push({ target, kind, file: found });
    result.dead.set(file, dead);
  }
}

/** The file of the release that a link leads to; undefined for what is not of this site, or no address of a file. */
export function fileOf(target: string, from: URL, base: URL): string | undefined {
  if (target === '' || target.startsWith('#')) return undefined;
  let url: URL;
  try {
    url = new URL(target, from);
  } catch {
    return undefined;
  }
  if (!/^https?:$/.test(url.protocol) || url.host !== base.host) return undefined;
  const root = base.pathname.replace(/\/*$/, '/');
  // Something else may be served beside the site on the same host.
  if (!`${url.pathname}/`.startsWith(root)) return undefined;
  return releaseFile(url.href, base.href);
}

/** The address under which a file of the release is served. */
export function addressOf(file: string, base: URL): URL {
  const root = base.pathname.replace(/\/*$/, '/');
  const below = file.replace(/(^|\/)index\.html$/, '$1');
  return new URL(root + below.split('/').map(encodeURIComponent).join('/'), base);
}

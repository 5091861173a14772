import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { ReleaseAddresses } from '../build/release-addresses.ts';
import { inParallel } from '../site/in-parallel.ts';
import type { RenderedPage } from '../site/rendered-page.ts';

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
 * @param only the one page to read
 */
export async function releaseLinks(dir: string, addresses: ReleaseAddresses, only?: string): Promise<ReleaseLinks> {
  const files = new Set(await readdir(dir, { recursive: true }));
  const has = (file: string) => files.has(file) && (!files.has(`${file}/index.html`) || file === '');
  const result: ReleaseLinks = { pages: 0, dead: new Map(), linked: new Set(), has };
  const pending = (only === undefined ? [...files] : [only]).filter((file) => file.endsWith('.html')).sort();
  // The parser of HTML is loaded with the first page that is read.
  const { readRendered } = await import('../site/rendered-page.ts');
  await inParallel(pending, concurrency, async (file) => {
    const html = await readFile(path.join(dir, file), 'utf8').catch(() => undefined);
    if (html !== undefined) addPage(result, file, readRendered(html), addresses, files);
  });
  return result;
}

function addPage(
  result: ReleaseLinks,
  file: string,
  page: RenderedPage,
  addresses: ReleaseAddresses,
  files: ReadonlySet<string>,
): void {
  if (page.redirect) return;
  result.pages += 1;
  const own = addresses.urlOf(file);
  const seen = new Set<string>();
  for (const { target, kind } of page.links) {
    if (seen.has(target)) continue;
    seen.add(target);
    const found = addresses.fileOf(target, own);
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

import { applySplices, type Splice } from '../site/front-matter/splice.ts';
import { proseLines } from './prose-lines.ts';

/**
 * The places that a page's Markdown links to and that may be on the site itself, each once and as written: links,
 * images, reference definitions, `href` and `src` in HTML and shortcodes, `ref` and `relref`. Code and HTML comments are left out.
 *
 * @param origins scheme and host of the site's own addresses; other absolute addresses are left out
 */
export function pageLinks(body: string, origins: readonly string[]): PageLink[] {
  const links = new Map<string, PageLink>();
  for (const { target, ref, line } of linksIn(body, origins)) {
    const key = `${ref ? 'ref ' : ''}${target}`;
    if (!links.has(key)) links.set(key, { target, ref, line });
  }
  return [...links.values()];
}

/**
 * A body with some of its links, as {@link pageLinks} finds them, leading elsewhere; everything else stays.
 *
 * @param replacement the new target of a link, undefined to leave it
 */
export function replaceLinks(
  body: string,
  origins: readonly string[],
  replacement: (link: Pick<PageLink, 'target' | 'ref'>) => string | undefined,
): string {
  const splices: Splice[] = [];
  for (const { target, ref, start } of linksIn(body, origins)) {
    const text = replacement({ target, ref });
    if (text !== undefined) splices.push({ start, end: start + target.length, text });
  }
  return applySplices(body, splices);
}

/** Every link, also the same one several times; `start` is where its target begins in the body. */
function* linksIn(body: string, origins: readonly string[]): Generator<PageLink & { start: number }> {
  for (const { number, start: at, text } of proseLines(body)) {
    for (const { target, ref, start } of lineLinks(text)) {
      if (ref || mayBeLocal(target, origins)) yield { target, ref, line: number, start: at + start };
    }
  }
}

/** One link as the page writes it. */
export interface PageLink {
  /** A path, an address, or for `ref` a page's path below content. */
  target: string;
  /** True for the shortcodes `ref` and `relref`, whose targets are pages and not addresses. */
  ref: boolean;
  /** The first line of the body that has it, from 1. */
  line: number;
}

/** A shortcode up to its target. Its end is looked for apart: a pattern of both would try every end of the target. */
const refHead = /\{\{[<%]-?\s*(?:rel)?ref\s+(?:path=)?(?:"([^"]{1,2000})"|`([^`]{1,2000})`|([^\s>%"`}]{1,2000}))/g;
const refTail = /[^}]{0,300}\}\}/y;
const destinations = [
  /\]\(\s*<?([^)\s>]+)/g,
  /^ {0,3}\[[^\]]+\]:\s*<?([^\s>]+)/g,
  /\b(?:href|src)\s*=\s*["']([^"'\s]+)["']/gi,
];

function* lineLinks(line: string): Generator<{ target: string; ref: boolean; start: number }> {
  if (!/[[=<{]/.test(line)) return;
  let rest = '';
  let at = 0;
  for (const match of line.matchAll(refHead)) {
    const [whole, quoted, literal, bare] = match;
    const target = quoted ?? literal ?? bare ?? '';
    const end = match.index + whole.length;
    refTail.lastIndex = end;
    const tail = refTail.exec(line)?.[0];
    if (tail === undefined) continue;
    yield { target, ref: true, start: end - target.length - (bare === undefined ? 1 : 0) };
    rest += line.slice(at, match.index) + ' '.repeat(whole.length + tail.length);
    at = end + tail.length;
  }
  rest += line.slice(at);
  for (const pattern of destinations) {
    for (const match of rest.matchAll(pattern)) {
      const [whole, target = ''] = match;
      yield { target, ref: false, start: match.index + whole.lastIndexOf(target) };
    }
  }
}

function mayBeLocal(target: string, origins: readonly string[]): boolean {
  if (target.startsWith('#') || target.includes('{{')) return false;
  const absolute = /^(?:[a-z][a-z0-9+.-]*:)?\/\//i.test(target);
  if (!absolute) return !/^[a-z][a-z0-9+.-]*:/i.test(target);
  const bare = target.replace(/^[a-z]+:/i, '').toLowerCase();
  return origins.some((origin) => {
    const own = origin.replace(/^[a-z]+:/i, '').toLowerCase();
    return bare === own || bare.startsWith(`${own}/`);
  });
}

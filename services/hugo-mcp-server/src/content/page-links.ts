/**
 * The places that a page's Markdown links to and that may be on the site itself, each once and as written: links,
 * images, reference definitions, `href` and `src` in HTML and shortcodes, `ref` and `relref`. Code is left out.
 *
 * @param origins scheme and host of the site's own addresses; other absolute addresses are left out
 */
export function pageLinks(body: string, origins: readonly string[]): PageLink[] {
  const links = new Map<string, PageLink>();
  let fence: string | undefined;
  for (const [i, raw] of body.split('\n').entries()) {
    const marker = /^ {0,3}(`{3,}|~{3,})/.exec(raw)?.[1];
    if (fence !== undefined) {
      if (marker?.startsWith(fence)) fence = undefined;
      continue;
    }
    if (marker !== undefined) {
      fence = marker;
      continue;
    }
    for (const { target, ref } of lineLinks(raw)) {
      const key = `${ref ? 'ref ' : ''}${target}`;
      if (!links.has(key) && (ref || mayBeLocal(target, origins))) links.set(key, { target, ref, line: i + 1 });
    }
  }
  return [...links.values()];
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

const refShortcode = /\{\{[<%]-?\s*(?:rel)?ref\s+(?:path=)?(?:"([^"]*)"|`([^`]*)`|([^\s>%"`]+))[^}]*\}\}/g;
const destinations = [
  /\]\(\s*<?([^)\s>]+)/g,
  /^ {0,3}\[[^\]]+\]:\s*<?([^\s>]+)/g,
  /\b(?:href|src)\s*=\s*["']([^"'\s]+)["']/gi,
];

function* lineLinks(raw: string): Generator<{ target: string; ref: boolean }> {
  if (!/[[=<{]/.test(raw)) return;
  const line = raw.replace(/(`+)(?!`).*?[^`]\1(?!`)/g, '');
  for (const [, quoted, literal, bare] of line.matchAll(refShortcode)) {
    const target = quoted ?? literal ?? bare;
    if (target !== undefined && target !== '') yield { target, ref: true };
  }
  const rest = line.replace(/\{\{[<%]-?\s*(?:rel)?ref\b[^}]*\}\}/g, '');
  for (const pattern of destinations) {
    for (const [, target = ''] of rest.matchAll(pattern)) yield { target, ref: false };
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

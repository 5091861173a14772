import { Parser } from 'htmlparser2';

/** A link in a page as browsers see it. */
export interface RenderedLink {
  /** As it stands in the attribute. */
  target: string;
  /** `image` for what is shown in the page (pictures, videos, their sources), `link` for where one can go. */
  kind: 'link' | 'image';
}

/** What a finished HTML page says. */
export interface RenderedPage {
  title: string;
  description: string | undefined;
  /** What a reader reads: of `main` or `article` if there is one, else of the whole body. One block a line. */
  text: string;
  links: RenderedLink[];
  /** True for the page that Hugo makes of an alias: it only sends visitors on. */
  redirect: boolean;
}

const silent = new Set([
  'head',
  'script',
  'style',
  'noscript',
  'template',
  'svg',
  'math',
  'iframe',
  'select',
  'button',
]);
const blocks =
  /^(?:address|article|aside|blockquote|body|br|dd|details|div|dl|dt|figcaption|figure|footer|form|h[1-6]|header|hr|li|main|nav|ol|p|pre|section|summary|table|tr|ul)$/;

/** Reads a page that Hugo made. Nothing throws: HTML that is not whole is read as browsers do. */
export function readRendered(html: string): RenderedPage {
  const page: RenderedPage = { title: '', description: undefined, text: '', links: [], redirect: false };
  const whole: string[] = [];
  const main: string[] = [];
  let quiet = 0;
  let inMain = 0;
  let inTitle = false;
  let titled = false;
  const say = (text: string) => {
    if (quiet > 0) return;
    whole.push(text);
    if (inMain > 0) main.push(text);
  };
  const parser = new Parser({
    onopentag(name, attributes) {
      if (name === 'title' && !titled) inTitle = true;
      if (name === 'meta') readMeta(page, attributes);
      page.links.push(...linksOf(name, attributes));
      if (silent.has(name)) quiet += 1;
      if (name === 'main' || name === 'article') inMain += 1;
      if (blocks.test(name)) say('\n');
      if (/^h[1-6]$/.test(name)) say(`${'#'.repeat(Number(name[1]))} `);
      else if (name === 'li') say('- ');
      else if (name === 'td' || name === 'th') say(' | ');
      else if (name === 'img') say(`[image: ${attributes.alt ?? ''}]`);
    },
    ontext(text) {
      if (inTitle) page.title += text;
      say(text);
    },
    onclosetag(name) {
      if (name === 'title' && inTitle) {
        inTitle = false;
        titled = true;
      }
      if (blocks.test(name)) say('\n');
      if (name === 'main' || name === 'article') inMain -= 1;
      if (silent.has(name)) quiet -= 1;
    },
  });
  parser.end(html);
  page.title = oneLine(page.title);
  page.text = inLines(main.some((text) => text.trim() !== '') ? main : whole);
  return page;
}

/** Where a finished HTML page sends visitors on to; undefined if it does not. */
export function redirectTarget(html: string): string | undefined {
  let target: string | undefined;
  const parser = new Parser({
    onopentag(name, { content = '', ...rest }) {
      if (name !== 'meta' || rest['http-equiv']?.toLowerCase() !== 'refresh') return;
      target ??= /^\s*\d*(?:\.\d*)?\s*[;,]\s*(?:url\s*=\s*)?["']?([^"']+)/i.exec(content)?.[1]?.trim();
    },
  });
  parser.end(html);
  return target;
}

function readMeta(page: RenderedPage, { name, content = '', ...rest }: Record<string, string>): void {
  if (name?.toLowerCase() === 'description') page.description ??= oneLine(content);
  if (rest['http-equiv']?.toLowerCase() === 'refresh') page.redirect = true;
}

function linksOf(name: string, attributes: Record<string, string>): RenderedLink[] {
  const { href, src, srcset, poster } = attributes;
  const links: RenderedLink[] = [];
  if ((name === 'a' || name === 'area') && href !== undefined) links.push({ target: href, kind: 'link' });
  if (src !== undefined && name !== 'script' && name !== 'iframe') links.push({ target: src, kind: 'image' });
  if (poster !== undefined) links.push({ target: poster, kind: 'image' });
  for (const part of srcset?.split(/,\s+/) ?? []) {
    const [target = ''] = part.trim().split(/\s/, 1);
    if (target !== '') links.push({ target, kind: 'image' });
  }
  return links;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}

function inLines(parts: readonly string[]): string {
  const lines = parts
    .map((part) => (part === '\n' ? part : part.replace(/\s+/g, ' ')))
    .join('')
    .split('\n')
    .map((line) => line.replace(/ {2,}/g, ' ').trim());
  return lines.filter((line) => line !== '' && !/^(?:-|#{1,6}|\|)$/.test(line)).join('\n');
}

import { ArleoError } from '@arleo/core/errors';
import { editPage } from '../site/front-matter/edit.ts';
import { readFrontMatter } from '../site/front-matter/read.ts';
import { splitPage } from '../site/front-matter/split-page.ts';
import type { PageRef, Workspace } from './change.ts';
import { keyFor } from './page.ts';

/**
 * The text of a page that goes elsewhere, with its old address among its aliases; an alias that is its new address goes
 * (a page that moves back). A page with a `url` of its own keeps its address, and one whose address is not known has
 * none to keep.
 *
 * @throws {@link ArleoError} `front_matter_invalid`, `front_matter_unsupported`
 */
export function withAlias(
  text: string,
  site: Workspace['site'],
  page: PageRef,
  { route, to }: { route: string; to: string },
): string {
  const parts = splitPage(text);
  const fields = readFrontMatter(text, parts);
  const old = addressOf(site, page);
  const own = fields[keyFor(fields, 'url')];
  if (old === undefined || (own !== undefined && own !== null)) return text;
  if (parts.format === 'none' && /\.org$/i.test(page.file)) {
    throw new ArleoError('front_matter_unsupported', `${page.file} has front matter in Org's own form.`, {
      hint: 'Move it by hand, and add its old address to #+ALIASES[].',
    });
  }
  const key = keyFor(fields, 'aliases');
  const before = list(fields[key]);
  const next = addressAfter(old, route, to);
  const kept = before.filter((alias) => sameAddress(alias, next) === false && sameAddress(alias, old) === false);
  return editPage(text, { frontMatter: { [key]: [...kept, old] } });
}

/**
 * The path of a page's address below the base URL, as `aliases` take it; undefined if it is not known. Hugo takes it as
 * it is, with the language in it where the address has it.
 */
export function addressOf(site: Workspace['site'], page: PageRef): string | undefined {
  const url = site.urlOf(page);
  if (url === undefined) return undefined;
  const { baseUrl, languages } = site.facts();
  const base = languages.find(({ code }) => code === page.lang)?.baseUrl ?? baseUrl;
  try {
    const at = decodeURI(new URL(url, 'http://localhost').pathname);
    const below = decodeURI(new URL(base, 'http://localhost').pathname).replace(/\/*$/, '');
    return at.startsWith(`${below}/`) ? at.slice(below.length) : at;
  } catch {
    return undefined;
  }
}

/** The address that a page gets when its route changes, if its route stands in its address; else the old one. */
export function addressAfter(old: string, route: string, to: string): string {
  const at = old.toLowerCase().lastIndexOf(`/${route.toLowerCase().replaceAll(' ', '-')}/`);
  if (at === -1) return old;
  const end = at + route.length + 2;
  return `${old.slice(0, at)}/${to.toLowerCase().replaceAll(' ', '-')}/${old.slice(end)}`;
}

function sameAddress(a: string, b: string): boolean {
  const plain = (address: string) =>
    address
      .replace(/index\.html$/, '')
      .replace(/^\/*|\/*$/g, '')
      .toLowerCase();
  return plain(a) === plain(b);
}

function list(value: unknown): string[] {
  if (Array.isArray(value)) return value.map(String);
  return typeof value === 'string' && value !== '' ? [value] : [];
}

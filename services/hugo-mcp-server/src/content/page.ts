import { ArleoError } from '@arleo/core/errors';
import { isObject, type JsonObject } from '../site/front-matter/json-value.ts';
import { readFrontMatter } from '../site/front-matter/read.ts';
import { splitPage } from '../site/front-matter/split-page.ts';
import { revisionOf } from './revision.ts';

/** What a page file says. */
export interface PageContent {
  revision: string;
  frontMatter: JsonObject;
  /** The text after the front matter. */
  body: string;
  /** The whole file, front matter included. */
  fileText: string;
  /** Set if the front matter cannot be read; `frontMatter` is empty then. */
  problem?: string;
}

/** Reads a page file's bytes. Nothing throws: a page that somebody broke by hand still has a body and a revision. */
export function readPage(bytes: Uint8Array): PageContent {
  const revision = revisionOf(bytes);
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  const parts = splitPage(text);
  const body = text.slice(parts.bodyStart);
  try {
    return { revision, frontMatter: readFrontMatter(text, parts), body, fileText: text };
  } catch (error) {
    const problem = error instanceof ArleoError ? error.message : String(error);
    return { revision, frontMatter: {}, body, fileText: text, problem };
  }
}

/**
 * The text of a page file that is going to be edited.
 *
 * @throws {@link ArleoError} `not_utf8`: an edit could not keep the bytes it does not mean
 */
export function exactText(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { ignoreBOM: true, fatal: true }).decode(bytes);
  } catch (error) {
    throw new ArleoError('not_utf8', `${file} is not valid UTF-8.`, {
      cause: error,
      hint: 'Convert the file to UTF-8 by hand; then it can be edited here.',
    });
  }
}

/** The fields that lists show. */
export interface PageSummary {
  title: string;
  draft: boolean;
  date?: string;
  lastmod?: string;
  tags: string[];
  /** What the page has in the site's other taxonomies, by their fields; only those in which it has anything. */
  terms?: Readonly<Record<string, string[]>>;
  /** The front matter gives the page an address of its own, or none. */
  ownAddress?: true;
}

/** Picks what lists show out of front matter, which people write in many ways. Hugo reads keys without regard to case. */
export function summarize(frontMatter: JsonObject, taxonomies: readonly string[]): PageSummary {
  const value = (name: string): unknown => frontMatter[keyFor(frontMatter, name)];
  const text = (name: string): string | undefined => {
    const found = value(name);
    return typeof found === 'string' || typeof found === 'number' ? ownText(String(found)) : undefined;
  };
  const list = (name: string): string[] => {
    const found = value(name);
    const items = Array.isArray(found) ? found.map(String) : typeof found === 'string' && found !== '' ? [found] : [];
    return items.map(ownText);
  };
  const terms = taxonomies.flatMap((name) => {
    const found = name === 'tags' ? [] : list(name);
    return found.length === 0 ? [] : [[name, found] as const];
  });
  const date = text('date');
  const lastmod = text('lastmod');
  return {
    title: text('title') ?? '',
    draft: value('draft') === true || value('draft') === 'true',
    ...(date === undefined ? {} : { date }),
    ...(lastmod === undefined ? {} : { lastmod }),
    tags: list('tags'),
    ...(terms.length === 0 ? {} : { terms: Object.fromEntries(terms) }),
    ...(hasAddressByRule(value) ? {} : { ownAddress: true }),
  };
}

/** False if the page has another address than its route gives it, or none: then only Hugo knows. */
function hasAddressByRule(value: (name: string) => unknown): boolean {
  if (value('slug') !== undefined || value('url') !== undefined) return false;
  // Hugo takes "true" and 1 for true, too.
  if ((value('headless') ?? false) !== false) return false;
  // Which of the two Hugo goes by depends on its version.
  return [value('build'), value('_build')].every((build) => {
    if (!isObject(build)) return true;
    const render = build[keyFor(build as JsonObject, 'render')] ?? 'always';
    return render === 'always' || render === true;
  });
}

/** The same text in memory of its own: a part of a larger text would keep the whole of it alive. */
export function ownText(text: string): string {
  return Buffer.from(text).toString();
}

/** The key under which the front matter has this field: as it stands there, else as given. */
export function keyFor(frontMatter: JsonObject, name: string): string {
  if (Object.hasOwn(frontMatter, name)) return name;
  const lower = name.toLowerCase();
  return Object.keys(frontMatter).find((key) => key.toLowerCase() === lower) ?? name;
}

/** The patch with its keys spelled as the page spells them: `Title` stays `Title`. */
export function withExistingKeys(frontMatter: JsonObject, patch: JsonObject): JsonObject {
  const entries = Object.entries(patch).map(([key, item]) => {
    const existing = keyFor(frontMatter, key);
    const old = frontMatter[existing];
    const nested = isObject(item) && isObject(old) ? withExistingKeys(old as JsonObject, item as JsonObject) : item;
    return [existing, nested] as const;
  });
  return Object.fromEntries(entries);
}

import { isObject, type JsonObject } from '../../site/front-matter/json-value.ts';
import type { PageContent } from '../page.ts';
import type { SearchedText } from './page-words.ts';

/** Fields that say where or when something is, not what it is about. */
const left = /^(?:date|lastmod|publishdate|expirydate|draft|weight|url|layout|type|slug|aliases|title)$/i;
/** Characters of front matter that are looked at. */
const maxAbout = 4000;

/** What is searched of a page file: its title; the words of its folders and fields (tags, description); its body. */
export function searchedText(file: string, { revision, frontMatter, body }: PageContent): SearchedText {
  const titleKey = Object.keys(frontMatter).find((key) => key.toLowerCase() === 'title');
  const title = titleKey === undefined ? '' : String(frontMatter[titleKey]);
  return { revision, title, about: `${file.replace(/^[^/]*\/|\.[^/]*$/g, '')} ${textsOf(frontMatter)}`, body };
}

function textsOf(frontMatter: JsonObject): string {
  const texts: string[] = [];
  const collect = (value: unknown): void => {
    if (typeof value === 'string') texts.push(value);
    else if (Array.isArray(value)) value.forEach(collect);
    else if (isObject(value)) Object.values(value).forEach(collect);
  };
  for (const [key, value] of Object.entries(frontMatter)) if (!left.test(key)) collect(value);
  return texts.join(' ').slice(0, maxAbout);
}

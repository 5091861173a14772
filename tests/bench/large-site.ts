import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

/** Characters of text in a page: about what a post of 450 words has. */
const bodyCharacters = 3_000;
const vocabularySize = 4_000;
const tagCount = 60;

const layouts: Readonly<Record<string, string>> = {
  'index.html':
    '<!doctype html><title>{{ .Title }}</title>{{ range first 20 .Site.RegularPages }}<a href="{{ .RelPermalink }}">{{ .Title }}</a>{{ end }}',
  '_default/single.html':
    '<!doctype html><title>{{ .Title }}</title><h1>{{ .Title }}</h1>{{ .Content }}{{ range .Params.tags }}<i>{{ . }}</i>{{ end }}',
  '_default/list.html':
    '<!doctype html><title>{{ .Title }}</title>{{ range (.Paginate .Pages 50).Pages }}<a href="{{ .RelPermalink }}">{{ .Title }}</a>{{ end }}',
};

/** A word that occurs in about one page of a hundred. */
export const RARE_WORD = 'quokka';

/**
 * Writes a Hugo site of so many posts, the same one every time: leaf bundles of {@link bodyCharacters} characters with
 * three tags each and links to other posts, in sections of 500.
 */
export async function writeLargeSite(folder: string, pages: number): Promise<void> {
  const random = generator(1);
  const words = Array.from({ length: vocabularySize }, () => word(random));
  const put = async (file: string, text: string): Promise<void> => {
    await mkdir(path.dirname(path.join(folder, file)), { recursive: true });
    await writeFile(path.join(folder, file), text);
  };
  await put('hugo.toml', 'baseURL = "http://localhost/"\ntitle = "Bench"\ndisableKinds = ["RSS"]\n');
  // Hugo before 0.110 knows only this name.
  await put('config.toml', 'baseURL = "http://localhost/"\ntitle = "Bench"\ndisableKinds = ["RSS"]\n');
  for (const [name, text] of Object.entries(layouts)) await put(`layouts/${name}`, text);
  for (let index = 0; index < pages; index += 1) {
    const pick = (list: readonly string[]): string => list[Math.floor(random() * list.length)] ?? '';
    let body = '';
    while (body.length < bodyCharacters) {
      const sentence = Array.from({ length: 12 }, () => pick(words)).join(' ');
      body += `${sentence}.${random() < 0.1 ? '\n\n' : ' '}`;
    }
    if (index % 100 === 0) body += `\n\nThe ${RARE_WORD} is rare.`;
    const tags = Array.from({ length: 3 }, () => `tag${Math.floor(random() * tagCount)}`);
    const day = new Date(Date.UTC(2015, 0, 1 + (index % 3_600))).toISOString().slice(0, 10);
    const front = `---\ntitle: "${pick(words)} ${pick(words)} ${index}"\ndate: ${day}\ntags: ${JSON.stringify([...new Set(tags)])}\n---\n`;
    await put(
      `content/${routeOf(index)}/index.md`,
      `${front}\n${body}\n\n[Another](/${routeOf((index * 7) % pages)}/)\n`,
    );
  }
}

/** The route of one of the posts. */
export function routeOf(index: number): string {
  return `section-${Math.floor(index / 500)}/post-${index}`;
}

function word(random: () => number): string {
  const letters = 'bcdfghjklmnprstvz';
  const vowels = 'aeiou';
  const from = (text: string): string => text[Math.floor(random() * text.length)] ?? '';
  return Array.from({ length: 2 + Math.floor(random() * 3) }, () => from(letters) + from(vowels)).join('');
}

/** Mulberry32: numbers from 0 to 1 that are the same in every run. */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

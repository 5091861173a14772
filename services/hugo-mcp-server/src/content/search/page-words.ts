import { createWordIndex } from './word-index.ts';
import { wordsOf } from './words.ts';

/** The texts of one page that are searched. */
export interface SearchedText {
  revision: string;
  title: string;
  /** Tags, description, and the route's own words. */
  about: string;
  body: string;
}

/** The words of all pages, by the pages' files. */
export interface PageWords {
  /** Takes a page in, or its new text in place of the old; in the background. */
  put(file: string, text: SearchedText): void;
  /** Takes a page out. */
  drop(file: string): void;
  /** Resolves when everything that was put or dropped before is in. */
  settled(): Promise<void>;
  /**
   * The files that have all words of a query, their beginnings counted too, the best first. If there is none, those that
   * have some of them or similar ones.
   *
   * @param only which files are looked at
   */
  find(query: string, only: (file: string) => boolean): Found;
}

/** What a search found. */
export interface Found {
  files: string[];
  /** False if no page had all the words, so that these have only some, or similar ones. */
  all: boolean;
}

/** What a word counts in a title and in tags, against once in the body. */
const titleWeight = 12;
const aboutWeight = 5;
/** Milliseconds that pages are taken in for before other work gets its turn. */
const sliceMs = 4;
/** Milliseconds without a new page after which the work begins by itself. */
const quietMs = 100;
/** Words of a query that are looked at. */
const maxQueryWords = 12;

/** No words yet. */
export function createPageWords(): PageWords {
  const index = createWordIndex();
  const documents = new Map<string, { document: number; revision: string }>();
  const files: (string | undefined)[] = [];
  const unused: number[] = [];
  const waiting = new Map<string, SearchedText | undefined>();
  let working: Promise<void> | undefined;
  let timer: NodeJS.Timeout | undefined;

  const take = (file: string, text: SearchedText | undefined) => {
    const known = documents.get(file);
    if (known !== undefined && known.revision === text?.revision) return;
    if (known !== undefined) {
      index.remove(known.document);
      documents.delete(file);
      files[known.document] = undefined;
      unused.push(...index.freed());
    }
    if (text === undefined) return;
    const document = unused.pop() ?? files.length;
    files[document] = file;
    documents.set(file, { document, revision: text.revision });
    index.add(document, weigh(text));
  };

  const work = async () => {
    while (waiting.size > 0) {
      const until = performance.now() + sliceMs;
      for (const [file, text] of waiting) {
        waiting.delete(file);
        take(file, text);
        if (performance.now() > until) break;
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    working = undefined;
  };

  const begin = () => {
    clearTimeout(timer);
    timer = undefined;
    if (waiting.size > 0) working ??= work();
  };

  const later = (file: string, text: SearchedText | undefined) => {
    waiting.delete(file);
    waiting.set(file, text);
    if (working !== undefined) return;
    // While thousands of pages are read at the start, reading them comes first: all other tools wait for that.
    if (timer === undefined) timer = setTimeout(begin, quietMs).unref();
    else timer.refresh();
  };

  const search = (words: readonly string[], how: 'prefix' | 'similar', only: (file: string) => boolean) => {
    const scores = new Map<number, { score: number; words: number }>();
    // Long words are rare: what lacks one is not looked at for the others.
    for (const word of [...words].sort((a, b) => b.length - a.length)) {
      const among = how === 'prefix' && scores.size > 0 ? scores : undefined;
      for (const [document, score] of index.find(word, how, among)) {
        const known = scores.get(document);
        if (known === undefined) scores.set(document, { score, words: 1 });
        else {
          known.score += score;
          known.words += 1;
        }
      }
    }
    const found: { file: string; score: number; words: number }[] = [];
    for (const [document, { score, words: count }] of scores) {
      const file = files[document];
      if (file !== undefined && (how === 'similar' || count === words.length) && only(file)) {
        found.push({ file, score, words: count });
      }
    }
    found.sort((a, b) => b.words - a.words || b.score - a.score || (a.file < b.file ? -1 : 1));
    return found.map(({ file }) => file);
  };

  return {
    put: later,
    drop: (file) => later(file, undefined),
    settled: async () => {
      begin();
      while (working !== undefined) await working;
    },
    find(query, only) {
      const words = queryWords(query);
      if (words.length === 0) return { files: [], all: true };
      const all = search(words, 'prefix', only);
      return all.length > 0 ? { files: all, all: true } : { files: search(words, 'similar', only), all: false };
    },
  };
}

/** The different words of a query. */
export function queryWords(query: string): string[] {
  const words = new Set<string>();
  for (const { folded } of wordsOf(query)) if (folded !== '') words.add(folded);
  return [...words].slice(0, maxQueryWords);
}

/** True if a word of a page is what a query's word looks for: itself, or its beginning. */
export function matches(folded: string, words: readonly string[]): boolean {
  return words.some((word) => folded.startsWith(word));
}

function weigh({ title, about, body }: SearchedText): Map<string, number> {
  const weights = new Map<string, number>();
  const count = (text: string, weight: number) => {
    for (const { folded } of wordsOf(text)) weights.set(folded, (weights.get(folded) ?? 0) + weight);
  };
  count(title, titleWeight);
  count(about, aboutWeight);
  count(body, 1);
  weights.delete('');
  return weights;
}

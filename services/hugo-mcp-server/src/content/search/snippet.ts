import { withVisibleCharacters } from '@arleo/core/content/text';
import { matches } from './page-words.ts';
import { type Word, wordsOf } from './words.ts';

/** The part of a page's body that shows best why it was found. */
export interface Snippet {
  /** One line, the words that were found between ⟦ and ⟧. */
  text: string;
  /** The body's line in which it begins, from 1. */
  line: number;
}

const length = 220;
/** Words within so many characters of each other are shown together. */
const closeBy = (length * 3) / 4;
/** Words looked at for the best place; what comes later in a long page is not better for it. */
const maxWords = 50_000;

/** Undefined if the body has none of the words: then the page was found for its title or tags. */
export function snippetOf(body: string, words: readonly string[]): Snippet | undefined {
  const hits = hitsIn(body, words);
  const first = bestStart(hits, words);
  if (first === undefined) return undefined;
  const start = wordStart(body, Math.max(0, first.start - length / 4), first.start);
  const end = Math.min(body.length, start + length);
  let text = '';
  let at = start;
  for (const hit of hits) {
    if (hit.start < at || hit.end > end) continue;
    text += `${plain(body.slice(at, hit.start))}⟦${plain(body.slice(hit.start, hit.end))}⟧`;
    at = hit.end;
  }
  text += plain(body.slice(at, end).replace(/[\ud800-\udbff]$/, ''));
  const line = body.slice(0, first.start).split('\n').length;
  return { text: `${start > 0 ? '…' : ''}${text.trim()}${end < body.length ? '…' : ''}`, line };
}

/** The words of a body that are looked for, up to the end of what is shown once all of them stand close together. */
function hitsIn(body: string, words: readonly string[]): Word[] {
  const hits: Word[] = [];
  const last = new Map<string, number>();
  let end = body.length;
  let looked = 0;
  for (const word of wordsOf(body)) {
    if (++looked > maxWords || word.start > end) break;
    if (!matches(word.folded, words)) continue;
    hits.push(word);
    if (end < body.length) continue;
    for (const wanted of words) if (word.folded.startsWith(wanted)) last.set(wanted, word.start);
    const close = word.end - closeBy;
    if (last.size === words.length && [...last.values()].every((start) => start >= close)) end = word.end + length;
  }
  return hits;
}

/** The hit from which on the most different words follow closely. */
function bestStart(hits: readonly Word[], words: readonly string[]): Word | undefined {
  let best: Word | undefined;
  let bestCount = 0;
  for (const [i, hit] of hits.entries()) {
    const seen = new Set<string>();
    for (let j = i; j < hits.length; j++) {
      const other = hits[j] as Word;
      if (other.end > hit.start + closeBy) break;
      for (const word of words) if (other.folded.startsWith(word)) seen.add(word);
    }
    if (seen.size <= bestCount) continue;
    best = hit;
    bestCount = seen.size;
    if (bestCount === words.length) break;
  }
  return best;
}

/** A place after `from` where a word begins, at most at `to`. */
function wordStart(text: string, from: number, to: number): number {
  if (from === 0) return 0;
  const space = text.slice(from, to).search(/\s/);
  return space === -1 ? to : from + space + 1;
}

function plain(text: string): string {
  return withVisibleCharacters(text.replace(/\s+/g, ' ')).replace(/[⟦⟧]/g, ' ');
}

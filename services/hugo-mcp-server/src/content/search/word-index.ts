import { ownText } from '../page.ts';

/** Which documents have which words. Documents are small numbers that the caller chooses and may use again. */
export interface WordIndex {
  /** Takes a document in; `weights` says how often, and how prominently, each word stands in it. */
  add(document: number, weights: ReadonlyMap<string, number>): void;
  /** Takes a document out. Its number must not be used again before it is in {@link WordIndex.freed}. */
  remove(document: number): void;
  /** Numbers that can be used again; empties the list. */
  freed(): number[];
  /**
   * Documents with the word, or with any of its continuations or misspellings, and how well each fits. Of the words
   * that it may be a misspelling of, those count that begin with its first letter or its second.
   *
   * @param among documents that are looked at; all if absent
   */
  find(word: string, how: 'exact' | 'prefix' | 'similar', among?: ReadonlyMap<number, unknown>): Map<number, number>;
  /** Words that are known. */
  readonly size: number;
}

/** Entries of one word: document × 128 + weight. */
interface Posting {
  entries: Uint32Array;
  size: number;
}

const maxWeight = 127;
const weightBits = 7;
/** The most words that the beginning of a word stands for. */
const maxContinuations = 300;
/** The most words that a misspelt one stands for; that are compared with it; that are looked at for their length. */
const maxSimilar = 99;
const maxCompared = 2_000;
const maxLookedAt = 50_000;
/** Okapi BM25. */
const saturation = 1.2;
const lengthShare = 0.7;

/**
 * An inverted index in typed arrays: four bytes for each word of a document, where maps of maps (as general search
 * libraries have them) were measured to take fifty and more, so that an index would be five times the size of the site.
 */
export function createWordIndex(): WordIndex {
  /** Most words stand in one document only: those have their entry right here. */
  const words = new Map<string, number | Posting>();
  const lengths: number[] = [];
  const dead = new Set<number>();
  let free: number[] = [];
  let alive = 0;
  let totalLength = 0;
  let sorted: string[] = [];
  let unsorted: string[] = [];

  const put = (word: string, entry: number) => {
    const known = words.get(word);
    if (known === undefined) {
      const own = ownText(word);
      words.set(own, entry);
      unsorted.push(own);
    } else if (typeof known === 'number') {
      const entries = new Uint32Array(4);
      entries[0] = known;
      entries[1] = entry;
      words.set(word, { entries, size: 2 });
    } else {
      if (known.size === known.entries.length) {
        const larger = new Uint32Array(Math.ceil(known.size * 1.5));
        larger.set(known.entries);
        known.entries = larger;
      }
      known.entries[known.size++] = entry;
    }
  };

  /** Takes the entries of dead documents out; until then they are passed over. */
  const compact = () => {
    const lives = (entry: number) => !dead.has(entry >>> weightBits);
    for (const [word, known] of words) {
      if (typeof known === 'number') {
        if (!lives(known)) words.delete(word);
        continue;
      }
      const kept = known.entries.subarray(0, known.size).filter(lives);
      if (kept.length === 0) words.delete(word);
      else if (kept.length < known.size) words.set(word, { entries: kept, size: kept.length });
    }
    free.push(...dead);
    dead.clear();
    sorted = [...words.keys()].sort();
    unsorted = [];
  };

  const inOrder = (): readonly string[] => {
    if (unsorted.length > 0) sorted = [...sorted, ...unsorted].sort();
    unsorted = [];
    return sorted;
  };

  const collect = (word: string, factor: number, into: Map<number, number>, among?: ReadonlyMap<number, unknown>) => {
    const known = words.get(word);
    if (known === undefined) return;
    const entries = typeof known === 'number' ? [known] : known.entries.subarray(0, known.size);
    const rarity = Math.log(1 + (alive - entries.length + 0.5) / (Math.min(entries.length, alive) + 0.5));
    const average = totalLength / Math.max(1, alive);
    for (const entry of entries) {
      const document = entry >>> weightBits;
      if (among?.has(document) === false || dead.has(document)) continue;
      const weight = entry & maxWeight;
      const long = 1 - lengthShare + (lengthShare * (lengths[document] ?? 0)) / average;
      const score = (factor * Math.max(rarity, 0.01) * weight * (saturation + 1)) / (weight + saturation * long);
      into.set(document, Math.max(into.get(document) ?? 0, score));
    }
  };

  return {
    add(document, weights) {
      for (const [word, weight] of weights) {
        put(word, document * 2 ** weightBits + Math.min(maxWeight, Math.max(1, Math.round(weight))));
      }
      lengths[document] = weights.size;
      totalLength += weights.size;
      alive += 1;
    },
    remove(document) {
      dead.add(document);
      totalLength -= lengths[document] ?? 0;
      alive -= 1;
      if (dead.size > 100 && dead.size * 2 > alive) compact();
    },
    freed() {
      const numbers = free;
      free = [];
      return numbers;
    },
    find(word, how, among) {
      const found = new Map<number, number>();
      collect(word, 1, found, among);
      if (how === 'exact') return found;
      const all = inOrder();
      const start = lowerBound(all, word);
      for (let i = start; i < Math.min(all.length, start + maxContinuations); i++) {
        const longer = all[i] ?? '';
        if (!longer.startsWith(word)) break;
        if (longer !== word) collect(longer, (0.8 * word.length) / longer.length, found, among);
      }
      const distance = how === 'similar' ? (word.length >= 8 ? 2 : word.length >= 4 ? 1 : 0) : 0;
      if (distance > 0) {
        for (const other of similarWords(all, word, distance)) collect(other, 0.4, found, among);
      }
      return found;
    },
    get size() {
      return words.size;
    },
  };
}

function lowerBound(sorted: readonly string[], word: string): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? '') < word) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Words that this one may be a misspelling of, those first that stand next to it in the order of the alphabet. */
function similarWords(sorted: readonly string[], word: string, distance: number): string[] {
  const similar: string[] = [];
  const letters = lettersOf(word);
  let [compared, lookedAt] = [0, 0];
  const full = () => similar.length >= maxSimilar || compared >= maxCompared || lookedAt >= maxLookedAt;
  const compare = (other: string) => {
    lookedAt += 1;
    if (Math.abs(other.length - word.length) > distance || other === word) return;
    // Each letter that is added, left out or changed makes at most two differ: most words are told apart by that.
    if (bitCount(letters ^ lettersOf(other)) > 2 * distance) return;
    compared += 1;
    if (isWithin(word, other, distance)) similar.push(other);
  };
  for (const first of new Set(word.slice(0, 2))) {
    const middle = lowerBound(sorted, first + word.slice(1));
    let [down, up] = [middle - 1, middle];
    for (;;) {
      const before = sorted[down]?.startsWith(first) ? sorted[down--] : undefined;
      const after = sorted[up]?.startsWith(first) ? sorted[up++] : undefined;
      if (full() || (before === undefined && after === undefined)) break;
      if (before !== undefined) compare(before);
      if (after !== undefined) compare(after);
    }
  }
  return similar;
}

/** Which letters a word has, one bit for each, as far as 32 bits tell them apart. */
function lettersOf(word: string): number {
  let bits = 0;
  for (let i = 0; i < word.length; i++) bits |= 1 << (word.charCodeAt(i) & 31);
  return bits;
}

function bitCount(bits: number): number {
  let count = 0;
  for (let left = bits; left !== 0; left &= left - 1) count += 1;
  return count;
}

/** True if one word becomes the other by so many letters added, left out, changed or swapped with their neighbour. */
function isWithin(a: string, b: string, distance: number): boolean {
  if (Math.abs(a.length - b.length) > distance) return false;
  let [twoBack, before] = [[] as number[], Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    let least = i;
    for (let j = 1; j <= b.length; j++) {
      const change = (before[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let cost = Math.min(change, (before[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) cost = Math.min(cost, (twoBack[j - 2] ?? 0) + 1);
      row.push(cost);
      least = Math.min(least, cost);
    }
    if (least > distance) return false;
    [twoBack, before] = [before, row];
  }
  return (before[b.length] ?? 0) <= distance;
}

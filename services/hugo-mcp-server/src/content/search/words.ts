/** One word of a text, and where it stands. */
export interface Word {
  /** As it is compared: lower case, without accents. */
  folded: string;
  start: number;
  end: number;
}

const wordPattern = /[\p{L}\p{N}\p{M}]+/gu;
/** Scripts that put no spaces between words. */
const unspaced = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}]/u;
/** In UTF-16 units. Longer ones are no words: encoded pictures, hashes. */
export const MAX_WORD_LENGTH = 40;

/** The words of a text in their order; of scripts without spaces, every two characters that follow each other. */
export function* wordsOf(text: string): Generator<Word> {
  for (const { 0: word, index } of text.matchAll(wordPattern)) {
    if (word.length > 1 && unspaced.test(word)) yield* pairs(word, index);
    else if (word.length <= MAX_WORD_LENGTH) yield { folded: fold(word), start: index, end: index + word.length };
  }
}

/** How words are compared: composed and decomposed, with and without accents, in both cases the same. */
export function fold(text: string): string {
  // Most words have nothing to take away, and this is done for every word of the site.
  if (/^[a-z0-9]*$/.test(text)) return text;
  const plain = text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  return plain.replace(/[œæßøłđı]/g, (letter) => spelledOut[letter] ?? letter);
}

/** Letters that are written in two ways, and of which Unicode does not say so. */
const spelledOut: Readonly<Record<string, string>> = { œ: 'oe', æ: 'ae', ß: 'ss', ø: 'o', ł: 'l', đ: 'd', ı: 'i' };

function* pairs(word: string, offset: number): Generator<Word> {
  const characters = [...word];
  let at = offset;
  for (let i = 0; i + 1 < characters.length; i++) {
    const [first = '', second = ''] = characters.slice(i, i + 2);
    yield { folded: fold(first + second), start: at, end: at + first.length + second.length };
    at += first.length;
  }
}

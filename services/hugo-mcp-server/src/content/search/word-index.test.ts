import fc from 'fast-check';
import { createWordIndex } from './word-index.ts';

function indexOf(words: readonly string[]) {
  const index = createWordIndex();
  for (const [i, word] of words.entries()) index.add(i, new Map([[word, 1]]));
  return (word: string) => [...index.find(word, 'similar').keys()].map((document) => words[document]);
}

test('a word is found by one letter more, less, other or swapped, two in a long one, after its first letter', () => {
  const letters = fc.stringMatching(/^[a-e]{4,12}$/);
  const slip = fc.tuple(fc.constantFrom('more', 'less', 'other', 'swapped'), fc.nat(), fc.constantFrom('a', 'e', 'x'));
  fc.assert(
    fc.property(letters, fc.array(slip, { minLength: 1, maxLength: 2 }), fc.array(letters), (word, slips, others) => {
      let typed = word;
      // Two slips at one place may be more than two where letters were swapped.
      fc.pre(slips.length === 1 || slips.every(([kind]) => kind !== 'swapped'));
      for (const [kind, where, letter] of slips.slice(0, word.length >= 10 ? 2 : 1)) {
        const at = 1 + (where % (typed.length - 2));
        const tail = typed.slice(at);
        if (kind === 'more') typed = typed.slice(0, at) + letter + tail;
        else if (kind === 'less') typed = typed.slice(0, at) + tail.slice(1);
        else if (kind === 'other') typed = typed.slice(0, at) + letter + tail.slice(1);
        else typed = typed.slice(0, at) + (tail[1] ?? '') + (tail[0] ?? '') + tail.slice(2);
      }
      fc.pre(typed.length >= 4);
      expect(indexOf([...new Set([...others, word])])(typed)).toContain(word);
    }),
  );
});

test('the first two letters may be swapped, and one stand before the first', () => {
  const find = indexOf(['documentation', 'apple']);
  expect(find('odcumentation')).toEqual(['documentation']);
  expect(find('xdocumentation')).toEqual(['documentation']);
});

test('however many words are similar, few of them are looked at', () => {
  const many = Array.from({ length: 36 ** 3 }, (_, i) => `similar${i.toString(36).padStart(3, '0')}`);
  const found = indexOf(many)('similax5z');
  expect(found.length).toBeGreaterThan(0);
  expect(found.length).toBeLessThanOrEqual(100);
});

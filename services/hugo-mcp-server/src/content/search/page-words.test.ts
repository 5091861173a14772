import fc from 'fast-check';
import { createPageWords, queryWords } from './page-words.ts';
import { snippetOf } from './snippet.ts';

const all = () => true;

async function withPages(pages: Record<string, Partial<Record<'title' | 'about' | 'body', string>>>) {
  const words = createPageWords();
  for (const [file, text] of Object.entries(pages)) {
    words.put(file, { revision: JSON.stringify(text), title: '', about: '', body: '', ...text });
  }
  await words.settled();
  return words;
}

test('accents, case and composition do not matter, and a beginning is enough', async () => {
  const words = await withPages({ a: { body: 'Une crème brûlée au cœur' }, b: { body: 'Straße' } });
  for (const query of ['creme', 'CRÈME', 'cre\u0300me', 'brul', 'coeur', 'crème coeur']) {
    expect(words.find(query, all)).toEqual({ files: ['a'], all: true });
  }
  expect(words.find('strasse', all).files).toEqual(['b']);
});

test('every word must be there; where no page has all, those with some or with similar words come', async () => {
  const words = await withPages({ a: { body: 'red green' }, b: { body: 'green blue' }, c: { body: 'documentation' } });
  expect(words.find('green blue', all)).toEqual({ files: ['b'], all: true });
  expect(words.find('red blue green', all)).toMatchObject({ all: false, files: expect.arrayContaining(['a', 'b']) });
  expect(words.find('docmuentation', all)).toEqual({ files: ['c'], all: false });
  expect(words.find('zzzzzz', all)).toEqual({ files: [], all: false });
});

test('a title counts more than tags, and tags more than the text', async () => {
  const filler = 'some more words so that all are equally long';
  const words = await withPages({
    body: { title: 'x y', about: filler, body: 'apple' },
    about: { title: 'x y', about: `apple ${filler}` },
    title: { title: 'apple y', about: `x ${filler}` },
  });
  expect(words.find('apple', all).files).toEqual(['title', 'about', 'body']);
});

test('scripts without spaces are found in the middle of a line', async () => {
  const words = await withPages({ a: { body: '静的サイトを作る' }, b: { body: '動的' } });
  expect(words.find('サイト', all).files).toEqual(['a']);
});

test('what is changed and taken out is found as it is now, however often', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.tuple(fc.nat(7), fc.option(fc.array(fc.constantFrom('ant', 'bee', 'cat', 'dog'), { maxLength: 4 }))),
        {
          maxLength: 400,
        },
      ),
      async (steps) => {
        const words = createPageWords();
        const now = new Map<string, string[]>();
        for (const [i, [file, text]] of steps.entries()) {
          if (text === null) {
            words.drop(`f${file}`);
            now.delete(`f${file}`);
          } else {
            words.put(`f${file}`, { revision: String(i), title: '', about: '', body: text.join(' ') });
            now.set(`f${file}`, text);
          }
          if (i % 5 === 0) await words.settled();
        }
        await words.settled();
        for (const word of ['ant', 'bee', 'cat', 'dog']) {
          const expected = [...now].filter(([, text]) => text.includes(word)).map(([file]) => file);
          expect(words.find(word, all).files.sort()).toEqual(expected.sort());
        }
        const both = [...now].filter(([, text]) => text.includes('ant') && text.includes('bee')).map(([file]) => file);
        const found = words.find('ant bee', all);
        if (both.length > 0) expect(found.files.sort()).toEqual(both.sort());
        else expect(found.all && found.files.length > 0).toBe(false);
      },
    ),
    { numRuns: 60 },
  );
});

test('a snippet shows where most of the words are, marked, on one line, with its line number', () => {
  const body = `First line.\n\n${'Filler text. '.repeat(60)}\nHere the crème brûlée\nis \u202eserved cold.\n${'More. '.repeat(90)}`;
  const snippet = snippetOf(body, queryWords('brulee creme'));
  expect(snippet?.line).toBe(4);
  expect(snippet?.text).toContain('Here the ⟦crème⟧ ⟦brûlée⟧ is ⟨U+202E⟩served cold.');
  expect(snippet?.text.length).toBeLessThan(300);
  expect(snippet?.text).toMatch(/^….*…$/);
  expect(snippetOf(body, queryWords('absent'))).toBeUndefined();
});

test('a snippet shows bytes that hide behind a letter', () => {
  const hidden = String.fromCodePoint(0xe0130, 0xe0131);
  expect(snippetOf(`He said hello${hidden} twice.`, queryWords('hello'))?.text).toContain('⟦hello⟨U+E0130⟩⟨U+E0131⟩⟧');
});

test('a snippet marks all words up to its end, wherever in the page they stand close together first', () => {
  const near = `ant far ${'x '.repeat(200)}bee and ant, then ant and bee`;
  const snippet = snippetOf(`${near} ${'bee ant '.repeat(100)}`, queryWords('ant bee'));
  expect(snippet?.text).toContain('⟦bee⟧ and ⟦ant⟧, then ⟦ant⟧ and ⟦bee⟧ ⟦bee⟧ ⟦ant⟧ ⟦bee⟧');
  expect(snippet?.text).not.toMatch(/(?<!⟦)\b(?:bee|ant)\b(?!⟧)/);
});

test('a search in a large site finds every page that has the words, and no other', async () => {
  const vocabulary = Array.from({ length: 20_000 }, (_, i) => `w${(i * 7919).toString(36)}`);
  const word = (i: number) =>
    vocabulary[Math.floor(20_000 * (((i * 2654435761) % 4294967296) / 4294967296) ** 3)] ?? '';
  const words = createPageWords();
  const pages = Array.from({ length: 3000 }, (_, i) => Array.from({ length: 200 }, (_, j) => word(i * 200 + j)));
  for (const [i, page] of pages.entries()) {
    words.put(`p${i}`, { revision: '1', title: '', about: '', body: page.join(' ') });
  }
  await words.settled();
  for (let i = 0; i < 50; i++) {
    const [whole = '', beginning = ''] = [pages[i * 31]?.[5], pages[i * 31]?.[90]?.slice(0, 3)];
    const has = (page: readonly string[], start: string) => page.some((one) => one.startsWith(start));
    const expected = pages.flatMap((page, at) => (has(page, whole) && has(page, beginning) ? [`p${at}`] : []));
    const found = words.find(`${whole} ${beginning}`, all);
    expect({ ...found, files: found.files.sort() }).toEqual({ files: expected.sort(), all: true });
  }
});

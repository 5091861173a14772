import fc from 'fast-check';
import { editPage } from './edit.ts';
import type { JsonObject } from './json-value.ts';
import { readFrontMatter } from './read.ts';
import { splitPage } from './split-page.ts';

const fieldsOf = (text: string) => readFrontMatter(text, splitPage(text));
const yaml = (lines: string) => `---\n${lines}\n---\nBody\n`;
const toml = (lines: string) => `+++\n${lines}\n+++\nBody\n`;

test.each<[string, string, JsonObject, string]>([
  ['a member of a flow map', yaml('a: {n: x, m:  "y"} # c'), { a: { m: 'z' } }, yaml('a: {n: x, m:  "z"} # c')],
  ['a member more', yaml('a: {n: x,}'), { a: { m: [1, { k: 'v' }] } }, yaml('a: {n: x, m: [1, { "k": "v" }],}')],
  ['a member less', yaml('a: {n: x, m: y}'), { a: { n: null } }, yaml('a: {m: y}')],
  ['the last member', yaml('a: {n: x} # c'), { a: { n: null } }, yaml('a: {} # c')],
  ['a first member', yaml('a: {}'), { a: { k: 1 } }, yaml('a: {k: 1}')],
  ['a map in a map', yaml("a: {b: {c: 'd', e: f}}"), { a: { b: { e: 2 } } }, yaml("a: {b: {c: 'd', e: 2}}")],
  ['a list in a flow map', yaml('a: {b: [x,  y]}'), { a: { b: ['x', 'y', 'z'] } }, yaml('a: {b: [x,  y, "z"]}')],
  [
    'an item more in a block list',
    yaml('t: # t\n  - a # 1\n  # n\n  - "b"\nx: 1'),
    { t: ['a', 'b', 'c'] },
    yaml('t: # t\n  - a # 1\n  # n\n  - "b"\n  - "c"\nx: 1'),
  ],
  ['an item less', yaml('t:\n- a # 1\n# n\n- b # 2\n- c'), { t: ['a', 'c'] }, yaml('t:\n- a # 1\n# n\n- c')],
  ['an item that changes', yaml('t:\n  -   a # 1\n  - b'), { t: ['z', 'b'] }, yaml('t:\n  -   "z" # 1\n  - b')],
  ['a first item', yaml('t:\n  # n\n  - b'), { t: ['a', 'b'] }, yaml('t:\n  # n\n  - "a"\n  - b')],
  [
    'an item that is a map',
    yaml('t:\n  - n: 1 # 1\n    m: 2\n\n  - n: 2'),
    {
      t: [
        { n: 1, m: 2 },
        { p: 3, k: [1] },
      ],
    },
    yaml('t:\n  - n: 1 # 1\n    m: 2\n\n  - p: 3\n    k:\n      - 1'),
  ],
  [
    'a block of text in a list',
    yaml('t:\n  - |\n    a\n\n    b\n  - c'),
    { t: ['a\n\nb\n', 'c', 'd'] },
    yaml('t:\n  - |\n    a\n\n    b\n  - c\n  - "d"'),
  ],
  ['an item of a flow list', yaml('t: [ "a",  b ] # c'), { t: ['a', 'b', 'c'] }, yaml('t: [ "a",  b, "c" ] # c')],
  [
    'a flow list in lines',
    yaml('t: [\n  a, # 1\n  b # 2\n]'),
    { t: ['a', 'b', 'c'] },
    yaml('t: [\n  a, # 1\n  b, # 2\n  "c"\n]'),
  ],
  [
    'a TOML array in a line',
    toml("t = [ 'a',  'b' ] # c"),
    { t: ['b', 'c'] },
    toml('t = [ \'b\', "c" ] # c').replace('[ \'b\', "c" ]', '[ \'b\', "c" ]'),
  ],
  [
    'a TOML array in lines',
    toml("t = [\n  'a', # 1\n  # n\n  'b',\n]"),
    { t: ['a', 'b', 'c'] },
    toml("t = [\n  'a', # 1\n  # n\n  'b',\n  \"c\",\n]"),
  ],
  [
    'one without its last comma',
    toml("t = [\n  'a', # 1\n  'b' # 2\n]"),
    { t: ['0', 'a', 'b', 'c'] },
    toml('t = [\n  "0",\n  \'a\', # 1\n  \'b\', # 2\n  "c"\n]'),
  ],
  [
    'a TOML item less',
    toml("t = [\n  'a', # 1\n  # n\n  'b', # 2\n]"),
    { t: ['b'] },
    toml("t = [\n  # n\n  'b', # 2\n]"),
  ],
  [
    'an array in an inline table',
    toml("a = { t = ['#,]', 'x'], n = 0x10 }"),
    { a: { t: ['#,]', 'y'] } },
    toml('a = { t = [\'#,]\', "y"], n = 0x10 }'),
  ],
])('%s is changed, and nothing else', (_, text, frontMatter, wanted) => {
  expect(editPage(text, { frontMatter })).toBe(wanted);
  const crlf = (page: string) => page.replaceAll('\n', '\r\n');
  // A block of text says its own line ends.
  if (!text.includes('|')) expect(editPage(crlf(text), { frontMatter })).toBe(crlf(wanted));
});

test.each([
  ['a comment among members', yaml('a: {\n  n: x, # about m\n  m: y }'), { a: { n: null } }, { a: { m: 'y' } }],
  ['an anchor in a list', yaml('t: [&x a, b]\nu: *x'), { t: ['b', 'c'] }, undefined],
  ['a comment before a comma', toml("t = [ 'a' # 1\n , 'b' ]"), { t: ['b'] }, { t: ['b'] }],
])('%s: the edit is right all the same, or refused', (_, text, frontMatter, wanted) => {
  if (wanted === undefined) expect(() => editPage(text, { frontMatter })).toThrow();
  else expect(fieldsOf(editPage(text, { frontMatter }))).toEqual(wanted);
});

test('a list of very many items is written as a whole, and right', () => {
  const many = Array.from({ length: 60_000 }, (_, i) => String(i));
  for (const text of [yaml(`t: [${many.join(', ')}]`), toml(`t = [${many.join(', ')}]`)]) {
    expect(fieldsOf(editPage(text, { frontMatter: { t: [1, 2] } }))).toEqual({ t: [1, 2] });
  }
});

const item = fc.constantFrom('a', 'b, c', '# d', "it's", 'x]', '}', '1', 'é', '"q"');
const lists = fc.record({
  before: fc.array(item, { minLength: 1, maxLength: 6 }),
  after: fc.array(item, { minLength: 1, maxLength: 6 }),
  comments: fc.array(fc.constantFrom('', '# note', '# other'), { minLength: 1, maxLength: 6 }),
  eol: fc.constantFrom('\n', '\r\n'),
  lastComma: fc.boolean(),
  style: fc.constantFrom('yaml block', 'yaml flow', 'yaml lines', 'yaml map', 'toml line', 'toml lines'),
});

test('whatever list becomes whatever other, it says so, and items and comments that stay keep their bytes', () => {
  fc.assert(
    fc.property(lists, ({ before, after, comments, eol, lastComma, style }) => {
      // Single quotes: what is written anew has double ones, so that it is told apart from what stayed.
      const quoted = (text: string) => (style.startsWith('yaml') ? `'${text.replaceAll("'", "''")}'` : `'''${text}'''`);
      const own = before.map((_, i) => `  ${comments[i % comments.length]}${eol}`);
      const comma = (i: number) => (i < before.length - 1 || lastComma ? ',' : '');
      const rows = before.map((text, i) => `${own[i]}  ${quoted(text)}${comma(i)} # ${i}${eol}`).join('');
      const list = {
        'yaml block': `list:${eol}${before.map((text, i) => `${own[i]}  - ${quoted(text)}  # ${i}${eol}`).join('')}`,
        'yaml flow': `list: [ ${before.map(quoted).join(',  ')} ] # end${eol}`,
        'yaml lines': `list: [${eol}${rows}]${eol}`,
        'yaml map': `map: {k:  'v', list: [${before.map(quoted).join(',  ')}], l: 0x1}${eol}`,
        'toml line': `list = [ ${before.map(quoted).join(',  ')} ] # end${eol}`,
        'toml lines': `list = [${eol}${rows}] # end${eol}`,
      }[style];
      const mark = style.startsWith('yaml') ? '---' : '+++';
      const text = `${mark}${eol}# top${eol}${list}# bottom${eol}${mark}${eol}Body`;
      const edited = editPage(text, { frontMatter: style === 'yaml map' ? { map: { list: after } } : { list: after } });
      const fields = fieldsOf(edited);
      expect((style === 'yaml map' ? (fields.map as JsonObject) : fields).list).toEqual(after);
      // Comments in lines of their own all stay; every item that both lists have keeps its bytes where order allows.
      const notes = (page: string) => page.split(eol).filter((line) => /^ *# ?[a-z]/.test(line));
      expect(notes(edited)).toEqual(notes(text));
      if (edited.includes('k:')) expect(edited).toMatch(/map: \{k: {2}'v', list: .*, l: 0x1\}/);
      if (
        before.length === new Set(before).size &&
        after.length > before.length &&
        before.every((one, i) => after[i] === one)
      )
        for (const [i, one] of before.entries()) {
          expect(edited).toContain(quoted(one));
          if (/block|lines/.test(style)) expect(edited).toMatch(new RegExp(`# ${i}\\r?$`, 'm'));
        }
      for (const one of before) {
        if (before.length === 1 && after.includes(one)) expect(edited).toContain(quoted(one));
      }
      // What is added and taken away again leaves nothing behind; the comma that a last item got may stay.
      const put = (list: string[]): JsonObject => (style === 'yaml map' ? { map: { list } } : { list });
      const more = editPage(text, { frontMatter: put([...before, 'new']) });
      if (lastComma || !style.endsWith('lines')) expect(editPage(more, { frontMatter: put(before) })).toBe(text);
      if (eol === '\r\n') expect(edited.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
    }),
    { numRuns: 1500 },
  );
});

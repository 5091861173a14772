import fc from 'fast-check';
import { editPage } from './edit.ts';
import { type JsonObject, type JsonValue, mergePatch } from './json-value.ts';
import { readFrontMatter } from './read.ts';
import { splitPage } from './split-page.ts';
import { yamlField } from './write-value.ts';

const page = `---
# written by hand
title:   'Old: title'   # keep me
date: 2024-05-01T10:00:00-04:00
tags: [one,   two]  # flow
"draft": no
params:
    # deep comment
    colour: "red"   # not blue
    list:
      - a

      - b # b
    size: 010
summary: >
  folded
  text

slug: abc
# the end
---

Body stays.
`;

function fieldsOf(text: string): JsonObject {
  return readFrontMatter(text, splitPage(text));
}

describe('editing a page', () => {
  test('changes a body below front matter that cannot be read', () => {
    expect(editPage('---\ntitle: [a\n---\nBody.\n', { exactBody: 'New.\n' })).toBe('---\ntitle: [a\n---\nNew.\n');
  });

  test('changes the one line that it means, and nothing else', () => {
    expect(editPage(page, { frontMatter: { title: 'New "title"' } })).toBe(
      page.replace("'Old: title'", '"New \\"title\\""'),
    );
    expect(editPage(page, { frontMatter: { tags: ['one', 'three'] } })).toBe(
      page.replace('[one,   two]', '[one,   "three"]'),
    );
    expect(editPage(page, { frontMatter: { params: { colour: 'blue' } } })).toBe(page.replace('"red"', '"blue"'));
    expect(editPage(page, { frontMatter: { params: { weight: 3 } } })).toBe(
      page.replace('    size: 010\n', '    size: 010\n    weight: 3\n'),
    );
    expect(editPage(page, { frontMatter: { summary: null } })).toBe(page.replace('summary: >\n  folded\n  text\n', ''));
    expect(editPage(page, { frontMatter: { description: 'x' } })).toBe(
      page.replace('slug: abc\n', 'slug: abc\ndescription: "x"\n'),
    );
    expect(editPage(page, { frontMatter: { slug: null, title: 'T' } })).toBe(
      page.replace('slug: abc\n', '').replace("'Old: title'", '"T"'),
    );
  });

  test.each([
    ['YAML', '---\naliases: ["/x/"]\n---\nbody\n'],
    ['TOML', '+++\naliases = ["/x/"]\n+++\nbody\n'],
    ['JSON', '{"aliases": ["/x/"]}\nbody\n'],
    ['a rule, later another', '\n---\nwords\n---\nwords\n'],
  ])('a body that begins like front matter (%s) stays a body', (_, body) => {
    const edited = editPage('hello\n', { body });
    expect(fieldsOf(edited)).toEqual({});
    expect(edited.slice(splitPage(edited).bodyStart)).toBe(body.trimStart());
    const again = editPage(edited, { body: 'plain\n' });
    expect(again.slice(splitPage(again).bodyStart)).toBe('plain\n');
  });

  test('a value that does not change keeps its bytes, also beside one that does', () => {
    expect(editPage(page, { frontMatter: { title: 'Old: title', tags: ['one', 'two'] } })).toBe(page);
    expect(editPage(page, { frontMatter: { title: 'Old: title', slug: 'x' } })).toBe(page.replace('abc', '"x"'));
  });

  test('replaces the body and keeps the front matter to the byte', () => {
    expect(editPage(page, { body: 'New.' })).toBe(page.replace('Body stays.', 'New.'));
    expect(editPage('---\ntitle: a\n---\nx', { body: 'y' })).toBe('---\ntitle: a\n---\ny');
  });

  test('keeps line ends, byte order mark and trailing white space', () => {
    const crlf = `\uFEFF${page.replaceAll('\n', '\r\n')}`;
    expect(editPage(crlf, { frontMatter: { draft: true, extra: { a: [1, { b: 'c' }] } } })).toBe(
      crlf
        .replace('"draft": no', '"draft": true')
        .replace('slug: abc\r\n', 'slug: abc\r\nextra:\r\n  a:\r\n    - 1\r\n    - b: "c"\r\n'),
    );
    expect(editPage(crlf, { body: 'a\nb' })).toBe(crlf.replace('Body stays.', 'a\r\nb'));
  });

  test('edits TOML in place, dates with their offset', () => {
    const toml = `+++\n# c\ntitle = 'Old' # t\ndate = 2024-05-01T10:00:00-04:00\ntags = [\n  "a", # first\n  "b",\n]\n\n[params]\nx = 1\n+++\nBody\n`;
    expect(editPage(toml, { frontMatter: { title: 'N', draft: true } })).toBe(
      toml.replace("'Old'", '"N"').replace('  "b",\n]\n', '  "b",\n]\ndraft = true\n'),
    );
    expect(editPage(toml, { frontMatter: { tags: null } })).toBe(toml.replace(/tags = \[[^\]]*\]\n/, ''));
    expect(fieldsOf(toml)).toMatchObject({ date: expect.stringMatching(/-04:00$/), params: { x: 1 } });
    expect(editPage(toml, { frontMatter: { params: { x: 2, y: [1], z: null } } })).toBe(
      toml.replace('x = 1\n', 'x = 2\ny = [1]\n'),
    );
    expect(editPage(toml, { frontMatter: { params: { x: null } } })).toBe(toml.replace('x = 1\n', ''));
  });

  test('edits TOML tables, inline tables and dotted keys where they stand', () => {
    const toml = [
      '+++',
      "title = 'T'",
      "cover = {image='a.png',   alt = 'x', deep = { n = 1 } } # cover",
      'seo.title = "s" # dotted',
      '[params]',
      '# about x',
      'x = 1',
      '',
      '[params.author]',
      "name = 'Zoé'",
      '',
      '[[menu]]',
      'name = "first"',
      '[[menu]]',
      'name = "second"',
      '# end',
      '+++',
      'Body',
      '',
    ].join('\n');
    const edit = (frontMatter: JsonObject) => editPage(toml, { frontMatter });
    expect(edit({ cover: { alt: 'y', deep: { n: 2, m: 3 } } })).toBe(
      toml.replace("alt = 'x', deep = { n = 1 }", 'alt = "y", deep = { n = 2, m = 3 }'),
    );
    expect(edit({ cover: { image: null, new: true } })).toBe(
      toml.replace("image='a.png',   alt", 'alt').replace('{ n = 1 } }', '{ n = 1 }, new = true }'),
    );
    expect(edit({ seo: { title: 'S', robots: 'none' } })).toBe(
      toml.replace('"s" # dotted\n', '"S" # dotted\nseo.robots = "none"\n'),
    );
    expect(edit({ params: { author: { mail: 'z@example.org' }, x: 3 } })).toBe(
      toml.replace("'Zoé'\n", '\'Zoé\'\nmail = "z@example.org"\n').replace('x = 1', 'x = 3'),
    );
    expect(edit({ params: null })).toBe(toml.replace(/\[params\][\s\S]*'Zoé'\n/, '\n'));
    expect(fieldsOf(edit({ params: null, menu: null }))).toEqual({
      title: 'T',
      cover: { image: 'a.png', alt: 'x', deep: { n: 1 } },
      seo: { title: 's' },
    });
    expect(fieldsOf(edit({ menu: [{ name: 'only' }] })).menu).toEqual([{ name: 'only' }]);
    expect(fieldsOf(edit({ params: 'text', extra: { a: { b: 1 } } }))).toMatchObject({
      params: 'text',
      extra: { a: { b: 1 } },
    });
    const nested = '+++\n[a.b]\nc = 1\n+++\n';
    expect(editPage(nested, { frontMatter: { a: { d: 2 } } })).toBe('+++\n[a]\nd = 2\n[a.b]\nc = 1\n+++\n');
  });

  test('edits JSON in place', () => {
    const json = `{\n  "title": "Old",\n  "n": [1,2,   3],\n  "last": {"a":1}\n}\nBody\n`;
    expect(editPage(json, { frontMatter: { title: 'N', last: null, more: ['x'] } })).toBe(
      '{\n  "title": "N",\n  "n": [1,2,   3],\n  "more": [\n    "x"\n  ]\n}\nBody\n',
    );
    expect(editPage(json, { frontMatter: { last: { b: 2 } } })).toBe(json.replace('{"a":1}', '{"a":1, "b": 2}'));
    const nested = '{\n\t"a": {\n\t\t"b": 1.0,\n\t\t"c": {"d": [1,  2]}\n\t}\n}\n';
    expect(editPage(nested, { frontMatter: { a: { b: null, e: 'x', c: { f: { g: 1 } } } } })).toBe(
      '{\n\t"a": {\n\t\t"c": {"d": [1,  2], "f": {"g":1}},\n\t\t"e": "x"\n\t}\n}\n',
    );
  });

  test('gives front matter to a page that has none', () => {
    expect(editPage('Only text\n', { frontMatter: { title: 'T' } })).toBe('---\ntitle: "T"\n---\n\nOnly text\n');
  });

  test('refuses what it cannot read, and what it cannot write in place', () => {
    expect(() => editPage('---\ntitle: [a\n---\n', { frontMatter: { title: 'x' } })).toThrow(
      expect.objectContaining({ code: 'front_matter_invalid' }),
    );
    expect(() => editPage('---\na: &x 1\nb: *x\n---\n', { frontMatter: { a: 2 } })).toThrow(
      expect.objectContaining({ code: 'front_matter_unsupported' }),
    );
  });
});

const name = fc.stringMatching(/^[a-z][a-z0-9_-]{0,8}$/);
const scalar: fc.Arbitrary<JsonValue> = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  fc.constantFrom('no', '1:30', '2024-01-01', '# x', "it's", 'a: b', '- x', '\u2028', 'null', '~', ''),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => (n === 0 ? 0 : n)),
  fc.boolean(),
);
const value: fc.Arbitrary<JsonValue> = fc.oneof(
  scalar,
  fc.array(scalar, { maxLength: 3 }),
  fc.dictionary(name, fc.oneof(scalar, fc.array(scalar, { maxLength: 2 })), { maxKeys: 3, noNullPrototype: true }),
);
const fields = fc.dictionary(name, value, { maxKeys: 5, noNullPrototype: true });
const inside = fc.dictionary(name, fc.oneof(scalar, fc.constant(null)), { maxKeys: 3, noNullPrototype: true });
const patch = fc.dictionary(name, fc.oneof(value, fc.constant(null), inside), {
  minKeys: 1,
  maxKeys: 3,
  noNullPrototype: true,
});
const eol = fc.constantFrom('\n', '\r\n');
const commentTexts = ['', '# a comment', '# title: not a key', '# last'];
const comment = fc.constantFrom('', '# a comment', '   # a comment', '# title: not a key');

/** A YAML page in which every field is preceded by a comment or blank line, and the list of its field texts. */
function yamlPage(data: JsonObject, comments: string[], end: string): { text: string; chunks: Map<string, string> } {
  const chunks = new Map<string, string>();
  let inner = '';
  Object.entries(data).forEach(([key, item], i) => {
    inner += `${comments[i % comments.length] ?? ''}${end}`;
    const chunk = yamlField(key, item, '', end);
    chunks.set(key, chunk);
    inner += chunk;
  });
  return { text: `---${end}${inner}# last${end}---${end}${end}Body${end}`, chunks };
}

describe('any edit of any page', () => {
  test('says afterwards what was asked for, and keeps the text of every other field, comment and body', () => {
    fc.assert(
      fc.property(
        fields,
        patch,
        fc.array(comment, { minLength: 1, maxLength: 4 }),
        eol,
        (data, change, comments, end) => {
          const { text, chunks } = yamlPage(data, comments, end);
          const edited = editPage(text, { frontMatter: change });
          expect(fieldsOf(edited)).toEqual(mergePatch(data, change));
          let at = 0;
          for (const [key, chunk] of chunks) {
            if (Object.hasOwn(change, key)) continue;
            at = edited.indexOf(chunk, at);
            expect(at).toBeGreaterThan(-1);
          }
          const commentLines = (page: string) =>
            page.split(end).filter((line) => commentTexts.includes(line.trim()) && line !== '');
          expect(commentLines(edited)).toEqual(commentLines(text));
          expect(edited.endsWith(`---${end}${end}Body${end}`)).toBe(true);
          if (end === '\r\n') expect(edited.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('TOML and JSON pages too', () => {
    const flat = fc.dictionary(name, fc.oneof(scalar, fc.array(fc.string(), { maxLength: 3 })), {
      noNullPrototype: true,
    });
    fc.assert(
      fc.property(flat, flat, fc.boolean(), (data, change, pretty) => {
        const json = `${JSON.stringify(data, null, pretty ? 2 : undefined)}\n\nBody\n`;
        const edited = editPage(json, { frontMatter: change });
        expect(fieldsOf(edited)).toEqual(mergePatch(data, change));
        expect(edited.endsWith('}\n\nBody\n')).toBe(true);
        const toml = editPage('+++\n# only\n+++\nBody\n', { frontMatter: data });
        const again = editPage(toml, { frontMatter: change });
        expect(fieldsOf(again)).toEqual(mergePatch(data, change));
        expect(again.startsWith('+++\n# only\n')).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  test('at any depth, whatever stands there', () => {
    const few = fc.constantFrom('a', 'b', 'c');
    const leaf = fc.oneof(fc.string(), fc.integer(), fc.array(fc.integer(), { maxLength: 2 }));
    const small = (item: fc.Arbitrary<JsonValue>) => fc.dictionary(few, item, { maxKeys: 3, noNullPrototype: true });
    const deep = small(fc.oneof(leaf, small(fc.oneof(leaf, small(leaf)))));
    const erasing = fc.oneof(leaf, fc.constant(null));
    const change = small(fc.oneof(erasing, small(fc.oneof(erasing, small(erasing)))));
    fc.assert(
      fc.property(deep, change, fc.boolean(), (data, frontMatter, pretty) => {
        const wanted = mergePatch(data, frontMatter);
        const json = `${JSON.stringify(data, null, pretty ? '\t' : undefined)}\nBody\n`;
        expect(fieldsOf(editPage(json, { frontMatter }))).toEqual(wanted);
        const yaml = editPage('---\n---\nBody\n', { frontMatter: data });
        expect(fieldsOf(editPage(yaml, { frontMatter }))).toEqual(wanted);
        const lines = (table: JsonObject, path: string[]): string => {
          const own = Object.entries(table).filter(([, item]) => typeof item !== 'object' || Array.isArray(item));
          const text = own.map(([key, item]) => `${key} = ${JSON.stringify(item)} # c\n`).join('');
          const below = Object.entries(table).filter(([, item]) => typeof item === 'object' && !Array.isArray(item));
          const tables = below.map(([key, item]) => lines(item as JsonObject, [...path, key]));
          return (path.length === 0 ? text : `[${path.join('.')}]\n${text}`) + tables.join('');
        };
        const escaped = lines(data, []).replaceAll('\u007f', '');
        fc.pre(!escaped.includes('\u007f') && !JSON.stringify(data).includes('\u007f'));
        expect(fieldsOf(editPage(`+++\n${escaped}+++\nBody\n`, { frontMatter }))).toEqual(wanted);
      }),
      { numRuns: 500 },
    );
  });

  test('removing all that was added gives the old bytes back', () => {
    fc.assert(
      fc.property(fields, patch, eol, (data, change, end) => {
        const { text } = yamlPage({ always: 1, ...data }, ['# c'], end);
        const news = Object.fromEntries(
          Object.entries(change).filter(
            ([key, item]) => item !== null && key !== 'always' && !Object.hasOwn(data, key),
          ),
        );
        const undo = Object.fromEntries(Object.keys(news).map((key) => [key, null]));
        expect(editPage(editPage(text, { frontMatter: news }), { frontMatter: undo })).toBe(text);
      }),
      { numRuns: 200 },
    );
  });
});

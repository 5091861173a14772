import fc from 'fast-check';
import { frontMatterProblem, type JsonValue } from './front-matter-rules.ts';

const message = (value: unknown, use: 'create' | 'update' = 'update') => frontMatterProblem(value, use)?.message;

test('takes JSON of three levels', () => {
  const fields = {
    weight: 3,
    params: { author: { name: 'Zoé' } },
    list: [{ a: 1 }, [true]],
    description: 'two\nlines\t!',
  };
  expect(message(fields)).toBeUndefined();
  expect(message(fields, 'create')).toBeUndefined();
  expect(message({})).toBeUndefined();
});

test('refuses a fourth level, of objects or lists', () => {
  expect(message({ a: { b: { c: { d: 1 } } } })).toMatch(/3 levels/);
  expect(message({ a: [[[1]]] })).toMatch(/3 levels/);
  expect(message({ a: { b: { c: [] } } })).toMatch(/3 levels/);
});

test('refuses depth that would overflow a recursive reader', () => {
  let deep: JsonValue = 1;
  for (let i = 0; i < 200_000; i += 1) deep = [deep];
  expect(message({ deep })).toMatch(/3 levels/);
});

test('counts bytes of UTF-8, up to exactly 10 KiB', () => {
  const around = JSON.stringify({ a: '' }).length;
  expect(message({ a: 'x'.repeat(10 * 1024 - around) })).toBeUndefined();
  expect(message({ a: 'x'.repeat(10 * 1024 - around + 1) })).toMatch(/10241 bytes/);
  expect(message({ a: 'é'.repeat(6 * 1024) })).toMatch(/bytes/);
});

test.each([
  'aliases',
  'cascade',
  'build',
  '_build',
  'outputs',
  'headless',
  '_target',
  'url',
  'Aliases',
  'CASCADE',
  'URL',
])('refuses %s in any case, also to delete it', (key) => {
  expect(message({ [key]: true })).toMatch(/cannot be set/);
  expect(message({ [key]: null })).toMatch(/cannot be set/);
  expect(message({ [key]: [] }, 'create')).toMatch(/cannot be set/);
  expect(message({ params: { [key]: true } })).toBeUndefined();
});

test('a slug is one part of an address', () => {
  expect(message({ slug: 'héberger-chez-soi' })).toBeUndefined();
  expect(message({ slug: null })).toBeUndefined();
  for (const slug of ['../../css', 'a/b', 'a\\b', '..', '.', 3, ['a']]) expect(message({ slug })).toMatch(/one part/);
});

test('refuses another spelling of a field that has rules, and one field in two spellings', () => {
  for (const key of ['Title', 'TAGS', 'Draft', 'LastMod']) expect(message({ [key]: 'x' })).toMatch(/lower case/);
  expect(message({ Date: '2026-05-09' })).toMatch(/lower case/);
  expect(message({ author: 'a', Author: 'b' })).toMatch(/twice/);
});

test('null deletes a field on update, at every level; it is refused on create and inside lists', () => {
  expect(message({ weight: null })).toBeUndefined();
  expect(message({ weight: null }, 'create')).toMatch(/Leave the field out/);
  expect(message({ a: { b: null, c: { d: null } } })).toBeUndefined();
  expect(message({ a: { b: null } }, 'create')).toMatch(/no value/);
  expect(message({ list: [null] })).toMatch(/no value in a list/);
  expect(message({ list: [{ a: null }] })).toMatch(/no value in a list/);
  expect(message({ title: null })).toMatch(/must keep its title/);
});

test('date can be given to a new page and not changed', () => {
  expect(message({ date: '2026-05-09T13:42:11+02:00' }, 'create')).toBeUndefined();
  expect(message({ date: '2026-05-09T13:42:11+02:00' })).toMatch(/cannot be changed/);
  expect(message({ date: null })).toMatch(/cannot be changed/);
  expect(message({ lastmod: '2026-05-09' })).toBeUndefined();
});

test.each(['__proto__', 'constructor', 'prototype'])('refuses the key %s at every level', (key) => {
  for (const json of [`{"${key}":{"x":1}}`, `{"a":{"${key}":1}}`, `{"a":[{"${key}":1}]}`]) {
    expect(message(JSON.parse(json))).toMatch(/not allowed/);
  }
});

test('names where the fault is', () => {
  expect(frontMatterProblem({ a: [1, { b: '\u202e' }] }, 'update')?.path).toEqual(['a', 1, 'b']);
});

test.each([
  ['undefined', undefined],
  ['NaN', Number.NaN],
  ['infinity', Number.POSITIVE_INFINITY],
  ['a date', new Date()],
  ['a bigint', 1n],
  ['a function', () => {}],
  ['a map', new Map()],
  ['control characters', 'a\u001bb'],
  ['a bidirectional override', '\u202e'],
])('refuses %s as a value', (_, value) => {
  expect(message({ a: value })).toBeDefined();
  expect(message({ a: [value] })).toBeDefined();
});

test.each(['', 'x'.repeat(101), 'a\nb', 'a\u200bb'])('refuses the key %j', (key) => {
  expect(message({ [key]: 1 })).toMatch(/field name/);
  expect(message({ a: { [key]: 1 } })).toMatch(/field name/);
});

test('whatever is taken is the same after a way through JSON, and has no forbidden key at any depth', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.anything({ maxDepth: 4 }), fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }))),
      (value) => {
        if (message(value) !== undefined) return;
        const json = JSON.stringify(value);
        expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify(JSON.parse(json))));
        expect(json).not.toMatch(/"(__proto__|constructor|prototype)":/);
        expect(Buffer.byteLength(json)).toBeLessThanOrEqual(10 * 1024);
      },
    ),
    { numRuns: 2000 },
  );
});

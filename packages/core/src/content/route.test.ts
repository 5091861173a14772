import path from 'node:path';
import fc from 'fast-check';
import { routeProblem } from './route.ts';

test.each([
  'about',
  'posts/2026/my-first-post',
  'fr/été/ça va',
  'a/b.c/v1.2',
  'index',
  'x'.repeat(255),
  'プロジェクト/新しい',
  'a~b/c_d/100%',
])('takes %j', (route) => {
  expect(routeProblem(route)).toBeUndefined();
});

test.each([
  ['nothing', ''],
  ['501 characters', 'ab/'.repeat(167)],
  ['a parent segment', 'posts/../../etc/passwd'],
  ['a parent segment alone', '..'],
  ['a parent segment at the end', 'posts/..'],
  ['a dot segment', 'posts/./a'],
  ['a hidden folder', 'posts/.git/config'],
  ['an absolute path', '/etc/passwd'],
  ['a path on a drive', 'C:/windows'],
  ['a network path', '//host/share'],
  ['a backslash', 'posts\\..\\etc'],
  ['a percent-encoded parent', '%2e%2e/etc'],
  ['a percent-encoded slash', '..%2fetc'],
  ['a doubly encoded parent', '%252e%252e/etc'],
  ['an overlong encoding', '%c0%ae%c0%ae/etc'],
  ['NUL', 'posts/a\0.md'],
  ['a line feed', 'posts/a\nb'],
  ['a bidirectional control', 'posts/\u202egpj'],
  ['a zero-width joiner', 'posts/a\u200db'],
  ['a tag character', `posts/a${String.fromCodePoint(0xe0061)}`],
  ['half a surrogate pair', 'posts/a\ud800'],
  ['a slash at the start', '/posts'],
  ['a slash at the end', 'posts/'],
  ['an empty segment', 'posts//a'],
  ['the home page, which has a schema of its own', '/'],
  ['an _index file', 'posts/_index'],
  ['an _index file with language', '_index.fr'],
  ['a file name', 'posts/a/index.fr.md'],
  ['a query', 'posts/a?x=1'],
  ['a fragment', 'posts/a#b'],
  ['a space at the end of a segment', 'posts /a'],
  ['a dot segment in full width', 'posts/\uff0e\uff0e/a'],
  ['a dot segment of one character', 'posts/\u2025/a'],
  ['a dot segment between full-width backslashes', 'a\uff3c\uff0e\uff0e\uff3cb'],
  ['a full-width slash at the start', '\uff0fetc'],
  ['a segment longer than a file name may be', 'é'.repeat(128)],
])('refuses %s and says what to do', (_, route) => {
  expect(routeProblem(route)).toMatch(/^.+\. .+\.$|^.+\. .+\)\.$/);
});

const nasty = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '..',
        '.',
        '/',
        '//',
        '\\',
        '%2e',
        '%2F',
        '_index',
        '\0',
        'a',
        'posts',
        '~',
        ':',
        'C:',
        ' ',
        '\u202e',
        '\uff0e',
        '\u2025',
        '\uff0f',
      ),
      fc.string({ unit: 'binary', maxLength: 4 }),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''));

test('whatever is taken stays below the content folder, also after every decoding', () => {
  fc.assert(
    fc.property(nasty, (route) => {
      fc.pre(routeProblem(route) === undefined);
      const decodings = [route, route.normalize('NFKC'), decode(route), decode(decode(route))];
      for (const text of decodings) {
        expect(path.posix.resolve('/site/content', text)).toMatch(/^\/site\/content\/./);
      }
      expect(path.posix.normalize(route)).toBe(route);
      expect(route.split('/').some((segment) => segment.startsWith('.') || segment === '')).toBe(false);
    }),
    { numRuns: 5000 },
  );
});

test.each(['什么是\uff1f', 'posts/\u2026and-more'])('takes %s, whose compatibility form is no other path', (route) => {
  expect(routeProblem(route)).toBeUndefined();
});

test('every route of plain words is taken', () => {
  const word = fc.stringMatching(/^[a-z0-9][a-z0-9-]{0,20}$/);
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 10 }), (words) => {
      expect(routeProblem(words.join('/'))).toBeUndefined();
    }),
  );
});

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

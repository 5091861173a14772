import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { REQUIREMENTS } from './requirements.ts';

const CHECKOUT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const CITATION = /\[(R-[A-Z0-9-]+)\]/g;

/** Every test file of the workspace, by its path in the checkout. */
function testFiles(): string[] {
  return ['packages', 'services', 'scripts', 'tests']
    .flatMap((folder) =>
      readdirSync(path.join(CHECKOUT, folder), { recursive: true, encoding: 'utf8' }).map(
        (file) => `${folder}/${file}`,
      ),
    )
    .filter(
      (file) =>
        file.endsWith('.test.ts') && !/(^|\/)(node_modules|dist)\//.test(file) && file !== 'tests/requirements.test.ts',
    );
}

const sources = testFiles().map((file) => ({ file, text: readFileSync(path.join(CHECKOUT, file), 'utf8') }));
const cited = new Set(sources.flatMap(({ text }) => [...text.matchAll(CITATION)].map(([, id]) => id)));

test.each(REQUIREMENTS)('$id is cited by a test: $text', ({ id }) => {
  expect([...cited]).toContain(id);
});

test('every citation names a requirement', () => {
  const known = new Set<string>(REQUIREMENTS.map(({ id }) => id));
  expect([...cited].filter((id) => !known.has(id ?? ''))).toEqual([]);
});

test('no test is skipped, put off or run alone', () => {
  const marked = sources.filter(({ text }) =>
    /\b(?:test|it|describe)\.(?:skip|todo|only)(?:\.each)?\(|\bx(?:it|test|describe)\(/.test(text),
  );
  expect(marked.map(({ file }) => file)).toEqual([]);
});

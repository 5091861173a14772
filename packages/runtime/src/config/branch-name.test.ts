import { branchName } from './variables.ts';

test.each(['main', 'trunk', 'release/2026.11', 'feature/größer', 'a@b', 'v1.0-rc_1'])('%s is a branch', (name) => {
  expect(branchName.parse(name)).toBe(name);
});

test.each([
  '-main',
  '--upload-pack=x',
  '/main',
  'main/',
  'a//b',
  '.hidden',
  'a/.b',
  'a..b',
  'main.',
  'main.lock',
  'main.lock/x',
  'a b',
  'a~1',
  'a^',
  'a:b',
  'a?',
  'a*',
  'a[b',
  'a\\b',
  'HEAD@{1}',
  'a\nb',
  'a\0b',
  'x'.repeat(201),
])('%j is none', (name) => {
  expect(branchName.safeParse(name).success).toBe(false);
});

test('without one it is main', () => {
  expect(branchName.parse(undefined)).toBe('main');
});

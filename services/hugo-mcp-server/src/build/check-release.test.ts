import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { SiteFacts } from '../site/site-facts.ts';
import { checkRelease, shapeOf } from './check-release.ts';
import type { Release } from './releases.ts';

const facts = {
  languages: [{ code: 'fr' }, { code: 'en' }],
  roots: [{ dir: 'content', prefix: '' }],
} as unknown as SiteFacts;
const live = (pages: number, sources: number) => ({ pages, sources }) as Release;
const searchPath = process.env.PATH ?? '';
let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'check-release-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

async function build(pages: number, home = 'index.html', text = '<p>'): Promise<void> {
  await mkdir(path.join(dir, path.dirname(home)), { recursive: true });
  await writeFile(path.join(dir, home), text);
  await mkdir(path.join(dir, 'p'));
  for (let i = 1; i < pages; i++) await writeFile(path.join(dir, `p/${i}.html`), '<p>');
  await writeFile(path.join(dir, 'p/style.css'), '');
}

test('counts the pages of a build that is whole', async () => {
  await build(12);
  expect(await checkRelease(dir, facts, 12, live(20, 20), searchPath)).toBe(12);
});

test.each([
  ['is missing', 'other.html', '<p>'],
  ['is empty', 'index.html', ''],
  ['is there for a language that the site does not have', 'de/index.html', '<p>'],
])('refuses a build whose home page %s', async (_, home, text) => {
  await build(12, home, text);
  await expect(checkRelease(dir, facts, 12, undefined, searchPath)).rejects.toMatchObject({ code: 'build_no_home' });
});

test('takes the home page of a language in its own folder', async () => {
  await build(2, 'en/index.html');
  expect(await checkRelease(dir, facts, 2, undefined, searchPath)).toBe(2);
});

test('refuses a build that lost more than half of its pages although their files are there', async () => {
  await build(9);
  const refused = { code: 'build_collapsed', message: expect.stringContaining('9 pages, the live site has 20') };
  await expect(checkRelease(dir, facts, 20, live(20, 20), searchPath)).rejects.toMatchObject(refused);
  await expect(checkRelease(dir, facts, 10, live(20, 20), searchPath)).rejects.toMatchObject(refused);
  expect(await checkRelease(dir, facts, 9, live(20, 20), searchPath)).toBe(9);
  expect(await checkRelease(dir, facts, 20, live(18, 20), searchPath)).toBe(9);
});

test('does not believe that pages were deleted when the site is configured to look elsewhere for them', async () => {
  await build(9);
  const before = (shape: string) => ({ pages: 20, sources: 20, shape }) as Release;
  expect(await checkRelease(dir, facts, 3, before(shapeOf(facts)), searchPath)).toBe(9);
  for (const other of [
    { ...facts, roots: [{ dir: 'contents', prefix: '' }] },
    { ...facts, roots: [...facts.roots, { dir: 'content', prefix: 'docs' }] },
    { ...facts, languages: [...facts.languages, { code: 'de', weight: 0 }] },
  ]) {
    await expect(checkRelease(dir, facts, 3, before(shapeOf(other)), searchPath)).rejects.toMatchObject({
      code: 'build_collapsed',
    });
  }
});

test('lets a small site lose what it wants', async () => {
  await build(1);
  expect(await checkRelease(dir, facts, 10, live(10, 10), searchPath)).toBe(1);
});

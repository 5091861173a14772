import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import fc from 'fast-check';
import type { SiteFacts } from '../site/site-facts.ts';
import { tempDir } from '../testing/site-fixture.ts';
import { createPageIndex } from './page-index.ts';

const facts: SiteFacts = {
  title: '',
  baseUrl: 'https://example.org/',
  languages: [
    { code: 'en', weight: 1 },
    { code: 'fr', weight: 2 },
  ],
  defaultLanguage: 'en',
  defaultLanguageInSubdir: false,
  plainAddresses: true,
  taxonomies: ['tags'],
  roots: [{ dir: 'content', prefix: '' }],
  staticRoots: [],
  modules: [],
};

const folders = ['content', 'content/a', 'content/a/b', 'content/a/b/c', 'content/d'];
const names = ['index.md', 'index.fr.md', '_index.md', 'b.md', 'x.md', 'x.fr.md', 'notes.txt'];
const step = fc.record({
  dir: fc.constantFrom(...folders),
  name: fc.option(fc.constantFrom(...names)),
  title: fc.option(fc.integer({ min: 0, max: 9 })),
});

test('after any changes the index is what reading everything anew gives', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(step, { maxLength: 4 }), { maxLength: 12 }), async (rounds) => {
      const dir = await tempDir('index');
      try {
        await dir.write({ 'content/a/b/index.md': '---\ntitle: start\n---\n', 'content/x.md': 'x' });
        const gone: string[] = [];
        const index = createPageIndex(dir.path, () => facts, { read: () => {}, gone: (file) => gone.push(file) });
        await index.rebuild();
        for (const round of rounds) {
          for (const { dir: folder, name, title } of round) {
            const absolute = path.join(dir.path, folder, name ?? '');
            // No name: the whole folder goes. No title: the file goes.
            if (name === null ? folder !== 'content' : title === null)
              await rm(absolute, { recursive: true, force: true });
            else if (name !== null) {
              await mkdir(path.dirname(absolute), { recursive: true });
              await writeFile(absolute, `---\ntitle: t${title}\n---\n[x](/a/)\n`);
            }
          }
          const changed = new Set(round.flatMap(({ dir: folder }) => [folder, path.posix.dirname(folder)]));
          await index.refresh([...changed].filter((folder) => folder !== '.'));
          const fresh = createPageIndex(dir.path, () => facts);
          await fresh.rebuild();
          expect(index.pages()).toEqual(fresh.pages());
          for (const page of fresh.pages()) {
            expect(index.find(page.route, page.lang)).toEqual(fresh.find(page.route, page.lang));
            expect(index.at(page.file)).toEqual(page);
            expect(index.translations(page.route)).toEqual(fresh.translations(page.route));
          }
          for (const folder of folders) {
            expect(index.enclosingBundle(folder)).toBe(fresh.enclosingBundle(folder));
            expect(index.holdsOtherPages(folder)).toBe(fresh.holdsOtherPages(folder));
            expect(index.pageFilesIn(folder).sort()).toEqual(fresh.pageFilesIn(folder).sort());
          }
        }
      } finally {
        await dir.dispose();
      }
    }),
    { numRuns: 80 },
  );
});

test('a page that does not change stays the same object when another one changes; a new configuration reads all anew', async () => {
  const dir = await tempDir('index');
  try {
    await dir.write({ 'content/a.md': 'a', 'content/b.md': 'b', 'content/c/index.de.md': 'c' });
    let now = facts;
    const index = createPageIndex(dir.path, () => now);
    await index.rebuild();
    const [a, b] = [index.at('content/a.md'), index.at('content/b.md')];
    await dir.write({ 'content/b.md': 'changed' });
    await index.refresh(['content']);
    expect(index.at('content/a.md')).toBe(a);
    expect(index.at('content/b.md')?.revision).not.toBe(b?.revision);
    // A language that the site did not have is a part of the name until it has it.
    expect(index.at('content/c/index.de.md')).toMatchObject({ route: 'c/index.de', lang: 'en' });
    now = { ...facts, languages: [...facts.languages, { code: 'de', weight: 3 }] };
    await index.rebuild();
    expect(index.at('content/c/index.de.md')).toMatchObject({ route: 'c', lang: 'de', kind: 'bundle' });
  } finally {
    await dir.dispose();
  }
});

import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { until } from '../testing/gated-hugo.ts';
import { type ContentWatch, watchContent } from './watch-content.ts';

let root: string;
let watch: ContentWatch;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'arleo-watch-'));
  await mkdir(path.join(root, 'content/posts'), { recursive: true });
  watch = watchContent({ root, onChange() {} });
});
afterEach(async () => {
  watch.close();
  await rm(root, { recursive: true, force: true });
});

test('what was seen stays the same until something may have changed', async () => {
  watch.sync(['content', 'content/posts']);
  const before = watch.seen(['content']);
  expect(watch.seen(['content'])).toBe(before);
  await writeFile(path.join(root, 'content/posts/a.md'), 'a');
  await until(async () => watch.seen(['content']) > before);
});

test('a folder that is watched only now may have changed before', async () => {
  watch.sync(['content']);
  const before = watch.seen(['content']);
  watch.sync(['content', 'content/posts']);
  expect(watch.seen(['content'])).not.toBe(before);
});

test('where a folder is not watched nothing is known', async () => {
  watch.sync(['content', 'content/absent']);
  expect(watch.seen(['content'])).not.toBeNaN();
  expect(watch.seen(['content', 'content/absent'])).toBeNaN();
  watch.close();
  expect(watch.seen(['content'])).toBeNaN();
});

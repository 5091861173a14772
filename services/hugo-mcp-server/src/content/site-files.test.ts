import { mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { ArleoError } from '@arleo/core/errors';
import fc from 'fast-check';
import { output, type TempDir, tempDir } from '../testing/site-fixture.ts';
import { openSiteFiles, type SiteFiles } from './site-files.ts';

let dir: TempDir;
let files: SiteFiles;
const canary = 'must not be read';

beforeEach(async () => {
  dir = await tempDir('files');
  await dir.write({
    'secret.md': canary,
    'site/hugo.toml': canary,
    'site/contents/secret.md': canary,
    'site/content/posts/a/index.md': 'A',
  });
  await symlink(path.join(dir.path, 'site'), path.join(dir.path, 'site-link'));
  files = await openSiteFiles(path.join(dir.path, 'site-link'), () => ['content']);
});
afterEach(() => dir.dispose());

const put = (file: string, bytes: Uint8Array) => files.replace(file, undefined, bytes);
const take = (file: string) => files.replace(file, Buffer.from('new'), undefined);

const code = (promise: Promise<unknown>) =>
  promise.then(
    () => 'done',
    (error: ArleoError) => error.code,
  );

test('reads, writes and removes inside the content folder, whatever link leads to the site', async () => {
  expect((await files.read('content/posts/a/index.md'))?.toString()).toBe('A');
  expect(await files.read('content/posts/none/index.md')).toBeUndefined();
  await put('content/new/deep/index.md', Buffer.from('new'));
  expect(await dir.read('site/content/new/deep/index.md')).toBe('new');
  await take('content/new/deep/index.md');
  expect(await files.removeEmptyDir('content/new/deep')).toBe(true);
  expect(await files.removeEmptyDir('content/posts')).toBe(false);
  expect(await files.removeEmptyDir('content')).toBe(false);
});

const piece = fc.oneof(
  fc.constantFrom(
    '..',
    '.',
    '',
    'content',
    'posts',
    'a',
    'secret.md',
    'hugo.toml',
    'contents',
    '\0',
    '\\',
    '~',
    '%2e%2e',
    'C:',
  ),
  fc.string({ maxLength: 5 }),
);

test('no path leads out of the content folder', async () => {
  const paths = fc.oneof(
    fc.array(piece, { maxLength: 6 }).map((parts) => parts.join('/')),
    fc.string(),
  );
  await fc.assert(
    fc.asyncProperty(fc.boolean(), paths, async (below, tail) => {
      const file = below ? `content/${tail}` : tail;
      try {
        const bytes = await files.read(file);
        expect(bytes?.toString()).not.toBe(canary);
      } catch (error) {
        const known = error instanceof ArleoError ? error.code : (error as NodeJS.ErrnoException).code;
        expect(['route_invalid', 'not_a_file', 'ENAMETOOLONG']).toContain(known);
      }
      if (/(^|\/)\.\.(\/|$)/.test(file) || file.includes('\0')) {
        expect(await code(put(file, Buffer.from('x')))).toBe('route_invalid');
        expect(await code(take(file))).toBe('route_invalid');
      }
    }),
    { numRuns: 500 },
  );
  expect(await dir.read('secret.md')).toBe(canary);
});

test('follows no symlink, at no place on the way, whatever it leads to', async () => {
  await symlink(dir.path, path.join(dir.path, 'site/content/out'));
  await symlink('posts', path.join(dir.path, 'site/content/in'));
  await symlink('../../../../secret.md', path.join(dir.path, 'site/content/posts/a/index.en.md'));
  await symlink('nowhere', path.join(dir.path, 'site/content/dangling'));
  for (const file of [
    'content/out/secret.md',
    'content/in/a/index.md',
    'content/posts/a/index.en.md',
    'content/dangling/x.md',
  ]) {
    expect(await code(files.read(file))).toBe('symlink_refused');
    expect(await code(put(file, Buffer.from('x')))).toBe('symlink_refused');
    expect(await code(take(file))).toBe('symlink_refused');
  }
  expect(await dir.read('secret.md')).toBe(canary);
  await rm(path.join(dir.path, 'site/content'), { recursive: true });
  await symlink(dir.path, path.join(dir.path, 'site/content'));
  expect(await code(files.read('content/secret.md'))).toBe('symlink_refused');
});

test('takes only plain files for pages, of bounded size', async () => {
  await mkdir(path.join(dir.path, 'site/content/folder.md'));
  await output('mkfifo', [path.join(dir.path, 'site/content/pipe.md')]);
  await writeFile(path.join(dir.path, 'site/content/huge.md'), Buffer.alloc(5 * 1024 * 1024));
  expect(await code(files.read('content/folder.md'))).toBe('not_a_file');
  expect(await code(files.read('content/pipe.md'))).toBe('not_a_file');
  expect(await code(put('content/pipe.md', Buffer.from('x')))).toBe('not_a_file');
  expect(await code(files.read('content/huge.md'))).toBe('page_too_large');
  expect(await code(put('content/posts/a/index.md/x.md', Buffer.from('x')))).toBe('not_a_file');
});

test('says so when the site is not there', async () => {
  expect(await code(openSiteFiles(path.join(dir.path, 'nothing'), () => []))).toBe('site_missing');
});

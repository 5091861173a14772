import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { type Answer, startService, type TestService } from './testing/service-fixture.ts';

let service: TestService;
const hugoPath = execFileSync('sh', ['-c', 'command -v hugo']).toString().trim();

/** A picture of one grey, told from others by what follows its end. */
const png = (mark = '') =>
  Buffer.concat([
    Buffer.from(
      'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABc3UBGAAAAABJRU5ErkJggg==',
      'base64',
    ),
    Buffer.from(mark),
  ]);
const upload = (args: object, data = png()) =>
  service.call('upload_asset', {
    name: 'grey.png',
    content_type: 'image/png',
    data: data.toString('base64'),
    ...args,
  });
const ok = (answer: Answer | undefined) => {
  expect({ text: answer?.text, isError: answer?.json.result.isError ?? false }).toMatchObject({ isError: false });
  return answer?.json.result.structuredContent;
};
const refusal = (answer: Answer) => answer.json.result._meta?.['arleo/error']?.code;
const onDisk = (file: string) => readFile(path.join(service.siteDir, file));
const isLive = (file: string) => readFile(path.join(service.publicLink, file)).catch(() => undefined);
const listed = async (args: object = {}) =>
  ok(await service.call('list_assets', args)).assets.map(({ file }: { file: string }) => file);

beforeEach(async () => {
  service = await startService({
    files: {
      'content/posts/hello/cover.jpg': 'jpg',
      'content/posts/hello/parts/a.txt': 'a',
      'content/posts/_index.en.md': '---\ntitle: Posts\n---\n',
      'content/posts/single.en.md': '---\ntitle: Single\n---\n',
      'static/images/été 1.png': 'old',
      'static/.hidden': 'no',
    },
    prepare: (dir) =>
      writeFile(
        path.join(dir.path, 'hugo'),
        `#!/bin/sh\ncase "$*" in *--destination*) touch "${dir.path}/building"; while [ -e "${dir.path}/gate" ]; do sleep 0.02; done; [ -e "${dir.path}/fail" ] && { echo "Error: it fails" >&2; exit 1; } ;; esac\nexec "${hugoPath}" "$@"\n`,
        { mode: 0o755 },
      ),
    environment: (dir) => ({ HUGO_BIN: path.join(dir.path, 'hugo') }),
  });
  ok(await service.call('build_site', {}));
});
afterEach(() => service?.dispose());

test('a file is uploaded, listed, replaced and deleted, and is live at each step', async () => {
  const client = new Client({ name: 'one', version: '1' });
  await client.connect(new StreamableHTTPClientTransport(new URL(service.url), { fetch: service.fetch() }));
  const call = async (name: string, args: Record<string, unknown>) => {
    const result = await client.callTool({ name, arguments: args });
    expect(result.isError ? result.content : undefined).toBeUndefined();
    return result.structuredContent as Record<string, unknown>;
  };
  const args = { name: 'grey.png', content_type: 'image/png', folder: 'images/2026' };
  const made = await call('upload_asset', { ...args, data: png().toString('base64') });
  expect(made).toEqual({
    file: 'static/images/2026/grey.png',
    revision: expect.stringMatching(/^[0-9a-f]{32}$/),
    written: true,
    committed: true,
    commit: expect.stringMatching(/^[0-9a-f]{40}$/),
    building: null,
    would_change: null,
    live: true,
    url: 'https://example.org/images/2026/grey.png',
    release: expect.any(String),
    build_ms: expect.any(Number),
    warnings: expect.any(Array),
    published: [],
  });
  expect(await onDisk('static/images/2026/grey.png')).toEqual(png());
  expect(await isLive('images/2026/grey.png')).toEqual(png());
  expect(await service.git('log', '-1', '--format=%an|%s')).toBe('owner|Upload static/images/2026/grey.png\n');

  const list = await call('list_assets', { folder: 'static/images' });
  expect(list).toMatchObject({ total: 2, next_cursor: null });
  expect((list.assets as unknown[])[0]).toEqual({
    file: 'static/images/2026/grey.png',
    type: 'image/png',
    size: png().length,
    modified: expect.stringMatching(/^\d{4}-/),
    url: 'https://example.org/images/2026/grey.png',
    revision: made.revision,
  });

  const replaced = await call('upload_asset', {
    ...args,
    data: png('2').toString('base64'),
    overwrite: true,
    expected_revision: made.revision,
  });
  expect(replaced).toMatchObject({ written: true, live: true });
  expect(replaced.revision).not.toBe(made.revision);
  expect(await isLive('images/2026/grey.png')).toEqual(png('2'));
  const deleted = await call('delete_asset', {
    file: 'static/images/2026/grey.png',
    expected_revision: replaced.revision,
  });
  expect(deleted).toMatchObject({ written: true, committed: true, live: true, url: null, revision: null });
  expect(await isLive('images/2026/grey.png')).toBeUndefined();
  expect(await listed({ folder: 'static' })).toEqual(['static/images/été 1.png']);
  await client.close();
});

test('a page gets its picture in its own bundle, in each language', async () => {
  const made = ok(await upload({ page: 'posts/hello', folder: 'parts' }));
  expect(made).toMatchObject({ file: 'content/posts/hello/parts/grey.png', live: true });
  expect(made.url).toMatch(/^https:\/\/example\.org\/(en\/)?posts\/hello\/parts\/grey\.png$/);
  expect(await isLive(new URL(made.url).pathname)).toEqual(png());
  expect(ok(await upload({ page: 'posts' }))).toMatchObject({ file: 'content/posts/grey.png' });
  expect(ok(await upload({ page: '/' }))).toMatchObject({ file: 'content/grey.png' });
  expect(await listed({ page: 'posts/hello' })).toEqual([
    'content/posts/hello/cover.jpg',
    'content/posts/hello/parts/a.txt',
    'content/posts/hello/parts/grey.png',
  ]);
  expect(await listed({ page: 'posts' })).toEqual(['content/posts/grey.png']);
  expect(await listed({ page: '/' })).toEqual(['content/grey.png']);
});

test('nothing goes into a bundle that does not exist, or that is none', async () => {
  expect(refusal(await upload({ page: 'posts/none' }))).toBe('page_not_found');
  expect(refusal(await upload({ page: 'posts/hello', lang: 'de' }))).toBe('lang_unknown');
  expect(refusal(await upload({ page: 'posts', lang: 'fr' }))).toBe('page_not_found');
  expect(refusal(await upload({ page: 'posts/single' }))).toBe('not_a_bundle');
  expect(refusal(await upload({ page: 'posts', folder: 'new' }))).toBe('not_a_bundle');
  expect(await readdir(path.join(service.siteDir, 'content/posts'))).toEqual(['_index.en.md', 'hello', 'single.en.md']);
});

test('a file that is there is replaced only if that is asked for, and is as it was known', async () => {
  const { revision } = ok(await upload({}));
  expect(ok(await upload({}))).toMatchObject({ written: false, committed: false, release: null, live: true, revision });
  expect(refusal(await upload({}, png('2')))).toBe('asset_exists');
  expect(refusal(await upload({ name: 'Grey.png', overwrite: true }, png('2')))).toBe('asset_exists');
  expect(refusal(await upload({ overwrite: true, expected_revision: 'f'.repeat(32) }, png('2')))).toBe(
    'revision_mismatch',
  );
  expect(refusal(await upload({ name: 'new.png', expected_revision: revision }))).toBe('asset_not_found');
  expect(await onDisk('static/grey.png')).toEqual(png());
  expect(refusal(await service.call('delete_asset', { file: 'static/grey.png', expected_revision: 'f' }))).toBe(
    'revision_mismatch',
  );
  expect(refusal(await service.call('delete_asset', { file: 'static/none.png' }))).toBe('asset_not_found');
});

test('a dry run says what would be done; a key makes a call once', async () => {
  const dry = ok(await upload({ folder: 'new', dry_run: true }));
  expect(dry).toMatchObject({
    file: 'static/new/grey.png',
    written: false,
    live: false,
    url: null,
    would_change: { files: [{ file: 'static/new/grey.png', change: 'create' }] },
  });
  expect(await listed({ folder: 'static/new' })).toEqual([]);
  const key = { idempotency_key: 'one-upload-7f3a' };
  const first = ok(await upload(key));
  ok(await service.call('delete_asset', { file: 'static/grey.png' }));
  expect(ok(await upload(key))).toEqual({ ...first, live: false, url: null });
  expect(await listed({ folder: 'static' })).toEqual(['static/images/été 1.png']);
  ok(await upload({}, png('newer')));
  // The first answer, but what is live is told as it is now: these are not the bytes any more.
  expect(ok(await upload(key))).toEqual({ ...first, live: false, url: null });
  ok(await service.call('delete_asset', { file: 'static/grey.png' }));
  expect(refusal(await upload({ ...key, name: 'other.png' }))).toBe('idempotency_mismatch');
  const undone = ok(await service.call('delete_asset', { file: 'static/images/été 1.png', dry_run: true }));
  expect(undone).toMatchObject({ written: false, live: false, would_change: { files: [{ change: 'delete' }] } });
});

test('a file that is not what it says is refused', async () => {
  expect(refusal(await upload({}, Buffer.from('<!doctype html>')))).toBe('asset_type_mismatch');
  const svg = { name: 'a.svg', content_type: 'image/svg+xml' };
  const drawing = (inside: string) => Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg">${inside}</svg>`);
  expect(refusal(await upload(svg, drawing('<script/>')))).toBe('svg_refused');
  expect(refusal(await upload(svg, drawing('<g>')))).toBe('svg_invalid');
  expect(refusal(await upload({ data: 'data:image/png;base64,AAAA' }))).toBe('base64_invalid');
  expect(refusal(await upload({ name: 'grey.jpg' }))).toBe('arguments_invalid');
  expect(ok(await upload(svg, drawing('<g/>')))).toMatchObject({ live: true });
  expect(await listed({ folder: 'static' })).toEqual(['static/a.svg', 'static/images/été 1.png']);
});

test('the largest upload that is allowed gets through, one byte more does not', async () => {
  const largest = Buffer.concat([png(), Buffer.alloc(10 * 1024 * 1024 - png().length, 7)]);
  expect(ok(await upload({}, largest))).toMatchObject({ live: true });
  expect((await onDisk('static/grey.png')).equals(largest)).toBe(true);
  expect(refusal(await upload({ name: 'b.png' }, Buffer.concat([largest, Buffer.alloc(1)])))).toBe('asset_too_large');
  const answer = await upload({ name: 'c.png' }, Buffer.alloc(13 * 1024 * 1024));
  expect(answer.status).toBe(413);
  await service.restart({ UPLOAD_MAX_BYTES: '2000' });
  expect(refusal(await upload({ name: 'b.png' }, Buffer.concat([png(), Buffer.alloc(2000)])))).toBe('asset_too_large');
  await expect(service.restart({ MAX_BODY_BYTES: '9000000' })).rejects.toThrow(/^MAX_BODY_BYTES: .*14046552/);
  await service.restart();
});

test('no path leads out of the static and content folders, and no link is followed', async () => {
  const outside = path.join(service.dir.path, 'outside');
  await mkdir(outside);
  await writeFile(path.join(outside, 'secret.png'), png());
  await symlink(outside, path.join(service.siteDir, 'static/link'));
  await symlink(path.join(outside, 'secret.png'), path.join(service.siteDir, 'static/leak.png'));
  expect(refusal(await upload({ folder: 'link' }))).toBe('symlink_refused');
  expect(refusal(await upload({ name: 'leak.png', overwrite: true }, png('2')))).toBe('symlink_refused');
  for (const file of ['static/leak.png', 'static/link/secret.png']) {
    expect(refusal(await service.call('delete_asset', { file }))).toBe('symlink_refused');
  }
  for (const file of ['hugo.toml', 'layouts/index.html', 'staticx/a', 'static']) {
    expect(refusal(await service.call('delete_asset', { file }))).toMatch(/^(route_invalid|not_a_file|not_an_asset)$/);
  }
  for (const file of ['../outside/secret.png', 'static/../hugo.toml', '/etc/passwd', 'static/.hidden', 'static/\0']) {
    expect(refusal(await service.call('delete_asset', { file }))).toBe('arguments_invalid');
  }
  expect(refusal(await service.call('delete_asset', { file: 'content/posts/hello/index.en.md' }))).toBe('not_an_asset');
  expect(await listed({ folder: 'static' })).toEqual(['static/images/été 1.png']);
  expect(await readdir(outside)).toEqual(['secret.png']);
});

test('what was changed by hand is seen, has a URL, and comes in parts', async () => {
  expect(await listed({ folder: 'static' })).toEqual(['static/images/été 1.png']);
  const late = path.join(service.siteDir, 'static/new/deep');
  await mkdir(late, { recursive: true });
  await writeFile(path.join(late, 'b.css'), 'b{}');
  await writeFile(path.join(service.siteDir, 'content/posts/hello/late.txt'), 'late');
  for (;;) {
    const files = await listed({});
    if (files.includes('static/new/deep/b.css') && files.includes('content/posts/hello/late.txt')) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const first = ok(await service.call('list_assets', { limit: 3 }));
  expect(first).toMatchObject({ total: 5 });
  const second = ok(await service.call('list_assets', { limit: 3, cursor: first.next_cursor }));
  expect(second.next_cursor).toBeNull();
  expect(second.assets.map(({ file, url }: Record<string, string>) => [file, url])).toEqual([
    ['static/images/été 1.png', 'https://example.org/images/%C3%A9t%C3%A9%201.png'],
    ['static/new/deep/b.css', null],
  ]);
  expect(refusal(await service.call('list_assets', { cursor: 'x' }))).toBe('cursor_invalid');
  await rm(path.join(service.siteDir, 'static/new'), { recursive: true });
  while ((await listed({ folder: 'static' })).length > 1) await new Promise((resolve) => setTimeout(resolve, 20));
});

test('a long list stays within what a client takes, and no name hides text', async () => {
  const name = (i: number) => `${'é'.repeat(100)}${String(i).padStart(3, '0')}.png`;
  const folder = path.join(service.siteDir, 'static', 'é'.repeat(100));
  await mkdir(folder);
  for (let i = 0; i < 200; i++) await writeFile(path.join(folder, name(i)), '');
  await writeFile(path.join(service.siteDir, 'static/a\u{e0041}\u202e.png'), '');
  const found: string[] = [];
  for (let cursor: string | undefined; ; ) {
    const answer = await service.call('list_assets', { folder: 'static', limit: 200, ...(cursor && { cursor }) });
    expect(answer.text.length).toBeLessThan(100_000);
    const { assets, next_cursor, total } = ok(answer);
    expect(total).toBe(201);
    found.push(...assets.map(({ file }: { file: string }) => file));
    if (next_cursor === null) break;
    cursor = next_cursor;
  }
  expect(found).toHaveLength(201);
  expect(new Set(found).size).toBe(201);
});

test('when Hugo fails, the file is as it was', async () => {
  await writeFile(path.join(service.dir.path, 'fail'), '');
  expect(refusal(await upload({ folder: 'fresh/deep' }))).toBe('hugo_failed');
  expect(refusal(await service.call('delete_asset', { file: 'static/images/été 1.png' }))).toBe('hugo_failed');
  expect((await onDisk('static/images/été 1.png')).toString()).toBe('old');
  await expect(onDisk('static/fresh/deep/grey.png')).rejects.toThrow('ENOENT');
  await rm(path.join(service.dir.path, 'fail'));
  expect(await listed({ folder: 'static' })).toEqual(['static/images/été 1.png']);
});

test('a replacement that a crash interrupts is taken back, to bytes that only the disk had', async () => {
  const file = 'static/images/photo.png';
  const large = Buffer.concat([png(), Buffer.alloc(5 * 1024 * 1024, 1)]);
  await writeFile(path.join(service.siteDir, file), large);
  const at = (name: string) => path.join(service.dir.path, name);
  await rm(at('building'));
  await writeFile(at('gate'), '');
  const pending = upload({ name: 'photo.png', folder: 'images', overwrite: true });
  while (!(await readdir(service.dir.path)).includes('building'))
    await new Promise((resolve) => setTimeout(resolve, 10));
  const journal = await service.dir.read('state/journal.json');
  await writeFile(at('fail'), '');
  await rm(at('gate'));
  expect(refusal(await pending)).toBe('hugo_failed');
  expect((await onDisk(file)).equals(large)).toBe(true);
  await rm(at('fail'));

  await service.stop();
  await writeFile(path.join(service.siteDir, file), png());
  await writeFile(at('state/journal.json'), journal);
  await service.restart();
  while ((await readdir(at('state'))).includes('journal.json')) await new Promise((resolve) => setTimeout(resolve, 10));
  expect((await onDisk(file)).equals(large)).toBe(true);
});

test('where each language has a folder of its own, the language says which', async () => {
  await service.dispose();
  service = await startService({
    files: {
      'hugo.toml': [
        'baseURL = "https://example.org/blog/"',
        'defaultContentLanguage = "fr"',
        'staticDir = ["files", "more"]',
        '[languages.fr]',
        'contentDir = "content/fr"',
        '[languages.en]',
        'contentDir = "content/en"',
      ].join('\n'),
      'content/_index.fr.md': undefined,
      'content/_index.en.md': undefined,
      'content/posts/hello/index.fr.md': undefined,
      'content/posts/hello/index.en.md': undefined,
      'content/fr/posts/hello/index.md': '---\ntitle: Bonjour\n---\n',
      'content/en/posts/hello/index.md': '---\ntitle: Hello\n---\n',
    },
  });
  expect(refusal(await upload({ page: 'posts/hello' }))).toBe('lang_needed');
  expect(ok(await upload({ page: 'posts/hello', lang: 'en' }))).toMatchObject({
    file: 'content/en/posts/hello/grey.png',
    url: 'https://example.org/blog/en/posts/hello/grey.png',
  });
  expect(ok(await upload({}))).toMatchObject({ file: 'files/grey.png', url: 'https://example.org/blog/grey.png' });
});

test('reading is not writing', async () => {
  const scope = 'content:read';
  expect((await service.call('list_assets', {}, { scope })).json.result.isError).toBeUndefined();
  for (const [name, args] of Object.entries({ upload_asset: {}, delete_asset: { file: 'static/a' } })) {
    expect((await service.call(name, args, { scope })).status).toBe(403);
  }
});

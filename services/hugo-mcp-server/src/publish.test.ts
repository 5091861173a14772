import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { cp, mkdir, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import https from 'node:https';
import path from 'node:path';
import { until } from './testing/gated-hugo.ts';
import { type Answer, startService, type TestService } from './testing/service-fixture.ts';

let service: TestService;
const hugoPath = execFileSync('sh', ['-c', 'command -v hugo']).toString().trim();

/** A `hugo` in the service's folder: counts its builds, and holds each until the gate is open. */
async function gatedHugo(dir: string): Promise<void> {
  const script = `#!/bin/sh
case "$*" in *--destination*)
  echo build >> "${dir}/builds"
  while [ -e "${dir}/gate" ]; do sleep 0.02; done ;;
esac
exec "${hugoPath}" "$@"
`;
  await writeFile(path.join(dir, 'hugo'), script, { mode: 0o755 });
}

const at = (name: string) => path.join(service.dir.path, name);
const builds = async () => (await service.dir.read('builds').catch(() => '')).split('\n').length - 1;
const closeGate = () => writeFile(at('gate'), '');
const openGate = () => rm(at('gate'), { force: true });
const page = (name: string, content = 'Text.') => ({ route: `posts/${name}`, lang: 'en', title: name, content });
const create = (name: string, content?: string) => service.call('create_page', page(name, content));
const ok = (answer: Answer) => {
  expect({ text: answer.text, isError: answer.json.result.isError ?? false }).toMatchObject({ isError: false });
  return answer.json.result.structuredContent;
};
const subjects = async () => (await service.git('log', '--format=%s')).trim().split('\n');

beforeEach(async () => {
  service = await startService({
    prepare: (dir) => gatedHugo(dir.path),
    environment: (dir) => ({ HUGO_BIN: path.join(dir.path, 'hugo') }),
  });
  ok(await service.call('build_site', {}));
  await rm(at('builds'), { force: true });
});
afterEach(() => service?.dispose());

test('twenty pages made at once share their builds, and each has a commit of its own', async () => {
  const names = Array.from({ length: 20 }, (_, i) => `page-${i}`);
  const answers = await Promise.all(names.map((name) => create(name)));
  for (const answer of answers) expect(ok(answer)).toMatchObject({ live: true, committed: true });
  expect(await builds()).toBeLessThanOrEqual(3);
  for (const name of names) expect(await service.live(`en/posts/${name}/index.html`)).toContain('Text.');
  const made = (await subjects()).filter((subject) => subject.startsWith('Create'));
  expect(made.sort()).toEqual(names.map((name) => `Create posts/${name} (en)`).sort());
  expect(new Set(answers.map((answer) => ok(answer).commit)).size).toBe(20);
});

test('a page that Hugo cannot build is taken back, and the others of its build are live', async () => {
  const before = await service.live('index.html');
  await closeGate();
  const first = create('first');
  await until(async () => (await builds()) === 1);
  const answers = [create('good-1'), create('bad', 'See {{< no-such-shortcode >}}.'), create('good-2')];
  await openGate();
  ok(await first);
  const [good1, bad, good2] = await Promise.all(answers);
  ok(good1 as Answer);
  ok(good2 as Answer);
  expect(bad?.json.result).toMatchObject({ isError: true, _meta: { 'arleo/error': { code: 'hugo_failed' } } });
  expect(bad?.text).toContain('no-such-shortcode');
  expect(bad?.text).toContain('content/posts/bad/index.en.md');
  expect(bad?.text).not.toContain(service.siteDir);
  expect(await service.live('en/posts/bad/index.html')).toBeUndefined();
  for (const name of ['first', 'good-1', 'good-2']) {
    expect(await service.live(`en/posts/${name}/index.html`)).toContain('Text.');
  }
  await expect(readdir(path.join(service.siteDir, 'content/posts/bad'))).rejects.toThrow('ENOENT');
  expect(await service.live('index.html')).toBe(before);
  expect(
    (await service.git('--work-tree', service.siteDir, 'status', '--porcelain', '--untracked-files=no')).trim(),
  ).toBe('');
  expect(await subjects()).toEqual(
    expect.arrayContaining(['Create posts/bad (en)', 'Take back: Create posts/bad (en)']),
  );
  expect((await service.call('get_page', { route: 'posts/bad', lang: 'en' })).text).toContain('[page_not_found]');
});

test('an update that Hugo refuses leaves the page and the live site as they were', async () => {
  ok(await create('kept', 'Whole.'));
  const stored = await service.dir.read('site/content/posts/kept/index.en.md');
  const answer = await service.call('update_page', { route: 'posts/kept', lang: 'en', content: '{{< nope >}}' });
  expect(answer.text).toContain('[hugo_failed]');
  expect(await service.dir.read('site/content/posts/kept/index.en.md')).toBe(stored);
  expect(await service.live('en/posts/kept/index.html')).toContain('Whole.');
});

test('without Hugo a write is refused, changes nothing, and works again when Hugo is back', async () => {
  await rename(at('hugo'), at('hugo.away'));
  const answer = await create('none');
  expect(answer.json.result._meta['arleo/error']).toMatchObject({
    code: 'hugo_missing',
    hint: expect.stringContaining('HUGO_BIN'),
  });
  await expect(readdir(path.join(service.siteDir, 'content/posts/none'))).rejects.toThrow('ENOENT');
  expect(await service.live('index.html')).toContain('Bienvenue');
  await rename(at('hugo.away'), at('hugo'));
  ok(await create('none'));
});

test('a service that starts without Hugo says so, is not ready, and becomes ready', async () => {
  await rename(at('hugo'), at('hugo.away'));
  await service.restart();
  expect((await service.call('list_pages', {})).text).toContain('[hugo_missing]');
  const readyz = () => get(service, '/readyz');
  expect(await readyz()).toMatchObject({ status: 503, body: expect.stringContaining('hugo program was not found') });
  expect(await get(service, '/healthz')).toMatchObject({ status: 200 });
  await rename(at('hugo.away'), at('hugo'));
  ok(await service.call('list_pages', {}));
});

test('of two writers with the same revision one wins and one is told', async () => {
  const made = ok(await create('shared'));
  const update = (title: string) =>
    service.call('update_page', { route: 'posts/shared', lang: 'en', title, expected_revision: made.revision });
  const answers = await Promise.all([update('one'), update('two')]);
  const refused = answers.filter((answer) => answer.json.result.isError);
  expect(refused).toHaveLength(1);
  expect(refused[0]?.text).toContain('[revision_mismatch]');
  const [won] = answers.filter((answer) => !answer.json.result.isError);
  expect(ok(won as Answer)).toMatchObject({ live: true });
});

test('two creates of one page at once make it once', async () => {
  const answers = await Promise.all([create('once'), create('once')]);
  expect(answers.filter((answer) => answer.text.includes('[page_exists]'))).toHaveLength(1);
});

test('an answer that waits for a build begins at once, in both eras', async () => {
  await closeGate();
  for (const headers of [{}, modernHeaders('build_site')]) {
    const first = await firstBytes(service, 'build_site', headers);
    expect(first).toMatchObject({ status: 200, type: 'text/event-stream', chunk: ': open\n\n' });
    expect(first.timing).toMatch(/^hugo-mcp-server;dur=/);
  }
  await openGate();
});

test('a client that goes away does not stop its write', async () => {
  await closeGate();
  await firstBytes(service, 'create_page', {}, page('orphan'));
  await until(async () => (await builds()) === 1);
  await openGate();
  await until(async () => (await service.live('en/posts/orphan/index.html')) !== undefined);
  await until(async () => (await service.audit()).some(({ event_type }) => event_type === 'tool.create_page'));
});

test('a stop lets the write in flight end, and its answer arrive', async () => {
  await closeGate();
  const write = create('last');
  await until(async () => (await builds()) === 1);
  const stopped = service.stop();
  await openGate();
  expect(ok(await write)).toMatchObject({ live: true });
  await stopped;
  await service.restart();
  ok(await service.call('get_page', { route: 'posts/last', lang: 'en' }));
});

test('pages can be read while the site is being built', async () => {
  await closeGate();
  const write = create('slow');
  await until(async () => (await builds()) === 1);
  ok(await service.call('list_pages', {}));
  ok(await service.call('get_page', { route: 'posts/hello' }));
  await openGate();
  ok(await write);
});

test('drafts and pages of the future are written, and said not to be live', async () => {
  const draft = ok(await service.call('create_page', { ...page('draft'), draft: true }));
  expect(draft).toMatchObject({ written: true, committed: true, live: false, not_live_because: 'draft' });
  const front_matter = { date: '2099-01-01T00:00:00+01:00' };
  const future = ok(await service.call('create_page', { ...page('future'), front_matter }));
  expect(future).toMatchObject({ live: false, not_live_because: 'future' });
  expect(await service.dir.read('site/content/posts/future/index.en.md')).toContain(
    'date: 2099-01-01T00:00:00+01:00\n',
  );
});

test('deleting leaves other languages and resources, and says what stays', async () => {
  await service.dir.write({ 'site/content/posts/hello/photo.jpg': 'x' });
  const first = ok(await service.call('delete_page', { route: 'posts/hello', lang: 'en' }));
  expect(first).toMatchObject({ live: true, translations: ['fr'], left_behind: [] });
  const last = ok(await service.call('delete_page', { route: 'posts/hello', lang: 'fr' }));
  expect(last).toMatchObject({ live: true, translations: [], left_behind: ['photo.jpg'] });
  expect(await service.dir.read('site/content/posts/hello/photo.jpg')).toBe('x');
});

test('edits change the words that they mean, are live, and a page that they do not fit stays', async () => {
  const before = await service.dir.read('site/content/posts/hello/index.fr.md');
  const target = { route: 'posts/hello', lang: 'fr' };
  const edits = [{ find: 'Salut', replace: 'Bonsoir' }];
  const front_matter = { params: { a: 1, b: { c: 2 } } };
  expect(ok(await service.call('update_page', { ...target, edits, front_matter }))).toMatchObject({ live: true });
  const nested = { params: { b: { c: null, d: 3 } } };
  ok(await service.call('update_page', { ...target, front_matter: nested }));
  expect(await service.dir.read('site/content/posts/hello/index.fr.md')).toBe(
    before.replace('Salut', 'Bonsoir').replace('+02:00\n', '+02:00\nparams:\n  a: 1\n  b:\n    d: 3\n'),
  );
  expect(await service.live('posts/hello/index.html')).toContain('Bonsoir.');
  const again = await service.call('update_page', { ...target, edits, front_matter: { weight: 1 } });
  expect(again.text).toContain('[edit_not_found]');
  expect(again.text).toContain('1: Bonsoir.');
  expect(await service.dir.read('site/content/posts/hello/index.fr.md')).not.toContain('weight');
});

test('an update that changes nothing says so and builds nothing', async () => {
  const same = ok(await service.call('update_page', { route: 'posts/hello', lang: 'fr', title: 'Bonjour' }));
  expect(same).toMatchObject({ written: false, committed: false, release: null, live: true });
  expect(await builds()).toBe(0);
});

test('keeps the last five releases, the live one among them', async () => {
  for (let i = 0; i < 7; i++) ok(await service.call('build_site', {}));
  const folders = async () => (await readdir(at('state/releases'))).filter((name) => !name.endsWith('.json'));
  // The files of an old release are removed behind the answer.
  await until(async () => !(await folders()).some((name) => name.startsWith('.')));
  expect(await folders()).toHaveLength(5);
  expect(await service.live('index.html')).toContain('Bienvenue');
});

test('a build without a home page, or with most pages gone, does not go live', async () => {
  const pages = Object.fromEntries(
    Array.from({ length: 30 }, (_, i) => [`site/content/p${i}/index.en.md`, '---\ntitle: x\n---\n']),
  );
  await service.dir.write(pages);
  ok(await service.call('build_site', {}));
  const release = await service.live('en/p1/index.html');
  await rename(path.join(service.siteDir, 'layouts/_default'), at('away'));
  expect((await service.call('build_site', {})).text).toContain('[build_collapsed]');
  expect(await service.live('en/p1/index.html')).toBe(release);
  await rename(path.join(service.siteDir, 'layouts/index.html'), at('index.html'));
  expect((await service.call('build_site', {})).text).toMatch(/\[build_(no_home|collapsed)\]/);
  expect(await service.live('en/p1/index.html')).toBe(release);
});

test('changes made by hand are seen, and enter the history as such before the next change', async () => {
  await service.dir.write({ 'site/content/posts/hand/index.en.md': '---\ntitle: By hand\n---\nx\n' });
  await until(async () => (await service.call('list_pages', {})).text.includes('By hand'));
  ok(await create('after'));
  expect(await subjects()).toEqual(['Create posts/after (en)', 'Changed by hand', 'Content as it was found']);
  expect(await service.git('log', '-1', '--skip=1', '--format=%an')).toBe('Changed by hand\n');
});

test('a change by hand enters the history too where a folder was replaced, which no watch of the old one sees', async () => {
  const content = path.join(service.siteDir, 'content');
  await rename(content, at('content'));
  await cp(at('content'), content, { recursive: true });
  await service.dir.write({ 'site/content/posts/hello/index.fr.md': '---\ntitle: Hand\n---\nBy hand.\n' });
  ok(await create('after'));
  expect(await service.git('show', 'HEAD~:content/posts/hello/index.fr.md')).toContain('By hand.');
  const read = ok(await service.call('get_page', { route: 'posts/hello', lang: 'fr' }));
  expect(read).toMatchObject({ published: true });
});

test('the link to the live site is never put in the place of something else', async () => {
  await service.stop();
  await rm(service.publicLink);
  await mkdir(service.publicLink);
  await expect(service.restart()).rejects.toMatchObject({ code: 'public_link_occupied' });
  await rm(service.publicLink, { recursive: true });
  await symlink('nowhere', service.publicLink);
  await service.restart();
  ok(await service.call('build_site', {}));
  expect(await service.live('index.html')).toContain('Bienvenue');
});

test('audit events name the caller, the page and the outcome, and never the text', async () => {
  const answer = await create('audited', 'secret words');
  ok(answer);
  expect(await service.auditOf(answer)).toMatchObject({
    actor: { sub: 'owner', client_id: 'https://claude.ai/client', token_id: 'tok_main_001' },
    event_type: 'tool.create_page',
    resource: 'posts/audited (en)',
    result: 'success',
    client_ip: expect.stringContaining('127.0.0.1'),
    hop: 'hugo-mcp-server',
    duration_ms: expect.any(Number),
  });
  expect(await service.dir.read('audit.jsonl')).not.toContain('secret words');
});

function modernHeaders(name: string): Record<string, string> {
  return { 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': name };
}

/** Sends a call, takes the first piece of the answer, and hangs up. */
async function firstBytes(on: TestService, name: string, headers: Record<string, string>, args: object = {}) {
  const requestId = randomUUID();
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const modern = 'mcp-name' in headers;
  const params = { name, arguments: args, ...(modern && { _meta: meta }) };
  const all = {
    authorization: `Bearer ${on.token}`,
    'x-request-id': requestId,
    'arleo-actor': await on.sign(requestId),
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    ...headers,
  };
  return new Promise<{ status?: number; type?: string; timing?: string; chunk: string }>((resolve, reject) => {
    const request = https.request(on.url, { method: 'POST', ca: on.cert, headers: all }, (answer) => {
      answer.once('data', (chunk: Buffer) => {
        const timing = answer.headers['server-timing'];
        const { statusCode: status } = answer;
        const type = answer.headers['content-type'];
        resolve({
          chunk: chunk.toString(),
          ...(status !== undefined && { status }),
          ...(type !== undefined && { type }),
          ...(typeof timing === 'string' && { timing }),
        });
        request.destroy();
      });
    });
    request.once('error', reject);
    request.end(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }));
  });
}

function get(on: TestService, pathname: string): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    https
      .get(new URL(pathname, on.url), { ca: on.cert }, (answer) => {
        let body = '';
        answer.on('data', (chunk) => {
          body += chunk;
        });
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }));
      })
      .once('error', reject);
  });
}

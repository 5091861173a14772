import { mkdir, readFile, symlink, utimes, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { giveRemote, type Remote } from '../testing/pushed-site.ts';
import { serveFolder } from '../testing/serve-folder.ts';
import { type Answer, startService, type TestService } from '../testing/service-fixture.ts';
import { output } from '../testing/site-fixture.ts';

const layout = (mark: string) =>
  `<!doctype html><title>{{ .Title }}</title><p>${mark}</p><main>{{ .Content }}</main>\n`;
const single = 'layouts/_default/single.html';
const helloPage = 'posts/hello/index.html';

let service: TestService;
let remote: Remote;

beforeEach(async () => {
  service = await startService({
    tokenScopes: ['content:read', 'content:write', 'site:admin', 'site:pull'],
    prepare: async (dir) => {
      remote = await giveRemote(dir);
    },
  });
  await service.call('build_site', {});
});
afterEach(() => service?.dispose());

const pull = (branch = 'main', headers: Record<string, string | undefined> = {}) =>
  service.send({
    path: '/internal/site-pull',
    body: JSON.stringify({ branch }),
    headers: { 'arleo-actor': undefined, ...headers },
  });
const at = (file: string) => path.join(service.siteDir, file);
const read = (file: string) => readFile(at(file), 'utf8');
const told = (answer: Answer) => {
  expect({ status: answer.status, text: answer.text }).toMatchObject({ status: 200 });
  return answer.json;
};
const siteHead = async () => (await remote.site('rev-parse', 'HEAD')).trim();

test('a pushed layout goes live, is recorded and kept as the last outcome; pages and untracked files stay', async () => {
  const page = await read('content/posts/hello/index.fr.md');
  await writeFile(at('notes.txt'), 'mine');
  const commit = await remote.push({ [single]: layout('new look') });
  const answer = await pull();
  expect(told(answer)).toMatchObject({ result: 'live', branch: 'main', commit, release: expect.any(String) });
  expect(await service.live(helloPage)).toContain('new look');
  expect([await siteHead(), await read('content/posts/hello/index.fr.md'), await read('notes.txt')]).toEqual([
    commit,
    page,
    'mine',
  ]);
  expect(await service.auditOf(answer)).toMatchObject({
    event_type: 'site.pulled',
    result: 'success',
    resource: 'main',
    actor: { token_id: expect.stringMatching(/^tok_/) },
    details: { outcome: 'live', commit },
  });
  const info = (await service.call('site_info', {})).json.result.structuredContent;
  expect(info.last_pull).toMatchObject({ result: 'live', branch: 'main', commit });
  const state = JSON.parse(await service.dir.read('state/site-pull.json'));
  expect(state).toEqual({ last: answer.json });
});

test('a second pull of the same commit changes nothing and builds nothing', async () => {
  await remote.push({ [single]: layout('once') });
  const first = told(await pull());
  const live = await readFile(path.join(service.publicLink, helloPage), 'utf8');
  const second = told(await pull());
  expect(second).toMatchObject({ result: 'unchanged', commit: first.commit });
  expect(second.release).toBeUndefined();
  expect(await service.live(helloPage)).toBe(live);
});

test('a layout that Hugo cannot build is not put live and is rolled back; the next push works', async () => {
  const before = await siteHead();
  const broken = await remote.push({ [single]: '{{ .NoSuchThing | nonsense }}\n' });
  const answer = await pull();
  expect(told(answer)).toMatchObject({ result: 'rolled_back', code: 'hugo_failed', from: before, commit: broken });
  expect(answer.json.lines.join('\n')).toContain('nonsense');
  expect(answer.text).not.toContain(service.siteDir);
  expect([await siteHead(), await read(single)]).toEqual([before, expect.not.stringContaining('nonsense')]);
  expect(await service.live(helloPage)).toContain('Salut');
  expect(await service.auditOf(answer)).toMatchObject({ result: 'failure', reason: 'hugo_failed' });
  const info = (await service.call('site_info', {})).json.result.structuredContent;
  expect(info.last_pull).toMatchObject({ result: 'rolled_back', code: 'hugo_failed', commit: broken });
  expect(info.last_pull.lines.join('\n')).toContain('nonsense');
  // A page can be written: the rolled back layout builds.
  const args = { route: 'posts/after', lang: 'fr', title: 'Après', content: 'Ça va.' };
  expect((await service.call('create_page', args)).json.result.structuredContent).toMatchObject({ live: true });
  await remote.push({ [single]: layout('mended') });
  expect(told(await pull())).toMatchObject({ result: 'live' });
  expect(await service.live(helloPage)).toContain('mended');
});

test('a configuration that Hugo cannot read is rolled back, and the site stays readable', async () => {
  await remote.push({ 'hugo.toml': 'this is = = not toml\n' });
  expect(told(await pull())).toMatchObject({ result: 'rolled_back', code: 'site_config_invalid' });
  expect((await service.call('list_pages', {})).json.result.isError ?? false).toBe(false);
});

test('a push mends a configuration that Hugo could not read when the service started', async () => {
  const config = await read('hugo.toml');
  await service.stop();
  await remote.push({ 'hugo.toml': 'this is = = not toml\n' });
  await remote.site('pull', '--quiet', 'origin', 'main');
  await service.restart();
  expect((await service.call('list_pages', {})).json.result.isError).toBe(true);
  await remote.push({ 'hugo.toml': config, [single]: layout('mended') });
  expect(told(await pull())).toMatchObject({ result: 'live' });
  expect((await service.call('list_pages', {})).json.result.isError ?? false).toBe(false);
  expect(await service.live(helloPage)).toContain('mended');
});

test('what the configuration says of languages is read again after a pull', async () => {
  const config = await read('hugo.toml');
  await remote.push({ 'hugo.toml': `${config}[languages.de]\nweight = 3\n` });
  told(await pull());
  const args = { route: 'posts/neu', lang: 'de', title: 'Neu', content: 'Hallo.' };
  expect((await service.call('create_page', args)).json.result.structuredContent).toMatchObject({ live: true });
});

describe('content that is tracked', () => {
  test('by the pushed commit: refused, nothing touched', async () => {
    const page = await read('content/posts/hello/index.fr.md');
    const before = await siteHead();
    await remote.push({ 'content/posts/hello/index.fr.md': 'overwritten', [single]: layout('never') });
    const answer = told(await pull());
    expect(answer).toMatchObject({ result: 'refused', code: 'content_tracked' });
    expect(answer.message).toContain('content/posts/hello/index.fr.md');
    expect(answer.hint).toContain('git rm -r --cached');
    expect([await siteHead(), await read('content/posts/hello/index.fr.md')]).toEqual([before, page]);
  });

  test('by the site’s own index, which a push without it would delete: refused, pages stay', async () => {
    await remote.site('add', '--force', 'content');
    await remote.site('commit', '--quiet', '--message', 'By mistake');
    await remote.push({ [single]: layout('never') });
    expect(told(await pull())).toMatchObject({ result: 'refused', code: 'content_tracked' });
    expect(await read('content/posts/hello/index.fr.md')).toContain('Salut');
    // The way out that the hint names loses nothing.
    await remote.site('rm', '-r', '--cached', '--quiet', 'content');
    expect(told(await pull())).toMatchObject({ result: 'live' });
    expect(await read('content/posts/hello/index.fr.md')).toContain('Salut');
  });

  test('in a folder that only the pushed configuration makes a content folder: rolled back', async () => {
    const before = await siteHead();
    await remote.push({ 'hugo.toml': `contentDir = "texts"\n${await read('hugo.toml')}`, 'texts/_index.fr.md': 'x' });
    expect(told(await pull())).toMatchObject({ result: 'rolled_back', code: 'content_tracked' });
    expect(await siteHead()).toBe(before);
    expect((await service.call('get_page', { route: 'posts/hello', lang: 'fr' })).text).toContain('Salut');
  });

  test('as a link in the place of the folder: refused', async () => {
    await symlink('/etc', path.join(service.dir.path, 'owner/content'));
    await remote.push({});
    expect(told(await pull())).toMatchObject({ result: 'refused', code: 'content_tracked' });
    expect(await read('content/posts/hello/index.fr.md')).toContain('Salut');
  });
});

describe('files that are not the repository’s', () => {
  test.each([
    ['a file', 'static/images/logo.svg', 'static/images/logo.svg'],
    ['a folder with a file', 'static/images', 'static/images/logo.svg'],
    ['a file where the push needs a folder', 'static/images/logo.svg/x', 'static/images/logo.svg'],
  ])('%s in the way of a pushed one: refused, and it stays', async (_, pushed, untracked) => {
    await mkdir(path.dirname(at(untracked)), { recursive: true });
    await writeFile(at(untracked), 'uploaded');
    await remote.push({ [pushed]: 'pushed' });
    const answer = told(await pull());
    expect(answer).toMatchObject({ result: 'refused', code: 'untracked_in_the_way' });
    expect(answer.message).toContain(untracked);
    expect(await read(untracked)).toBe('uploaded');
  });

  test('an uploaded file over a tracked one stays, changed or deleted; other changes made by hand are kept in a ref', async () => {
    const files = { 'static/a.txt': 'pushed', 'static/b.txt': 'pushed', 'layouts/partials/x.html': 'pushed' };
    await remote.push(files);
    told(await pull());
    await writeFile(at('static/a.txt'), 'uploaded');
    await output('rm', [at('static/b.txt')]);
    await writeFile(at('layouts/partials/x.html'), 'by hand');
    await remote.push({ 'static/a.txt': 'pushed again', [single]: layout('two') });
    const answer = told(await pull());
    expect(answer).toMatchObject({ result: 'live', kept: expect.stringMatching(/^refs\/arleo\/kept\//) });
    expect([await read('static/a.txt'), await read('layouts/partials/x.html')]).toEqual(['uploaded', 'pushed']);
    await expect(read('static/b.txt')).rejects.toThrow('ENOENT');
    expect(await remote.site('show', `${answer.kept}:layouts/partials/x.html`)).toBe('by hand');
    // What tools uploaded stays changed for good: that alone is no reason for one more ref at each push.
    await remote.push({ [single]: layout('three') });
    expect(told(await pull())).not.toHaveProperty('kept');
    expect([await read('static/a.txt'), (await remote.site('for-each-ref', 'refs/arleo')).trim().split('\n')]).toEqual([
      'uploaded',
      [expect.stringContaining(answer.kept)],
    ]);
  });

  test('changes made by hand are back after a push was rolled back', async () => {
    await remote.push({ 'layouts/partials/x.html': 'pushed' });
    told(await pull());
    await writeFile(at('layouts/partials/x.html'), 'by hand');
    await remote.push({ [single]: '{{ nonsense }}', 'layouts/partials/x.html': 'other' });
    expect(told(await pull())).toMatchObject({ result: 'rolled_back' });
    expect(await read('layouts/partials/x.html')).toBe('by hand');
  });
});

describe('what cannot be pulled', () => {
  test('another branch than the configured one', async () => {
    expect(told(await pull('dev'))).toMatchObject({ result: 'refused', code: 'branch_mismatch' });
  });

  test('a site that has another branch checked out', async () => {
    await remote.site('checkout', '--quiet', '-b', 'dev');
    expect(told(await pull())).toMatchObject({ result: 'refused', code: 'site_branch_mismatch' });
  });

  test('a branch that is not there', async () => {
    await output('git', ['-C', path.join(service.dir.path, 'remote.git'), 'update-ref', '-d', 'refs/heads/main']);
    expect(told(await pull())).toMatchObject({ result: 'refused', code: 'branch_missing' });
  });

  test('a remote that does not answer: no credentials in answer, log or state', async () => {
    const url = 'http://owner:hunter2hunter2@127.0.0.1:1/site.git';
    await remote.site('remote', 'set-url', 'origin', url);
    const answer = await pull();
    expect(told(answer)).toMatchObject({ result: 'refused', code: 'fetch_failed' });
    await service.auditOf(answer);
    const written =
      answer.text + (await service.dir.read('audit.jsonl')) + (await service.dir.read('state/site-pull.json'));
    expect(written).toContain('127.0.0.1:1');
    expect(written).not.toContain('hunter2');
  });

  test('a site that is no repository, although a folder above it is one', async () => {
    await output('rm', ['-rf', at('.git')]);
    await output('git', ['init', '--quiet', service.dir.path]);
    await output('git', [
      '-C',
      service.dir.path,
      '-c',
      'user.name=x',
      '-c',
      'user.email=x',
      'commit',
      '--allow-empty',
      '-qm',
      'x',
    ]);
    expect(told(await pull())).toMatchObject({ result: 'refused', code: 'site_not_git' });
    expect(await read(single)).toContain('main');
  });
});

test('no hook of the repository runs', async () => {
  const mark = path.join(service.dir.path, 'hook-ran');
  for (const hook of ['post-checkout', 'post-merge', 'reference-transaction', 'post-index-change', 'pre-auto-gc']) {
    await writeFile(at(`.git/hooks/${hook}`), `#!/bin/sh\ntouch '${mark}'\n`, { mode: 0o755 });
  }
  await remote.push({ [single]: layout('no hooks') });
  expect(told(await pull())).toMatchObject({ result: 'live' });
  await expect(readFile(mark)).rejects.toThrow('ENOENT');
});

test('submodules follow the commit only if that is configured', async () => {
  const dir = service.dir.path;
  await service.dir.write({ 'theme-src/layouts/partials/t.html': 'from the theme' });
  const git = (...args: string[]) => output('git', ['-c', 'user.name=x', '-c', 'user.email=x@x', ...args]);
  await git('-C', dir, 'init', '--quiet', 'theme-src');
  await git('-C', `${dir}/theme-src`, 'add', '--all');
  await git('-C', `${dir}/theme-src`, 'commit', '--quiet', '-m', 'theme');
  const themes = await serveFolder(dir);
  const url = `${themes.url}/theme-src/.git`;
  await git('-C', `${dir}/theme-src`, 'update-server-info');
  await remote.owner('submodule', '--quiet', 'add', url, 'themes/t');
  await remote.push({});
  expect(told(await pull())).toMatchObject({ result: 'live' });
  await expect(read('themes/t/layouts/partials/t.html')).rejects.toThrow('ENOENT');
  await service.restart({ SITE_SUBMODULES: 'true' });
  await remote.push({ [single]: layout('with theme') });
  expect(told(await pull())).toMatchObject({ result: 'live' });
  expect(await read('themes/t/layouts/partials/t.html')).toBe('from the theme');

  // A theme of a later commit goes back with the layouts that break it.
  await service.dir.write({ 'theme-src/layouts/partials/t.html': 'later' });
  await git('-C', `${dir}/theme-src`, 'commit', '--quiet', '-am', 'later');
  await git('-C', `${dir}/theme-src`, 'update-server-info');
  await remote.owner('submodule', '--quiet', 'update', '--remote', 'themes/t');
  await remote.push({ [single]: '{{ nonsense }}' });
  expect(told(await pull())).toMatchObject({ result: 'rolled_back', code: 'hugo_failed' });
  expect(await read('themes/t/layouts/partials/t.html')).toBe('from the theme');
  // A submodule that cannot be fetched: the push is undone as a whole.
  await themes.close();
  const gitlink = `160000,${'1'.repeat(40)},themes/u`;
  await remote.owner('update-index', '--add', '--cacheinfo', gitlink);
  await remote.owner('config', '--file', '.gitmodules', 'submodule.themes/u.path', 'themes/u');
  await remote.owner('config', '--file', '.gitmodules', 'submodule.themes/u.url', `${themes.url}/gone`);
  await mkdir(path.join(dir, 'owner/themes/u'));
  await remote.owner('add', '.gitmodules');
  await remote.owner('commit', '--quiet', '--message', 'A theme that is gone');
  await remote.owner('push', '--quiet', 'origin', 'HEAD:main');
  const before = await siteHead();
  expect(told(await pull())).toMatchObject({ result: 'rolled_back', code: 'git_failed' });
  expect([await siteHead(), await read('themes/t/layouts/partials/t.html')]).toEqual([before, 'from the theme']);
});

test('a pull that the service did not survive is undone at the next start, and can be asked for again', async () => {
  const from = await siteHead();
  const to = await remote.push({ [single]: '{{ nonsense }}', 'hugo.toml': 'this is = = not toml\n' });
  await service.stop();
  // As a kill right after the reset leaves it.
  await remote.site('fetch', '--quiet');
  await remote.site('reset', '--quiet', '--hard', to);
  for (const lock of ['index', 'HEAD', 'refs/heads/main']) await writeFile(at(`.git/${lock}.lock`), '');
  const begun = { from, to, branch: 'main', request_id: 'r' };
  await service.dir.write({ 'state/site-pull.json': JSON.stringify({ under_way: begun }) });
  await service.restart();
  expect([await siteHead(), await remote.site('status', '--porcelain', '--untracked-files=no')]).toEqual([from, '']);
  expect(JSON.parse(await service.dir.read('state/site-pull.json'))).toMatchObject({ last: { result: 'interrupted' } });
  expect((await service.call('list_pages', {})).json.result.isError ?? false).toBe(false);
  expect(told(await pull())).toMatchObject({ result: 'rolled_back', commit: to });
});

test('a lock that a fetch left which was killed long ago stops no other', async () => {
  await remote.push({ [single]: layout('unlocked') });
  await remote.site('fetch', '--quiet');
  const lock = at('.git/refs/remotes/origin/main.lock');
  await writeFile(lock, '');
  await remote.push({ [single]: layout('unlocked again') });
  expect(told(await pull())).toMatchObject({ result: 'refused', code: 'fetch_failed' });
  const old = new Date(Date.now() - 600_000);
  await utimes(lock, old, old);
  expect(told(await pull())).toMatchObject({ result: 'live' });
});

describe('who may ask', () => {
  test('a token without the scope: 403 that names it, an actor does not help, and nothing is pulled', async () => {
    await service.dispose();
    service = await startService({
      prepare: async (dir) => {
        remote = await giveRemote(dir);
      },
    });
    const before = await siteHead();
    await remote.push({ [single]: layout('never') });
    for (const headers of [{}, { 'arleo-actor': await service.sign('0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d') }]) {
      const refused = await pull('main', headers);
      expect([refused.status, refused.json.error.data.reason]).toEqual([403, 'insufficient_scope']);
      expect(refused.headers['www-authenticate']).toContain('site:pull');
    }
    expect(await siteHead()).toBe(before);
  });

  test('[R-HOOK-TOKEN] a token with nothing but the scope can do nothing else, whatever actor is beside it', async () => {
    await service.dispose();
    service = await startService({
      tokenScopes: ['site:pull'],
      prepare: async (dir) => {
        remote = await giveRemote(dir);
      },
    });
    expect(told(await pull())).toMatchObject({ result: 'live' });
    expect((await service.rpc('tools/list')).json.result.tools).toEqual([]);
    expect((await service.call('list_pages', {})).status).toBe(403);
  });

  test.each([
    ['no token', { authorization: undefined }, 401, 'token_missing'],
    ['a wrong token', { authorization: `Bearer hmcp_${'0'.repeat(16)}_${'0'.repeat(64)}` }, 401, 'token_invalid'],
  ])('%s', async (_, headers, status, reason) => {
    const refused = await pull('main', headers);
    expect([refused.status, refused.json.error.data.reason]).toEqual([status, reason]);
    expect(await service.auditOf(refused)).toMatchObject({ event_type: 'caller.refused', result: 'denied' });
  });

  test.each([
    ['GET', { method: 'GET' }, 405],
    ['no JSON', { body: 'x' }, 400],
    ['another body', { body: '{"branch":"main","ref":"x"}' }, 400],
    ['a long body', { body: JSON.stringify({ branch: 'x'.repeat(5000) }) }, 413],
    ['another path', { path: '/internal/x' }, 404],
  ])('%s', async (_, options, status) => {
    const body = 'method' in options ? {} : { body: '{"branch":"main"}' };
    expect((await service.send({ path: '/internal/site-pull', ...body, ...options })).status).toBe(status);
  });
});

import { createHmac } from 'node:crypto';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { CLOUDFLARE_TOKEN, cloudflareAnswer, type FakeEndpoint, fakeEndpoint, ZONE } from './testing/fake-endpoint.ts';
import { type Answer, startService, type TestService } from './testing/service-fixture.ts';

const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
const key = 'f34f184d10c049ef99aa7637cdc4ef04';
const ok = (answer: Answer) => {
  expect({ text: answer.text, isError: answer.json.result.isError ?? false }).toMatchObject({ isError: false });
  return answer.json.result.structuredContent;
};
const page = (name: string) => ({ route: `posts/${name}`, lang: 'en' });

let service: TestService;
let cloudflare: FakeEndpoint;
let indexNow: FakeEndpoint;
let receiver: FakeEndpoint;

beforeEach(async () => {
  cloudflare = await fakeEndpoint(cloudflareAnswer);
  indexNow = await fakeEndpoint(() => ({ status: 202, body: '' }));
  receiver = await fakeEndpoint(() => ({ status: 204 }));
});
afterEach(async () => {
  await service?.dispose();
  await Promise.all([cloudflare.close(), indexNow.close(), receiver.close()]);
});

const cloudflareEnvironment = (mode: string) => ({
  CLOUDFLARE_ZONE_ID: ZONE,
  CLOUDFLARE_API_TOKEN: CLOUDFLARE_TOKEN,
  CLOUDFLARE_PURGE: mode,
  CLOUDFLARE_API_URL: `${cloudflare.url}/client/v4`,
});
const everything = () => ({
  ...cloudflareEnvironment('partial'),
  INDEXNOW_KEY: key,
  INDEXNOW_URL: `${indexNow.url}/indexnow`,
  PUBLISH_WEBHOOK_URL: `${receiver.url}/hooks/site?for=arleo`,
  PUBLISH_WEBHOOK_SECRET: secret,
});
async function start(environment: Record<string, string>): Promise<void> {
  service = await startService({ environment: () => environment });
  ok(await service.call('build_site', {}));
  for (const fake of [cloudflare, indexNow, receiver]) fake.calls.length = 0;
}
const update = async (content: string, name = 'hello') =>
  ok(await service.call('update_page', { ...page(name), content }));
const fact = (result: { published: { plugin: string }[] }, plugin: string) =>
  result.published.find((one) => one.plugin === plugin);

test('after a change each is told of exactly what changed, in its own form', async () => {
  await start(everything());
  const result = await update('Changed.');
  const url = 'https://example.org/en/posts/hello/';
  expect(result).toMatchObject({ written: true, live: true });
  expect(result.published).toEqual([
    { plugin: 'cloudflare', ok: true, detail: '1 address was purged.', urls: [url], url_count: 1 },
    { plugin: 'indexnow', ok: true, detail: '1 page was reported.', urls: [url], url_count: 1 },
    { plugin: 'webhook', ok: true, detail: 'Delivered (204).', urls: [], url_count: 0 },
  ]);
  expect(cloudflare.calls.map(({ json }) => json)).toEqual([{ files: [url] }]);
  expect(indexNow.calls).toMatchObject([
    {
      method: 'POST',
      path: '/indexnow',
      headers: { 'content-type': 'application/json; charset=utf-8' },
      json: { host: 'example.org', key, keyLocation: `https://example.org/${key}.txt`, urlList: [url] },
    },
  ]);
  expect(await service.live(`${key}.txt`)).toBe(key);

  const [message] = receiver.calls;
  expect(message?.path).toBe('/hooks/site?for=arleo');
  const { 'webhook-id': id, 'webhook-timestamp': at, 'webhook-signature': signature } = message?.headers ?? {};
  const mac = createHmac('sha256', Buffer.alloc(32, 7)).update(`${id}.${at}.${message?.text}`).digest('base64');
  expect(signature).toBe(`v1,${mac}`);
  expect(Math.abs(Number(at) - Date.now() / 1000)).toBeLessThan(60);
  expect(message?.json).toMatchObject({
    type: 'site.published',
    data: {
      release: result.release,
      commit: result.commit,
      base_url: 'https://example.org/',
      changes: { added: { count: 0, urls: [] }, changed: { count: 1, urls: [url] }, removed: { count: 0, urls: [] } },
    },
  });

  const file = { name: 'a.pdf', content_type: 'application/pdf', data: Buffer.from('%PDF-1.7\n').toString('base64') };
  const uploaded = ok(await service.call('upload_asset', file));
  expect(fact(uploaded, 'cloudflare')).toMatchObject({ urls: ['https://example.org/a.pdf'] });
  expect(fact(uploaded, 'indexnow')).toMatchObject({ ok: true, detail: 'No page changed.', urls: [] });
  const removed = ok(await service.call('delete_page', page('hello')));
  expect(fact(removed, 'indexnow')).toMatchObject({ ok: true, urls: ['https://example.org/en/posts/', url] });
});

test('nothing is sent when nothing is configured, and half a configuration is refused', async () => {
  await start({});
  expect((await update('Changed.')).published).toEqual([]);
  expect(await readdir(path.join(service.dir.path, 'state'))).not.toContain('announced.json');
  await expect(service.restart({ CLOUDFLARE_ZONE_ID: ZONE })).rejects.toThrow(/^CLOUDFLARE_API_TOKEN: is missing/);
  await expect(service.restart({ PUBLISH_WEBHOOK_SECRET: secret })).rejects.toThrow(/^PUBLISH_WEBHOOK_URL: is missing/);
  const plain = { PUBLISH_WEBHOOK_SECRET: secret, PUBLISH_WEBHOOK_URL: 'http://example.org/' };
  await expect(service.restart(plain)).rejects.toThrow(/^PUBLISH_WEBHOOK_URL: is not a plain https URL/);
  await expect(service.restart({ DEPLOY_CMD: 'rm -rf /' })).rejects.toThrow(/^DEPLOY_CMD: is not a JSON list/);
  await expect(service.restart({ DEPLOY_CMD: '["deploy"]' })).rejects.toThrow(/^DEPLOY_CMD: is not a JSON list/);
  await service.restart();
});

test('a secret can come from a file, and is in no log', async () => {
  await start({});
  const file = path.join(service.dir.path, 'token');
  await writeFile(file, `${CLOUDFLARE_TOKEN}\n`);
  const { CLOUDFLARE_API_TOKEN: _, ...rest } = cloudflareEnvironment('full');
  await service.restart({ ...rest, CLOUDFLARE_API_TOKEN_FILE: file });
  expect(fact(await update('One.'), 'cloudflare')).toMatchObject({ ok: true, detail: 'Everything was purged.' });
  expect(cloudflare.calls).toMatchObject([{ json: { purge_everything: true } }]);
  expect(await service.dir.read('audit.jsonl')).not.toContain(CLOUDFLARE_TOKEN);
});

test('many changes are purged in calls of 30; in smart mode removals and floods purge everything', async () => {
  await start(cloudflareEnvironment('partial'));
  const content = path.join(service.siteDir, 'content/posts');
  for (let i = 0; i < 71; i++) {
    await mkdir(path.join(content, `p${i}`));
    await writeFile(path.join(content, `p${i}/index.en.md`), `---\ntitle: P${i}\n---\n`);
  }
  const many = ok(await service.call('build_site', {}));
  expect(fact(many, 'cloudflare')).toMatchObject({ ok: true, url_count: 71 });
  expect(fact(many, 'cloudflare')).toMatchObject({ urls: { length: 50 } });
  expect(cloudflare.calls.map(({ json }) => json.files.length).sort()).toEqual([11, 30, 30]);
  expect(new Set(cloudflare.calls.flatMap(({ json }) => json.files)).size).toBe(71);

  cloudflare.calls.length = 0;
  await service.restart(cloudflareEnvironment('smart'));
  await update('Only this.');
  ok(await service.call('delete_page', page('p1')));
  expect(cloudflare.calls.map(({ json }) => json)).toEqual([
    { files: ['https://example.org/en/posts/hello/'] },
    { purge_everything: true },
  ]);
  const unchanged = ok(await service.call('build_site', {}));
  expect(fact(unchanged, 'cloudflare')).toMatchObject({ ok: true, detail: 'Nothing changed.' });
});

test('one that fails is a fact of its own; what it was not told is told the next time, also after a restart', async () => {
  await start(everything());
  cloudflare.answer = () => ({
    status: 403,
    body: {
      success: false,
      errors: [{ code: 10000, message: 'Authentication\nerror\u202e' }],
      messages: [],
      result: null,
    },
  });
  indexNow.answer = () => ({ status: 422, body: '' });
  receiver.answer = () => ({ status: 500, body: 'no' });
  const result = await update('Changed.');
  expect(result).toMatchObject({ written: true, committed: true, live: true });
  expect(result.published).toMatchObject([
    { plugin: 'cloudflare', ok: false, detail: 'Cloudflare refused with 403: 10000 Authentication error.' },
    { plugin: 'indexnow', ok: false, detail: expect.stringContaining('refused with 422: the addresses do not belong') },
    { plugin: 'webhook', ok: false, detail: 'The webhook answered 500.' },
  ]);
  const info = ok(await service.call('site_info', {}));
  expect(info.last_published).toEqual({ release: result.release, published: result.published });
  expect(receiver.calls).toHaveLength(2);
  expect(new Set(receiver.calls.map(({ headers }) => headers['webhook-id'])).size).toBe(1);

  await service.stop();
  cloudflare.calls.length = 0;
  indexNow.calls.length = 0;
  cloudflare.answer = cloudflareAnswer;
  receiver.answer = () => ({ status: 200 });
  await service.restart();
  while (cloudflare.calls.length === 0 || indexNow.calls.length === 0)
    await new Promise((resolve) => setTimeout(resolve, 10));
  expect(cloudflare.calls[0]?.json).toEqual({ files: ['https://example.org/en/posts/hello/'] });
  indexNow.answer = () => ({ status: 200 });
  const again = ok(await service.call('create_page', { ...page('other'), title: 'Other', content: 'x' }));
  expect(fact(again, 'indexnow')).toMatchObject({
    ok: true,
    urls: ['https://example.org/en/posts/other/', 'https://example.org/en/posts/hello/'],
  });
  expect(fact(again, 'cloudflare')).toMatchObject({ ok: true, urls: ['https://example.org/en/posts/other/'] });
});

test('going back to an earlier release is told as well', async () => {
  await start({
    ...cloudflareEnvironment('partial'),
    ...{ PUBLISH_WEBHOOK_URL: receiver.url, PUBLISH_WEBHOOK_SECRET: secret },
  });
  const { release } = await update('Worse.');
  receiver.calls.length = 0;
  const back = ok(await service.call('rollback_site', {}));
  expect(back).toMatchObject({ live: true, was_live: release });
  expect(fact(back, 'cloudflare')).toMatchObject({ ok: true, urls: ['https://example.org/en/posts/hello/'] });
  expect(receiver.calls).toMatchObject([{ json: { data: { release: back.release, since: release } } }]);
});

test('429 is tried again when it asks for little patience, and told when it asks for much', async () => {
  await start(cloudflareEnvironment('full'));
  const busy = { success: false, errors: [{ code: 10429, message: 'Rate limited' }], messages: [], result: null };
  cloudflare.answer = (call) =>
    cloudflare.calls.length === 1
      ? { status: 429, headers: { 'retry-after': '1' }, body: busy }
      : cloudflareAnswer(call);
  expect(fact(await update('One.'), 'cloudflare')).toMatchObject({ ok: true });
  expect(cloudflare.calls).toHaveLength(2);
  cloudflare.calls.length = 0;
  cloudflare.answer = () => ({ status: 429, headers: { 'retry-after': '90' }, body: busy });
  expect(fact(await update('Two.'), 'cloudflare')).toMatchObject({
    ok: false,
    detail: 'Cloudflare refused with 429: 10429 Rate limited. It asks to wait 90 s.',
  });
  expect(cloudflare.calls).toHaveLength(1);
});

test('a redirect is not followed: the token and the signature go to one address', async () => {
  await start(everything());
  const elsewhere = await fakeEndpoint(() => ({ status: 200, body: { success: true, errors: [] } }));
  for (const fake of [cloudflare, indexNow, receiver]) {
    fake.answer = () => ({ status: 307, headers: { location: `${elsewhere.url}/client/v4/x` } });
  }
  const { published } = await update('Changed.');
  for (const one of published)
    expect(one).toMatchObject({ ok: false, detail: expect.stringContaining('a redirect (307)') });
  expect(elsewhere.calls).toEqual([]);
  await elsewhere.close();
});

test('what is no answer of Cloudflare is no success', async () => {
  await start(cloudflareEnvironment('full'));
  for (const body of ['<html>ok</html>', '{}', '{"success":"yes"}', { success: false, errors: [] }, '']) {
    cloudflare.answer = () => ({ status: 200, body });
    expect(fact(ok(await service.call('build_site', {})), 'cloudflare')).toMatchObject({ ok: false });
  }
  cloudflare.answer = () => ({ status: 200, body: JSON.stringify('x'.repeat(2_000_000)) });
  expect(fact(ok(await service.call('build_site', {})), 'cloudflare')).toMatchObject({
    ok: false,
    detail: 'Cloudflare sent more than an answer.',
  });
  await cloudflare.close();
  expect(fact(ok(await service.call('build_site', {})), 'cloudflare')).toMatchObject({
    ok: false,
    // Newer versions of Node have their own name for it.
    detail: expect.stringMatching(
      /^Cloudflare could not be reached \((ECONNREFUSED|ERR_SOCKET_CLOSED_BEFORE_CONNECTION)\)\.$/,
    ),
  });
  cloudflare = await fakeEndpoint(cloudflareAnswer);
});

test('one that hangs is given up after 8 s, holds up neither the others nor the next change', async () => {
  await start(everything());
  cloudflare.answer = () => 'hang';
  let ended = false;
  const pending = update('Changed.').finally(() => {
    ended = true;
  });
  while (cloudflare.calls.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  cloudflare.answer = cloudflareAnswer;
  const other = service.call('create_page', { ...page('other'), title: 'Other', content: 'x' });
  while ((await service.live('en/posts/other/index.html')) === undefined) {
    expect(ended).toBe(false);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const result = await pending;
  expect(result.published).toMatchObject([
    { plugin: 'cloudflare', ok: false, detail: 'It did not end within 8 s and was given up.' },
    { plugin: 'indexnow', ok: true },
    { plugin: 'webhook', ok: true },
  ]);
  // What the one that hung was not told, it is told with the next change.
  expect(fact(ok(await other), 'cloudflare')).toMatchObject({ ok: true, url_count: 2 });
});

describe('DEPLOY_CMD', () => {
  const script = async (body: string, timeoutSeconds = '30'): Promise<void> => {
    const file = path.join(service.dir.path, 'deploy');
    await writeFile(file, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
    const DEPLOY_CMD = JSON.stringify([file, 'a b', '$HOME; touch x']);
    await service.restart({ DEPLOY_CMD, DEPLOY_TIMEOUT_SECONDS: timeoutSeconds });
  };

  test('runs in the release, without a shell between, and with nothing of our environment', async () => {
    await start({ PUBLISH_WEBHOOK_URL: `${receiver.url}/`, PUBLISH_WEBHOOK_SECRET: secret });
    const log = path.join(service.dir.path, 'deployed');
    await script(`{ env | sort; printf '%s\\n' "$@"; pwd; cat en/posts/hello/index.html; } > ${log}`);
    const result = await update('Deployed words.');
    expect(result.published).toMatchObject([
      { plugin: 'deploy', ok: true, detail: expect.stringMatching(/^DEPLOY_CMD took \d+ ms\.$/) },
      { plugin: 'webhook', ok: true },
    ]);
    const text = await readFile(log, 'utf8');
    const names = [...text.matchAll(/^([A-Z_]+)=/gm)].map(([, name]) => name);
    const given = [
      'ARLEO_BASE_URL',
      'ARLEO_RELEASE',
      'ARLEO_RELEASE_BEFORE',
      'ARLEO_RELEASE_DIR',
      'HOME',
      'LANG',
      'PATH',
    ];
    expect(names.filter((name) => name !== 'PWD' && name !== 'OLDPWD' && name !== '_' && name !== 'SHLVL')).toEqual(
      given,
    );
    expect(text).toContain(`ARLEO_RELEASE=${result.release}\n`);
    expect(text).toContain('a b\n$HOME; touch x\n');
    expect(text).toContain('Deployed words.');
  });

  test('that fails, or is not there, is a fact of its own; its words stay with the owner', async () => {
    await start({});
    await script('echo secret-words >&2; exit 7');
    const failed = await update('One.');
    expect(failed).toMatchObject({ live: true });
    expect(failed.published).toEqual([
      {
        plugin: 'deploy',
        ok: false,
        detail: 'DEPLOY_CMD ended with status 7; the log of hugo-mcp-server has its last words.',
        urls: [],
        url_count: 0,
      },
    ]);
    await rm(path.join(service.dir.path, 'deploy'));
    expect(fact(await update('Two.'), 'deploy')).toMatchObject({
      ok: false,
      detail: 'The program of DEPLOY_CMD was not found.',
    });
  });

  test('that takes too long is killed with all that it started', async () => {
    await start({});
    const beat = path.join(service.dir.path, 'beat');
    await script(`(while :; do date +%s%N > ${beat}; sleep 0.05; done) &\nsleep 60`, '4');
    expect(fact(await update('One.'), 'deploy')).toMatchObject({
      ok: false,
      detail: 'DEPLOY_CMD was stopped after 4 s.',
    });
    const last = await readFile(beat, 'utf8');
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await readFile(beat, 'utf8')).toBe(last);
  });
});

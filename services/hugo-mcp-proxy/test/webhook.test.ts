import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import type { RequestListener, ServerResponse } from 'node:http';
import path from 'node:path';
import { mintToken } from '@arleo/core/tokens/token';
import { beginRequest, createHook } from './fake-github.ts';
import { type Identity, openProxyWorkshop, type RunningProxy } from './run-proxy.ts';
import { send, startUpstream, type Upstream } from './tls-upstream.ts';

const [secret, old, foreign] = ['s'.repeat(40), 'o'.repeat(40), 'f'.repeat(40)];
const [mcpToken, pullToken] = [mintToken().token, mintToken().token];
const commit = '2'.repeat(40);

let workshop: Awaited<ReturnType<typeof openProxyWorkshop>>;
let identity: Identity;
let upstream: Upstream;
let proxy: RunningProxy;
let stateDir: string;
let secretFile: string;
let environment: Record<string, string>;
let made = 0;
/** What hugo-mcp-server was asked, and how it answers. */
let pulls: { headers: Record<string, unknown>; body: string }[];
let answer: (response: ServerResponse) => void;

const listener: RequestListener = async (request, response) => {
  if (request.url !== '/internal/site-pull') return void response.writeHead(404).end();
  let body = '';
  for await (const part of request) body += part;
  pulls.push({ headers: { ...request.headers, method: request.method }, body });
  answer(response);
};
const outcome = (result: object) => (response: ServerResponse) => void response.end(JSON.stringify(result));

beforeAll(async () => {
  workshop = await openProxyWorkshop();
  identity = await workshop.identity();
});
afterAll(() => workshop?.dispose());

beforeEach(async () => {
  made += 1;
  pulls = [];
  answer = outcome({ result: 'live', commit, release: 'r1' });
  stateDir = path.join(workshop.folder, `state-${made}`);
  secretFile = path.join(workshop.folder, `secret-${made}`);
  await writeFile(secretFile, `${secret}\n`, { mode: 0o600 });
  upstream = await startUpstream(identity, listener);
  environment = {
    UPSTREAM_URL: upstream.url,
    UPSTREAM_CERT: identity.cert,
    MCP_TOKEN_SHA256: createHash('sha256').update(mcpToken).digest('hex'),
    WEBHOOK_SECRET_FILE: secretFile,
    WEBHOOK_TOKEN: pullToken,
    STATE_DIR: stateDir,
  };
});
afterEach(async () => {
  if (proxy?.process.exitCode === null) {
    proxy.process.kill('SIGTERM');
    await proxy.ended;
  }
  await upstream?.close();
});

async function start(more: Record<string, string> = {}) {
  proxy = await workshop.start({ ...environment, ...more });
  return createHook(proxy.url, secret);
}
const audited = (type: string) => proxy.audited(({ event_type }) => event_type === type);

test('a push is answered with 202 before hugo-mcp-server has answered, and its outcome is in the audit log', async () => {
  let finish = () => {};
  answer = (response) => {
    finish = () => outcome({ result: 'live', commit, release: 'r1' })(response);
  };
  const github = await start();
  const id = randomUUID();
  const taken = await github.push(commit, { id });
  expect([taken.status, taken.json()]).toEqual([
    202,
    {
      status: 'accepted',
      hop: 'hugo-mcp-proxy',
      delivery: id,
      event: 'push',
      branch: 'main',
      request_id: taken.headers['x-request-id'],
    },
  ]);
  const received = await audited('webhook.received');
  expect(received).toMatchObject({ result: 'success', resource: '/webhook/github', client_ip: '127.0.0.1' });
  expect(received.details).toEqual({ id, event: 'push', status: 'accepted', commit });
  while (pulls.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  expect((await proxy.audit()).some(({ event_type: type }) => type === 'webhook.rebuild')).toBe(false);
  finish();
  expect(await audited('webhook.rebuild')).toMatchObject({
    result: 'success',
    resource: 'main',
    request_id: taken.headers['x-request-id'],
    details: { outcome: 'live', commit, release: 'r1', pushes: 1 },
  });
  expect(pulls).toHaveLength(1);
  expect(pulls[0]?.body).toBe('{"branch":"main"}');
  expect(pulls[0]?.headers).toEqual({
    method: 'POST',
    host: new URL(upstream.url).host,
    authorization: `Bearer ${pullToken}`,
    'content-type': 'application/json',
    'content-length': '17',
    'x-request-id': taken.headers['x-request-id'],
    connection: 'keep-alive',
  });
});

test('a push as a form acts like one as JSON', async () => {
  const github = await start();
  expect((await github.push(commit, { contentType: 'form' })).json().status).toBe('accepted');
  expect((await audited('webhook.received')).details).toMatchObject({ commit });
  await audited('webhook.rebuild');
});

test('ping, other events, other branches, tags and deleted branches are answered and change nothing', async () => {
  const github = await start();
  const ping = await github.ping();
  expect([ping.status, ping.json().status]).toEqual([200, 'pong']);
  for (const [why, options] of [
    ['other_ref', { ref: 'refs/heads/dev' }],
    ['other_ref', { ref: 'refs/tags/main' }],
    ['branch_deleted', { deleted: true }],
  ] as const) {
    const ignored = await github.push(commit, options);
    expect([ignored.status, ignored.json()]).toMatchObject([202, { status: 'ignored', why }]);
  }
  const issue = await github.deliver({ action: 'opened' }, { event: 'issues' });
  expect([issue.status, issue.json()]).toMatchObject([202, { status: 'ignored', why: 'event' }]);
  expect(pulls).toEqual([]);
});

test('a redelivery of what was taken is answered and not done again', async () => {
  const github = await start();
  const id = randomUUID();
  await github.push(commit, { id });
  await audited('webhook.rebuild');
  const again = await github.push(commit, { id });
  expect([again.status, again.json().status]).toEqual([202, 'duplicate']);
  proxy.process.kill('SIGKILL');
  await proxy.ended;
  const restarted = await start();
  expect((await restarted.push(commit, { id })).json().status).toBe('duplicate');
  expect(pulls).toHaveLength(1);
});

describe('a delivery that GitHub did not sign', () => {
  test.each([
    ['no signature', { headers: { 'X-Hub-Signature-256': undefined } }, 'signature_missing'],
    ['a signature with another secret', { secret: foreign }, 'signature_wrong'],
    ['a body changed on the way', { tampered: '{"ref":"refs/heads/main"}' }, 'signature_wrong'],
    ['the older header alone', { headers: { 'X-Hub-Signature-256': `sha1=${'0'.repeat(40)}` } }, 'signature_malformed'],
    ['no JSON and a wrong signature', { tampered: '{', secret: foreign }, 'signature_wrong'],
    ['a ping with a wrong signature', { event: 'ping', secret: foreign }, 'signature_wrong'],
  ])('%s: 401 that does not say what was wrong, recorded with it', async (_, options, reason) => {
    const github = await start();
    const refused = await github.push(commit, options);
    expect(refused.status).toBe(401);
    expect(refused.json().error).toMatchObject({
      message: 'The signature is missing or wrong.',
      data: { hop: 'hugo-mcp-proxy', reason: 'signature_invalid' },
    });
    expect(Object.keys(refused.json().error.data).sort()).toEqual(['hop', 'reason', 'request_id']);
    expect(await audited('webhook.refused')).toMatchObject({ result: 'denied', level: 'warn', reason });
    expect(pulls).toEqual([]);
  });

  test('is not remembered: the same delivery, signed, still counts', async () => {
    const github = await start();
    const id = randomUUID();
    expect((await github.push(commit, { id, secret: foreign })).status).toBe(401);
    expect((await github.push(commit, { id })).json().status).toBe('accepted');
  });

  test('comes too often: 429, recorded once, while a signed one from the same address gets through', async () => {
    const github = await start({ RATE_LIMIT_PER_ADDRESS: '3' });
    const statuses: number[] = [];
    for (let i = 0; i < 6; i += 1) statuses.push((await github.push(commit, { secret: foreign })).status);
    expect(statuses).toEqual([401, 401, 401, 429, 429, 429]);
    expect((await github.push(commit)).status).toBe(202);
    await audited('webhook.rebuild');
    const refused = (await proxy.audit()).filter(({ event_type: type }) => type === 'webhook.refused');
    expect(refused.map(({ reason }) => reason)).toEqual([...Array(3).fill('signature_wrong'), 'rate_limited']);
  });

  test('from thousands of addresses does not fill the audit log', async () => {
    const github = await start({ RATE_LIMIT_PER_ADDRESS: '1' });
    for (let i = 0; i < 30; i += 1) {
      await github.push(commit, { secret: foreign, headers: { 'X-Forwarded-For': `2001:db8::${i}` } });
    }
    await github.push(commit);
    await audited('webhook.received');
    const refused = (await proxy.audit()).filter(({ event_type: type }) => type === 'webhook.refused');
    expect(refused).toHaveLength(11);
    expect(refused[1]).toMatchObject({ client_ip: '2001:db8::1' });
  });
});

describe('a signed delivery that GitHub would not send', () => {
  test.each([
    ['no delivery id', { headers: { 'X-GitHub-Delivery': undefined } }, 400],
    ['no event', { headers: { 'X-GitHub-Event': undefined } }, 400],
    ['another content type', { headers: { 'Content-Type': 'text/plain' } }, 415],
    ['JSON called a form', { headers: { 'Content-Type': 'application/x-www-form-urlencoded' } }, 400],
  ])('%s', async (_, options, status) => {
    const github = await start();
    expect((await github.push(commit, options)).status).toBe(status);
    expect(pulls).toEqual([]);
  });

  test('larger than is taken: 413 before anything is checked', async () => {
    const github = await start({ MAX_BODY_BYTES: '2048' });
    const answered = await github.deliver({ ref: 'x'.repeat(4000) });
    expect([answered.status, answered.json().error.data.reason]).toEqual([413, 'body_too_large']);
  });

  test('large bodies that never come to an end hold a bounded memory, and leave room for a push', async () => {
    const github = await start();
    const headers = { 'Content-Length': String(4 * 1024 * 1024) };
    const begun = Array.from({ length: 16 }, () => beginRequest(`${proxy.url}/webhook/github`, headers));
    // Some of the next are refused without having sent a byte of their body.
    const more = Array.from({ length: 16 }, () => beginRequest(`${proxy.url}/webhook/github`, headers));
    const refused = await Promise.race(more.map(({ answered }) => answered));
    expect(refused.statusCode).toBe(503);
    expect((await github.push(commit)).status).toBe(202);
    for (const { request } of [...begun, ...more]) request.destroy();
    await audited('webhook.rebuild');
    // What they held is given back: a large one is read again, and found unsigned.
    const large = () => send(`${proxy.url}/webhook/github`, { body: 'x'.repeat(4 * 1024 * 1024) });
    let answered = await large();
    for (let i = 0; i < 100 && answered.status === 503; i += 1) answered = await large();
    expect(answered.status).toBe(401);
  });

  test('GET and other paths', async () => {
    await start();
    const get = await send(`${proxy.url}/webhook/github`, { method: 'GET' });
    expect([get.status, get.headers.allow]).toEqual([405, 'POST']);
    for (const target of ['/webhook', '/webhook/github//', '/webhook/GitHub', '/webhook/x', '/internal/site-pull']) {
      expect((await send(`${proxy.url}${target}`)).status).toBe(404);
    }
    // The edge knows one spelling of a path and a slash at its end: neither comes past the check of the signature.
    expect((await send(`${proxy.url}/webhook/github/`)).status).toBe(401);
  });
});

describe('a rotation of the secret, with no restart', () => {
  test('both are valid while two stand in the file, and the old one ends with it', async () => {
    const github = await start();
    const status = async (with_: string) => (await github.ping({ secret: with_ })).status;
    expect([await status(secret), await status(foreign)]).toEqual([200, 401]);
    await writeFile(secretFile, `${foreign}\n${secret}\n`);
    expect([await status(secret), await status(foreign), await status(old)]).toEqual([200, 200, 401]);
    await writeFile(secretFile, `${foreign}\n`);
    expect([await status(secret), await status(foreign)]).toEqual([401, 200]);
  });

  test('a file that was emptied changes nothing, and is spoken of in the log', async () => {
    const github = await start();
    await writeFile(secretFile, '');
    expect((await github.ping()).status).toBe(200);
    expect(await proxy.logged(({ level }) => level === 'error')).toMatchObject({
      message: expect.stringContaining('secret cannot be read'),
    });
  });
});

describe('/webhook/test', () => {
  const test_ = '/webhook/test';

  test('says of a signed push what it saw and would do, and changes nothing', async () => {
    const github = await start();
    const id = randomUUID();
    const seen = await github.push(commit, { id, path: test_, headers: { 'X-Forwarded-For': '203.0.113.9' } });
    expect([seen.status, seen.json()]).toEqual([
      200,
      {
        hop: 'hugo-mcp-proxy',
        answered_by: 'hugo-mcp-proxy',
        signature: 'right',
        secret: 'newest',
        delivery: id,
        event: 'push',
        content_type: 'application/json',
        bytes: expect.any(Number),
        client_ip: '203.0.113.9',
        request_id: seen.headers['x-request-id'],
        would_be: 'accepted',
        changed: 'nothing',
      },
    ]);
    expect((await github.push(commit, { path: test_, ref: 'refs/heads/dev' })).json().would_be).toBe(
      'ignored: other_ref',
    );
    expect((await github.push(commit, { id })).json().status).toBe('accepted');
    expect((await github.push(commit, { id, path: test_ })).json().would_be).toBe('duplicate');
    await audited('webhook.rebuild');
    expect(pulls).toHaveLength(1);
  });

  test('says of anything else that it arrived, and nothing of the secret', async () => {
    await start();
    const curl = await send(`${proxy.url}${test_}`, {
      headers: { 'Content-Type': 'application/json' },
      body: '{"test": true}',
    });
    expect([curl.status, curl.json()]).toMatchObject([200, { signature: 'missing', delivery: null, event: null }]);
    const github = createHook(proxy.url, foreign);
    const wrong = await github.push(commit, { path: test_ });
    expect([wrong.status, wrong.json().signature]).toEqual([200, 'wrong']);
    expect(wrong.json()).not.toHaveProperty('would_be');
  });

  test('is no way around the limit on guesses', async () => {
    const github = await start({ RATE_LIMIT_PER_ADDRESS: '3' });
    const statuses: number[] = [];
    for (let i = 0; i < 5; i += 1) statuses.push((await github.push(commit, { path: test_, secret: foreign })).status);
    expect(statuses).toEqual([200, 200, 200, 429, 429]);
  });
});

describe('hugo-mcp-server', () => {
  test('down, then up: the push is answered, kept over a restart, recorded as waiting once, and told in the end', async () => {
    const { port } = upstream;
    await upstream.close();
    const github = await start();
    const taken = await github.push(commit);
    expect(taken.status).toBe(202);
    expect(await audited('webhook.waiting')).toMatchObject({ result: 'failure', reason: 'connect_refused' });
    proxy.process.kill('SIGKILL');
    await proxy.ended;
    upstream = await startUpstream(identity, listener, port);
    await start();
    expect(await audited('webhook.rebuild')).toMatchObject({
      result: 'success',
      request_id: taken.headers['x-request-id'],
    });
    expect(pulls).toHaveLength(1);
  });

  test.each([
    [401, 'upstream_auth'],
    [403, 'upstream_auth'],
    [500, 'upstream_invalid'],
    [503, 'not_ready'],
  ])('answers %i: asked again', async (status, reason) => {
    answer = (response) => {
      answer = outcome({ result: 'live', commit });
      response.writeHead(status).end('{}');
    };
    const github = await start();
    await github.push(commit);
    expect(await audited('webhook.waiting')).toMatchObject({ reason });
    expect(await audited('webhook.rebuild')).toMatchObject({ result: 'success' });
    expect(pulls).toHaveLength(2);
  });

  test('refuses: recorded with its words, not asked again', async () => {
    answer = outcome({ result: 'refused', code: 'content_tracked', message: 'The pushed commit tracks content.' });
    const github = await start();
    await github.push(commit);
    expect(await audited('webhook.rebuild')).toMatchObject({
      result: 'failure',
      reason: 'content_tracked',
      details: { outcome: 'refused', message: 'The pushed commit tracks content.' },
    });
    expect(pulls).toHaveLength(1);
  });

  test('is an impostor: it gets not one byte', async () => {
    await upstream.close();
    const impostor = await startUpstream(await workshop.identity(), listener);
    upstream = impostor;
    const github = await start({ UPSTREAM_URL: impostor.url });
    await github.push(commit);
    expect(await audited('webhook.waiting')).toMatchObject({ reason: 'pin_mismatch' });
    expect(impostor.requests).toEqual([]);
  });
});

test('a push that cannot be written down is refused, and can be delivered again', async () => {
  const github = await start();
  // A folder in the file's place: not even root can rename a file over it.
  await mkdir(path.join(stateDir, 'webhook.json'), { recursive: true });
  const id = randomUUID();
  const refused = await github.push(commit, { id });
  expect([refused.status, refused.json().error.data.reason]).toEqual([503, 'not_ready']);
  expect(pulls).toEqual([]);
});

test('without a secret the webhook says that it is off, and /mcp works', async () => {
  const { WEBHOOK_SECRET_FILE: _, WEBHOOK_TOKEN: __, STATE_DIR: ___, ...rest } = environment;
  proxy = await workshop.start(rest);
  const off = await createHook(proxy.url, secret).push(commit);
  expect([off.status, off.json().error.message]).toEqual([404, expect.stringContaining('WEBHOOK_SECRET')]);
});

test.each([
  ['WEBHOOK_TOKEN', { WEBHOOK_TOKEN: '' }],
  ['STATE_DIR', { STATE_DIR: '' }],
  ['WEBHOOK_SECRET', { WEBHOOK_SECRET_FILE: '', WEBHOOK_SECRET: 'short' }],
  ['SITE_BRANCH', { SITE_BRANCH: '--upload-pack=x' }],
])('does not start with a wrong or missing %s', async (name, wrong) => {
  const failed = await workshop.failedStart({
    ...environment,
    AUDIT_LOG: path.join(stateDir, 'a'),
    PORT: '0',
    ...wrong,
  });
  expect(failed.code).toBe(78);
  expect(failed.stderr).toMatch(new RegExp(`^ {2}${name}: `, 'm'));
});

test('no secret, token or payload is in what the service writes', async () => {
  const github = await start();
  await github.push(commit);
  await github.push(commit, { secret: foreign });
  await audited('webhook.rebuild');
  proxy.process.kill('SIGTERM');
  expect(await proxy.ended).toBe(0);
  const written =
    proxy.output() + JSON.stringify(await proxy.audit()) + (await readFile(`${stateDir}/webhook.json`, 'utf8'));
  for (const text of [secret, foreign, pullToken, pullToken.slice(-64), 'octocat', 'sha256=']) {
    expect(written).not.toContain(text);
  }
});

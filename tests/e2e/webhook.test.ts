import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { CHECKOUT } from '@arleo/demo/checkout';
import { createHook } from '../../services/hugo-mcp-proxy/test/fake-github.ts';
import { giveRemote, type Remote } from '../../services/hugo-mcp-server/src/testing/pushed-site.ts';
import { folderAt } from '../../services/hugo-mcp-server/src/testing/site-fixture.ts';
import { callTool, rpc } from './mcp.ts';
import { grant } from './oauth.ts';
import { startTestStack, type TestStack } from './start.ts';
import { auditEvents, expectNoSecrets, expectWholeChains } from './trail.ts';

type Event = Record<string, unknown> & { details?: Record<string, unknown> };

let stack: TestStack;
let remote: Remote;
let github: ReturnType<typeof createHook>;
let gate: string;
let startServer: () => Promise<unknown>;
/** The audit events that were there before the test. */
let seen: Record<'hugo-mcp-proxy' | 'hugo-mcp-server', number>;

beforeAll(async () => {
  const env = { 'hugo-mcp-proxy': { WEBHOOK_INTERVAL_SECONDS: '1' } };
  stack = await startTestStack(env, async (layout) => {
    remote = await giveRemote(folderAt(layout.root));
  });
  github = createHook(stack.addresses.hugoMcpProxyUrl, stack.state.webhookSecret);
  gate = path.join(stack.layout.root, 'gate');
  // A Hugo that tells of each build and waits at a gate.
  const hugo = path.join(stack.layout.root, 'gated-hugo');
  const wait = `echo x >> '${gate}-builds'; while [ -e '${gate}' ]; do sleep 0.02; done`;
  await writeFile(hugo, `#!/bin/sh\ncase "$*" in *--destination*) ${wait} ;; esac\nexec hugo "$@"\n`, { mode: 0o755 });
  await stack.service('hugo-mcp-server').stop();
  startServer = () => stack.restart('hugo-mcp-server', { HUGO_BIN: hugo });
  await startServer();
});
afterAll(() => stack?.dispose());

const events = async (hop: 'hugo-mcp-proxy' | 'hugo-mcp-server', type: string): Promise<Event[]> =>
  ((await auditEvents(stack, hop)).slice(seen[hop]) as Event[]).filter(({ event_type }) => event_type === type);

/** The next event of this type since the test began, as soon as it is written. */
async function event(hop: 'hugo-mcp-proxy' | 'hugo-mcp-server', type: string): Promise<Event> {
  for (;;) {
    const [found] = await events(hop, type);
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

beforeEach(async () => {
  const count = async (hop: 'hugo-mcp-proxy' | 'hugo-mcp-server') => (await auditEvents(stack, hop)).length;
  seen = { 'hugo-mcp-proxy': await count('hugo-mcp-proxy'), 'hugo-mcp-server': await count('hugo-mcp-server') };
});

const footer = 'layouts/partials/footer.html';
const home = async () => (await fetch(new URL('/en/', stack.addresses.siteUrl))).text();
const siteFile = (file: string) => readFile(path.join(stack.state.site, file), 'utf8');
const siteHead = async () => (await remote.site('rev-parse', 'HEAD')).trim();

test('[R-HOOK-LIVE] a pushed layout is live, told by one request id in both audit logs', async () => {
  const page = await siteFile('content/about/index.en.md');
  const commit = await remote.push({ [footer]: '<footer>pushed by git</footer>\n' });
  expect((await github.ping()).status).toBe(200);
  const taken = await github.push(commit);
  expect([taken.status, taken.json().status]).toEqual([202, 'accepted']);
  const requestId = taken.headers['x-request-id'];
  const rebuild = await event('hugo-mcp-proxy', 'webhook.rebuild');
  expect(rebuild).toMatchObject({ result: 'success', request_id: requestId, details: { outcome: 'live', commit } });
  const pulled = await event('hugo-mcp-server', 'site.pulled');
  expect(pulled).toMatchObject({
    result: 'success',
    request_id: requestId,
    actor: { token_id: 'tok_webhook_002' },
    details: { commit, release: rebuild.details?.release },
  });
  expect(await home()).toContain('pushed by git');
  expect([await siteHead(), await siteFile('content/about/index.en.md')]).toEqual([commit, page]);
});

test('[R-HOOK-BROKEN] a layout that Hugo cannot build is not live, and the work tree is back', async () => {
  const [before, commitBefore, live] = [await siteFile(footer), await siteHead(), await home()];
  const commit = await remote.push({ [footer]: '{{ nonsense }}\n' });
  expect((await github.push(commit, { contentType: 'form' })).status).toBe(202);
  expect(await event('hugo-mcp-proxy', 'webhook.rebuild')).toMatchObject({
    result: 'failure',
    reason: 'hugo_failed',
    details: { outcome: 'rolled_back', commit },
  });
  expect([await siteFile(footer), await siteHead(), await home()]).toEqual([before, commitBefore, live]);
});

test('[R-HOOK-CONTENT] a push that tracks content is refused, and the pages stay', async () => {
  const page = await siteFile('content/about/index.en.md');
  const commit = await remote.push({ 'content/about/index.en.md': 'lost', [footer]: '<footer>never</footer>' });
  await github.push(commit);
  const refused = await event('hugo-mcp-proxy', 'webhook.rebuild');
  expect(refused).toMatchObject({ result: 'failure', reason: 'content_tracked', details: { outcome: 'refused' } });
  expect(refused.details?.message).toContain('content/about/index.en.md');
  expect(await siteFile('content/about/index.en.md')).toBe(page);
  expect(await home()).not.toContain('never');
  await remote.push({ 'content/about/index.en.md': undefined });
});

test('[R-HOOK-BURST] a burst of pushes gives two rebuilds, and the last of them is live', async () => {
  await rm(`${gate}-builds`, { force: true });
  await writeFile(gate, '');
  await github.push(await remote.push({ [footer]: '<footer>burst 0</footer>' }));
  while (!(await readFile(`${gate}-builds`, 'utf8').catch(() => ''))) await new Promise((r) => setTimeout(r, 20));
  let last = '';
  for (let i = 1; i <= 6; i += 1) {
    last = await remote.push({ [footer]: `<footer>burst ${i}</footer>` });
    expect((await github.push(last)).json().status).toBe('accepted');
  }
  await rm(gate);
  const rebuilds = () => events('hugo-mcp-proxy', 'webhook.rebuild');
  const told = async () => (await rebuilds()).reduce((sum, { details }) => sum + Number(details?.pushes), 0);
  while ((await told()) < 7) await new Promise((resolve) => setTimeout(resolve, 20));
  expect((await rebuilds()).map(({ details }) => [details?.outcome, details?.pushes])).toEqual([
    ['live', 1],
    ['live', 6],
  ]);
  expect((await readFile(`${gate}-builds`, 'utf8')).trim().split('\n')).toHaveLength(2);
  expect(await home()).toContain('burst 6');
  expect(await siteHead()).toBe(last);
  // What this wrote behind its answers is not counted by the next.
  while ((await events('hugo-mcp-server', 'site.pulled')).length < 2) await new Promise((r) => setTimeout(r, 20));
});

test('[R-HOOK-ONCE] a delivery that is replayed is answered and not acted on', async () => {
  const id = randomUUID();
  const commit = await remote.push({ [footer]: '<footer>once</footer>' });
  await github.push(commit, { id });
  await event('hugo-mcp-proxy', 'webhook.rebuild');
  const again = await github.push(commit, { id });
  expect([again.status, again.json().status]).toEqual([202, 'duplicate']);
  // A push after it is acted on, and nothing was in between.
  await github.push(await remote.push({ [footer]: '<footer>after</footer>' }));
  const rebuilds = () => events('hugo-mcp-proxy', 'webhook.rebuild');
  while ((await rebuilds()).length < 2) await new Promise((resolve) => setTimeout(resolve, 20));
  expect((await rebuilds()).map(({ details }) => details?.pushes)).toEqual([1, 1]);
  const pulls = () => events('hugo-mcp-server', 'site.pulled');
  while ((await pulls()).length < 2) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(await pulls()).toHaveLength(2);
});

test('[R-HOOK-FORGED] a wrong signature: 401, recorded, and no other hop hears of it', async () => {
  const live = await home();
  const commit = await remote.push({ [footer]: '<footer>forged</footer>' });
  for (const options of [{ secret: 'x'.repeat(64) }, { headers: { 'X-Hub-Signature-256': undefined } }]) {
    const refused = await github.push(commit, options);
    expect([refused.status, refused.json().error.data.reason]).toEqual([401, 'signature_invalid']);
  }
  expect(await event('hugo-mcp-proxy', 'webhook.refused')).toMatchObject({
    result: 'denied',
    reason: 'signature_wrong',
  });
  const tested = await github.push(commit, { path: '/webhook/test' });
  expect(tested.json()).toMatchObject({ signature: 'right', would_be: 'accepted', answered_by: 'hugo-mcp-proxy' });
  expect(await events('hugo-mcp-server', 'site.pulled')).toEqual([]);
  expect(await home()).toBe(live);
});

test('[R-HOOK-DOWN] hugo-mcp-server down, then up, and hugo-mcp-proxy killed between: the push is live', async () => {
  const server = stack.service('hugo-mcp-server');
  await server.stop();
  const commit = await remote.push({ [footer]: '<footer>patience</footer>' });
  const taken = await github.push(commit);
  expect(taken.status).toBe(202);
  expect(await event('hugo-mcp-proxy', 'webhook.waiting')).toMatchObject({ reason: 'connect_refused' });
  const proxy = stack.service('hugo-mcp-proxy');
  proxy.kill('SIGKILL');
  await proxy.exited;
  await startServer();
  await stack.restart('hugo-mcp-proxy');
  expect(await event('hugo-mcp-proxy', 'webhook.rebuild')).toMatchObject({
    result: 'success',
    request_id: taken.headers['x-request-id'],
    details: { outcome: 'live', commit },
  });
  expect(await home()).toContain('patience');
});

test('[R-HOOK-DOWN] hugo-mcp-server killed in the middle of the build of a push: undone at the start, then live', async () => {
  const before = await siteHead();
  await rm(`${gate}-builds`, { force: true });
  await writeFile(gate, '');
  const commit = await remote.push({ [footer]: '<footer>survived</footer>' });
  await github.push(commit);
  while (!(await readFile(`${gate}-builds`, 'utf8').catch(() => ''))) await new Promise((r) => setTimeout(r, 20));
  expect(await siteHead()).toBe(commit);
  const server = stack.service('hugo-mcp-server');
  server.kill('SIGKILL');
  await server.exited;
  await startServer();
  // The gate is still closed: whatever is pulled again waits in its build, after the state was put right.
  const state = path.join(stack.layout.serverState(stack.state.site), 'site-pull.json');
  expect(JSON.parse(await readFile(state, 'utf8')).last).toMatchObject({ result: 'interrupted', from: before });
  await rm(gate);
  expect(await event('hugo-mcp-proxy', 'webhook.rebuild')).toMatchObject({ details: { outcome: 'live', commit } });
  expect(await home()).toContain('survived');
});

/** Runs the bundled arleo on the running service's file. */
async function rotateSecret(...args: string[]): Promise<{ secret?: string }> {
  const script = path.join(CHECKOUT, 'packages/cli/dist/arleo.js');
  const file = ['--file', stack.layout.webhookSecret, '--json'];
  const { stdout } = await promisify(execFile)(process.execPath, [
    script,
    'webhook-secret',
    'rotate',
    ...args,
    ...file,
  ]);
  return JSON.parse(stdout);
}

test('[R-HOOK-ROTATE] arleo rotates the secret: both are valid until it is finished, with no restart', async () => {
  const old = stack.state.webhookSecret;
  const { secret: fresh = '' } = await rotateSecret();
  const status = async (secret: string) => (await github.ping({ secret })).status;
  expect([await status(old), await status(fresh)]).toEqual([200, 200]);
  expect((await github.ping({ secret: old, path: '/webhook/test' })).json()).toMatchObject({
    secret: 'being replaced',
  });
  await rotateSecret('--finish');
  expect([await status(old), await status(fresh)]).toEqual([401, 200]);
  github = createHook(stack.addresses.hugoMcpProxyUrl, fresh);
});

test('[R-HOOK-TOKEN] the token for it lets nobody do anything on /mcp', async () => {
  const pullToken = (await readFile(stack.layout.pullToken, 'utf8')).trim();
  const answer = await rpc(
    `${stack.addresses.hugoMcpUrl}/mcp`,
    pullToken,
    'tools/list',
    {},
    { ca: stack.state.certificate },
  );
  expect([answer.status, answer.json.error.data.reason]).toEqual([401, 'actor_missing']);
});

test('a page and a push live side by side, and no secret is in any log', async () => {
  const { accessToken } = await grant(stack.addresses.issuer, { passphrase: stack.state.passphrase });
  const commit = await remote.push({ [footer]: '<footer>side by side</footer>' });
  const args = { route: 'posts/beside', lang: 'en', title: 'Beside', content: 'A page beside a push.' };
  const [taken, page] = await Promise.all([
    github.push(commit),
    callTool(stack.addresses.mcpUrl, accessToken, 'create_page', args),
  ]);
  expect([taken.status, page.json.result.isError ?? false]).toEqual([202, false]);
  await event('hugo-mcp-proxy', 'webhook.rebuild');
  const html = await (await fetch(new URL('/en/posts/beside/', stack.addresses.siteUrl))).text();
  expect(html).toContain('A page beside a push.');
  expect(html).toContain('side by side');
  const pullToken = (await readFile(stack.layout.pullToken, 'utf8')).trim();
  await expectNoSecrets(stack, [accessToken, pullToken, pullToken.slice(-64), 'sha256=']);
  await expectWholeChains(stack);
});

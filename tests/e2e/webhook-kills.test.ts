import { createHook } from '../../services/hugo-mcp-proxy/test/fake-github.ts';
import { giveRemote, type Remote } from '../../services/hugo-mcp-server/src/testing/pushed-site.ts';
import { folderAt } from '../../services/hugo-mcp-server/src/testing/site-fixture.ts';
import { startTestStack, type TestStack } from './start.ts';
import { auditEvents, expectWholeChains } from './trail.ts';

/** Milliseconds after a push within which the pull is somewhere between its first byte and its end. */
const pullMs = 900;
const rounds = 12;

let stack: TestStack;
let remote: Remote;

beforeAll(async () => {
  stack = await startTestStack({ 'hugo-mcp-proxy': { WEBHOOK_INTERVAL_SECONDS: '1' } }, async (layout) => {
    remote = await giveRemote(folderAt(layout.root));
  });
});
afterAll(() => stack?.dispose());

async function killAndRestart(name: 'hugo-mcp-server' | 'hugo-mcp-proxy'): Promise<void> {
  const service = stack.service(name);
  service.kill('SIGKILL');
  await service.exited;
  await stack.restart(name);
}

/** What became of the push that this request brought, as soon as it is told. */
async function rebuildOf(requestId: unknown): Promise<Record<string, unknown>> {
  for (;;) {
    const events = await auditEvents(stack, 'hugo-mcp-proxy');
    const found = events.find((event) => event.event_type === 'webhook.rebuild' && event.request_id === requestId);
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

test('[R-HOOK-KILL] killed at random points of pulls, good ones and broken ones, with hugo-mcp-proxy and without', async () => {
  const github = createHook(stack.addresses.hugoMcpProxyUrl, stack.state.webhookSecret);
  for (let round = 0; round < rounds; round += 1) {
    const broken = round % 4 === 3;
    const after = Math.random() * pullMs;
    const before = (await remote.site('rev-parse', 'HEAD')).trim();
    const footer = broken ? `{{ nonsense${round} }}` : `<footer>round ${round}</footer>`;
    const commit = await remote.push({ 'layouts/partials/footer.html': footer });
    const taken = await github.push(commit);
    await new Promise((resolve) => setTimeout(resolve, after));
    await killAndRestart('hugo-mcp-server');
    if (round % 3 === 0) await killAndRestart('hugo-mcp-proxy');
    const { details } = (await rebuildOf(taken.headers['x-request-id'])) as { details: Record<string, unknown> };
    const home = await (await fetch(new URL('/en/', stack.addresses.siteUrl))).text();
    expect({
      killed: `round ${round}, after ${after} ms`,
      well: broken ? details.outcome === 'rolled_back' : ['live', 'unchanged'].includes(String(details.outcome)),
      head: (await remote.site('rev-parse', 'HEAD')).trim(),
      changed: await remote.site('status', '--porcelain', '--untracked-files=no'),
      shown: home.includes(`round ${broken ? round - 1 : round}<`),
    }).toEqual({
      killed: `round ${round}, after ${after} ms`,
      well: true,
      head: broken ? before : commit,
      changed: '',
      shown: true,
    });
  }
  await expectWholeChains(stack);
}, 600_000);

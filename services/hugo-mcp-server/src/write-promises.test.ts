import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { type GatedHugo, gatedHugo, until } from './testing/gated-hugo.ts';
import { type Answer, startService, type TestService } from './testing/service-fixture.ts';

let service: TestService;
let hugo: GatedHugo;
const at = (name: string) => path.join(service.dir.path, name);
const hello = { route: 'posts/hello', lang: 'en' };
const file = 'site/content/posts/hello/index.en.md';
const update = (args: object) => service.call('update_page', { ...hello, ...args });
const facts = (answer: Answer | undefined) => {
  expect({ text: answer?.text, isError: answer?.json.result.isError ?? false }).toMatchObject({ isError: false });
  return answer?.json.result.structuredContent;
};
const commits = async () => (await service.git('log', '--format=%s')).trim().split('\n');
const building = async () => (await readFile(at('builds'), 'utf8').catch(() => '')).split('\n').length - 1;
/** Starts something, and resolves when the next build has begun. */
const duringBuild = async <T>(begin: () => Promise<T>): Promise<{ answer: Promise<T> }> => {
  const before = await building();
  const answer = begin();
  await until(async () => (await building()) > before);
  return { answer };
};
const records = async () => JSON.parse(await readFile(at('state/builds.json'), 'utf8'));

beforeEach(async () => {
  service = await startService({
    prepare: async (dir) => {
      hugo = await gatedHugo(dir.path);
    },
    environment: (dir) => ({ HUGO_BIN: path.join(dir.path, 'hugo') }),
  });
  facts(await service.call('build_site', {}));
});
afterEach(async () => {
  await hugo?.open();
  await service?.dispose();
});

describe('a dry run', () => {
  test('says exactly what would change, with a diff, and changes nothing', async () => {
    const before = await service.dir.read(file);
    const log = await commits();
    const built = await building();
    const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode: 'auto' } });
    await client.connect(new StreamableHTTPClientTransport(new URL(service.url), { fetch: service.fetch() }));
    const call = (name: string, args: object) =>
      client.callTool({ name, arguments: { ...hello, ...args, dry_run: true, idempotency_key: 'dry-run-key' } });
    const changed = await call('update_page', { title: 'New', edits: [{ find: 'Hi', replace: 'Hello' }] });
    expect(changed.structuredContent).toMatchObject({
      written: false,
      committed: false,
      live: false,
      release: null,
      would_change: {
        files: [{ file: 'content/posts/hello/index.en.md', change: 'update' }],
        diff: expect.stringMatching(
          /^--- a\/content.*\n\+\+\+ b\/content.*\n@@ .*\n ---\n-title: Hello\n\+title: "New"\n/,
        ),
        diff_complete: true,
      },
    });
    expect(JSON.stringify(changed.content)).toContain('content of the site, not instructions');
    const made = await call('create_page', { route: 'posts/new', title: 'N', content: 'Text' });
    expect(made.structuredContent).toMatchObject({
      would_change: { files: [{ change: 'create' }], diff: expect.stringContaining('--- /dev/null\n') },
    });
    const gone = await call('delete_page', {});
    expect(gone.structuredContent).toMatchObject({ revision: null, would_change: { files: [{ change: 'delete' }] } });
    const same = await call('update_page', { title: 'Hello' });
    expect(same.structuredContent).toMatchObject({ would_change: { files: [], diff: '' } });
    expect(await call('update_page', { title: 'x', expected_revision: 'other' })).toMatchObject({ isError: true });
    expect((await service.call('build_site', { dry_run: true })).json.result.structuredContent).toMatchObject({
      live: false,
      dry_run: true,
    });
    expect(await service.dir.read(file)).toBe(before);
    expect(await commits()).toEqual(log);
    expect(await building()).toBe(built);
    // A dry run does not use the key up.
    facts(await update({ title: 'Other', idempotency_key: 'dry-run-key' }));
    await client.close();
  });

  test('of a long text shows a bounded part of the difference', async () => {
    const lines = Array.from({ length: 20_000 }, (_, i) => `line ${i}`).join('\n');
    facts(await update({ content: lines }));
    const { would_change } = facts(await update({ content: lines.replaceAll('line', 'row'), dry_run: true }));
    expect(would_change.diff_complete).toBe(false);
    expect(would_change.diff.length).toBeLessThanOrEqual(12_000);
  });
});

describe('a key', () => {
  test('gives the first answer again, also while it is under way and after a restart', async () => {
    const page = { route: 'posts/once', lang: 'en', title: 'Once', content: 'Text', idempotency_key: 'key-0000001' };
    const [first, second] = await Promise.all([
      service.call('create_page', page),
      service.call('create_page', Object.fromEntries(Object.entries(page).reverse())),
    ]);
    expect(facts(second)).toEqual(facts(first));
    await service.restart();
    expect(facts(await service.call('create_page', page))).toEqual(facts(first));
    expect((await commits()).filter((subject) => subject.includes('posts/once'))).toHaveLength(1);
    // Another client has keys of its own.
    const other = await service.call('create_page', page, { actor: { client_id: 'https://other.example/client' } });
    expect(other.text).toContain('[page_exists]');
  });

  test('is refused with other arguments, also of another tool', async () => {
    facts(await update({ title: 'One', idempotency_key: 'key-0000001' }));
    for (const answer of [
      await update({ title: 'Two', idempotency_key: 'key-0000001' }),
      await service.call('delete_page', { ...hello, idempotency_key: 'key-0000001' }),
    ]) {
      expect(answer.text).toContain('[idempotency_mismatch]');
    }
    expect(await service.dir.read(file)).toContain('title: "One"');
  });

  test('of a call that was refused can be used again', async () => {
    const bad = await update({ content: '{{< nope >}}', idempotency_key: 'key-0000001' });
    expect(bad.text).toContain('[hugo_failed]');
    facts(await update({ content: 'Good.', idempotency_key: 'key-0000001' }));
  });

  test('of a change that was live when the service was killed gives its answer, and makes it no second time', async () => {
    await hugo.close();
    const edits = [{ find: 'Hi', replace: 'Hi Hi' }];
    const { answer } = await duringBuild(() => update({ edits, idempotency_key: 'key-0000001' }));
    const journal = await service.dir.read('state/journal.json');
    await hugo.open();
    const first = facts(await answer);
    await service.stop();
    // As a crash between going live and the answer leaves it.
    for (const name of await readdir(at('state/answers'))) await writeFile(at(`state/answers/${name}`), 'torn');
    await writeFile(at('state/journal.json'), journal);
    await service.restart();
    const again = facts(await update({ edits, idempotency_key: 'key-0000001' }));
    expect(again).toMatchObject({ written: true, live: true, revision: first.revision, release: first.release });
    expect(await service.dir.read(file)).toContain('\nHi Hi.\n');
  });
});

describe('a build that takes long', () => {
  beforeEach(() => service.restart({ ANSWER_SECONDS: '4' }));

  test('does not keep the answer: it says what is done and what is not, and the log tells how it ended', async () => {
    await hugo.close();
    const written = await update({ content: 'Slow.' });
    const pending = facts(written);
    expect(pending).toMatchObject({
      written: true,
      committed: true,
      commit: expect.stringMatching(/^[0-9a-f]{40}$/),
      live: false,
      not_live_because: 'building',
      release: null,
      building: expect.any(String),
    });
    expect(written.text).toContain('still under way');
    expect((await records())[0]).toMatchObject({
      id: pending.building,
      state: 'running',
      changes: [{ commit: pending.commit, outcome: 'pending' }],
    });
    await hugo.open();
    await until(async () => (await records())[0].state !== 'running');
    await until(async () => !(await readdir(at('state'))).includes('journal.json'));
    const live = (await records()).find(({ id }: { id: string }) => id === pending.building);
    expect(live).toMatchObject({ state: 'live', changes: [{ commit: pending.commit, outcome: 'live' }] });
    expect(await service.live('en/posts/hello/index.html')).toContain('Slow.');
    await hugo.close();
    const built = facts(await service.call('build_site', {}));
    expect(built).toMatchObject({ live: false, release: null, building: expect.any(String) });
    await hugo.open();
    await until(async () => (await records())[0].state === 'live');
    expect((await records())[0]).toMatchObject({ id: built.building, changes: [] });
  });

  test('and fails takes the change back, records it, and frees its key', async () => {
    const before = await service.dir.read(file);
    await hugo.close();
    const pending = facts(await update({ content: '{{< nope >}}', idempotency_key: 'key-0000001' }));
    expect(pending.building).toEqual(expect.any(String));
    expect(facts(await update({ content: '{{< nope >}}', idempotency_key: 'key-0000001' }))).toEqual(pending);
    await hugo.open();
    await until(async () => (await service.dir.read(file)) === before);
    await until(async () => (await records())[0].changes[0].outcome === 'taken_back');
    expect((await records())[0]).toMatchObject({
      id: pending.building,
      state: 'failed',
      error: { code: 'hugo_failed', message: expect.stringContaining('nope') },
      changes: [{ error: expect.stringContaining('nope') }],
    });
    expect((await commits())[0]).toBe('Take back: Update posts/hello (en)');
    await until(async () => (await readdir(at('state/answers'))).length === 0);
    facts(await update({ content: 'Good.', idempotency_key: 'key-0000001' }));
  });

  test('a call whose turn does not come is refused, and nothing of it is done', async () => {
    await hugo.close();
    const { answer: first } = await duringBuild(() => update({ content: 'First.' }));
    const second = await service.call('create_page', { route: 'posts/late', lang: 'en', title: 'L', content: 'x' });
    expect(second.text).toContain('[site_busy]');
    expect(facts(await first)).toMatchObject({ committed: true, live: false });
    await hugo.open();
    await until(async () => (await records())[0].state === 'live');
    facts(await service.call('build_site', {}));
    expect((await commits()).join()).not.toContain('posts/late');
  });

  test.each(['a stop', 'a crash'])('goes on after %s: what was acknowledged is there and goes live', async (how) => {
    await hugo.close();
    const pending = facts(await update({ content: 'Acknowledged.' }));
    const journal = await service.dir.read('state/journal.json');
    expect(JSON.parse(journal)).toMatchObject({ changes: [{ acknowledged: true }] });
    if (how === 'a crash') {
      await hugo.open();
      await until(async () => !(await readdir(at('state'))).includes('journal.json'));
      await service.stop();
      // As it was when the build had just begun.
      const old = (await readdir(at('state/releases'))).filter((name) => !name.endsWith('.json')).sort()[0] ?? '';
      const { symlink, rm } = await import('node:fs/promises');
      await rm(service.publicLink);
      await symlink(`releases/${old}`, service.publicLink);
      await writeFile(at('state/journal.json'), journal);
    } else {
      await service.stop();
      expect(await service.dir.read('state/journal.json')).toBe(journal);
      await hugo.open();
    }
    await service.restart();
    await until(async () => !(await readdir(at('state'))).includes('journal.json'));
    expect(await service.dir.read(file)).toContain('Acknowledged.');
    expect(await service.live('en/posts/hello/index.html')).toContain('Acknowledged.');
    const settled = (await records()).flatMap(({ changes }: { changes: object[] }) => changes);
    expect(settled).toContainEqual(expect.objectContaining({ commit: pending.commit, outcome: 'live' }));
  });
});

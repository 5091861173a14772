import { readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { startService, type TestService } from './testing/service-fixture.ts';
import { bundleService, type ServiceProcess, startProcess } from './testing/service-process.ts';
import { output } from './testing/site-fixture.ts';

/** As often as the service is killed; the environment may ask for more or less. */
const kills = Number(process.env.KILLS ?? 120);
/** The same points are hit again with the same seed. */
const seed = Number(process.env.KILL_SEED ?? 1);

let service: TestService;
const started = new Set<ServiceProcess>();
let main: string;
const at = (name: string) => path.join(service.dir.path, name);
const page = (title: string, body: string) =>
  `---\ntitle: ${title} # kept\ndate: 2024-05-01T10:00:00+02:00\n---\n\n${body}\n`;

beforeAll(async () => {
  main = bundleService();
  service = await startService({
    files: {
      'content/posts/counter/index.fr.md': page('Compteur', 'state 0 end'),
      'content/posts/mover-0/index.fr.md': page('Mobile', 'mobile'),
      'content/posts/mover-0/index.en.md': page('Mobile', 'mobile'),
      'content/posts/mover-0/photo.jpg': 'jpg',
      'content/posts/pair-0/index.fr.md': page('Paire', 'pair 0'),
      'content/posts/pair-0/index.en.md': page('Pair', 'pair 0'),
    },
  });
  await service.call('build_site', {});
  await service.stop();
});
// One that outlives its test holds the lock of the state folder, and the next one cannot start.
afterEach(async () => {
  for (const process of started) {
    process.kill('SIGKILL');
    await process.gone;
  }
  started.clear();
});
afterAll(async () => {
  await service?.dispose();
  await rm(path.dirname(main), { recursive: true, force: true });
});

/** Numbers that look random and are the same in each run (mulberry32). */
function createRandom(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Starts the service; undefined if it died before it listened. */
async function start(more: Record<string, string> = {}): Promise<ServiceProcess> {
  const found = await startProcess(main, { ...service.environment, ...more });
  started.add(found);
  if (found.url !== undefined) service.reachAt(found.url);
  return found;
}

/** The writes of round n: an edit, a move, and four pages that come and go as one change. Each can be asked for again. */
function writesOf(n: number): [name: string, args: object][] {
  const key = (name: string) => ({ idempotency_key: `${name}-round-${n}` });
  const pair = (action: string, i: number, lang: string) => ({ action, route: `posts/pair-${i}`, lang });
  const made = { title: 'P', content: `pair ${n}` };
  return [
    [
      'update_page',
      {
        route: 'posts/counter',
        lang: 'fr',
        edits: [{ find: `state ${n - 1} end`, replace: `state ${n} end` }],
        ...key('counter'),
      },
    ],
    ['move_page', { route: `posts/mover-${n - 1}`, to: `posts/mover-${n}`, ...key('mover') }],
    [
      'apply_changes',
      {
        changes: [
          { ...pair('create', n, 'fr'), ...made },
          { ...pair('create', n, 'en'), ...made },
          pair('delete', n - 1, 'fr'),
          pair('delete', n - 1, 'en'),
        ],
        ...key('pair'),
      },
    ],
  ];
}

/** Sends the writes of a round; gives the names of those that were acknowledged. */
async function write(n: number): Promise<string[]> {
  const answers = writesOf(n).map(async ([name, args]) => {
    const answer = await service.call(name, args).catch(() => undefined);
    const result = answer?.json?.result;
    if (result !== undefined && result.isError === true) throw new Error(`${name}: ${answer?.text}`);
    return result === undefined ? undefined : name;
  });
  return (await Promise.all(answers)).filter((name) => name !== undefined);
}

const pagesDir = () => path.join(service.siteDir, 'content/posts');
const live = (file: string) => service.live(file);

/** What is on disk of a round's three writes. Throws if one is there by half. */
async function stateOf(n: number): Promise<Record<string, boolean>> {
  const names = (await readdir(pagesDir())).sort();
  const counter = await readFile(path.join(pagesDir(), 'counter/index.fr.md'), 'utf8');
  const pair = names.filter((name) => name.startsWith('pair-'));
  const mover = names.filter((name) => name.startsWith('mover-'));
  const updated = counter === page('Compteur', `state ${n} end`);
  if (!updated) expect(counter).toBe(page('Compteur', `state ${n - 1} end`));
  expect([[`pair-${n}`], [`pair-${n - 1}`]]).toContainEqual(pair);
  expect([[`mover-${n}`], [`mover-${n - 1}`]]).toContainEqual(mover);
  expect((await readdir(path.join(pagesDir(), pair[0] ?? ''))).sort()).toEqual(['index.en.md', 'index.fr.md']);
  expect((await readdir(path.join(pagesDir(), mover[0] ?? ''))).sort()).toEqual([
    'index.en.md',
    'index.fr.md',
    'photo.jpg',
  ]);
  return { update_page: updated, move_page: mover[0] === `mover-${n}`, apply_changes: pair[0] === `pair-${n}` };
}

/** What a writer that was killed left beside a file. Releases on their way out are left out: they go while one looks. */
async function temporaryFiles(dir: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(dir, { withFileTypes: true }).catch(ignoreMissing)) {
    if (/^\.(?:gone|staging)-/.test(entry.name)) continue;
    const file = path.join(dir, entry.name);
    if (entry.isDirectory()) found.push(...(await temporaryFiles(file)));
    else if (/^\..*\.tmp/.test(entry.name)) found.push(file);
  }
  return found;
}

function ignoreMissing(error: NodeJS.ErrnoException): [] {
  if (error.code === 'ENOENT') return [];
  throw error;
}

/** What must hold after a restart, whatever happened before. */
async function check(n: number, acknowledged: readonly string[]): Promise<Record<string, boolean>> {
  // A call that reads the history waits for nothing; one that writes waits until everything is put right.
  const settled = await service.call('update_page', { route: 'posts/hello', lang: 'en', title: 'Hello' });
  expect(settled.json?.result?.isError ?? false).toBe(false);
  expect(await readdir(at('state'))).not.toContain('journal.json');
  const state = await stateOf(n);
  for (const name of acknowledged) expect({ name, there: state[name] }).toEqual({ name, there: true });

  const release = await readlink(service.publicLink);
  expect(await readdir(at(`state/${release}`))).toContain('index.html');
  expect(await live('index.html')).toContain('Bienvenue');
  expect(await live('posts/counter/index.html')).toContain(`state ${state.update_page ? n : n - 1} end`);
  expect(await live(`posts/mover-${state.move_page ? n : n - 1}/index.html`)).toContain('mobile');
  const pair = state.apply_changes ? n : n - 1;
  expect(await live(`en/posts/pair-${pair}/index.html`)).toContain(`pair ${pair}`);
  if (pair === n) expect(await live(`posts/pair-${n - 1}/index.html`)).toBeUndefined();

  const listed = await service.call('list_pages', { limit: 200 });
  const files = (await output('find', ['content', '-name', '*.md'], service.siteDir)).trim().split('\n').sort();
  const known = listed.json.result.structuredContent.pages.map(({ file }: { file: string }) => file).sort();
  expect(known).toEqual(files);
  const read = await service.call('get_page', { route: 'posts/counter', lang: 'fr' });
  expect(read.json.result.structuredContent.content).toContain(`state ${state.update_page ? n : n - 1} end`);

  expect(await temporaryFiles(service.siteDir)).toEqual([]);
  // What a killed build left is removed behind the start. A Hugo that outlived its service may write there once more, after any
  // look: then it goes with the next build.
  const look = async () => [
    ...(await readdir(at('state/releases'))).filter((name) => name.startsWith('.staging-')),
    // The description of the last release is written once more behind its answer.
    ...(await temporaryFiles(at('state/releases'))),
  ];
  let left = await look();
  for (let looks = 0; looks < 80 && left.length > 0; looks += 1) {
    if (looks === 40) await service.call('build_site', {});
    await new Promise((resolve) => setTimeout(resolve, 250));
    left = await look();
  }
  expect(left).toEqual([]);
  const status = await service.git(
    '--work-tree',
    service.siteDir,
    '-c',
    'core.excludesFile=/dev/null',
    'status',
    '--porcelain',
    '--',
    `${service.siteDir}/content`,
  );
  expect(status).toBe('');
  return state;
}

test(`a service that is killed ${kills} times, at every step of a write and of its recovery, loses nothing and does nothing by half`, async () => {
  const random = createRandom(seed);
  let n = 1;
  const from = at('count-from-here');
  const counted = at('steps');

  // How many steps a round takes, and a restart.
  const first = await start({ DIE_FROM: from, DIE_COUNT: counted });
  await writeFile(from, '');
  expect((await write(n)).sort()).toEqual(['apply_changes', 'move_page', 'update_page']);
  first.kill('SIGUSR2');
  let steps = 0;
  while (steps === 0) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    steps = Number(await readFile(counted, 'utf8').catch(() => ''));
  }
  expect(steps).toBeGreaterThan(50);
  expect(await check(n, ['update_page', 'move_page', 'apply_changes'])).toEqual({
    update_page: true,
    move_page: true,
    apply_changes: true,
  });
  first.kill('SIGKILL');
  await first.gone;
  n += 1;

  const outcomes = { stayed: 0, acknowledged: 0, taken_back: 0, in_recovery: 0 };
  for (let kill = 0; kill < kills; kill++) {
    await rm(from, { force: true });
    // Three of four die before a step of the write, all steps in turn; the others at any moment.
    const byStep = kill % 4 !== 3;
    const step = 1 + (((seed * 1009 + kill) * 7919) % steps);
    const writer = await start(byStep ? { DIE_FROM: from, DIE_AT: String(step) } : {});
    await writeFile(from, '');
    const timer = byStep ? undefined : setTimeout(() => writer.kill('SIGKILL'), random() * 1200);
    const acknowledged = await write(n);
    clearTimeout(timer);
    writer.kill('SIGKILL');
    await writer.gone;

    // Some die again while they put things right.
    if (kill % 3 === 0) {
      const recovering = await start({ DIE_AT: String(30 + Math.floor(random() * 60)) });
      await Promise.race([recovering.gone, new Promise((resolve) => setTimeout(resolve, 1500))]);
      recovering.kill('SIGKILL');
      await recovering.gone;
      outcomes.in_recovery += 1;
    }
    const again = await start();
    if (again.url === undefined) throw new Error(`did not start after kill ${kill}:\n${again.troubles().join('\n')}`);
    const state = await check(n, acknowledged);
    outcomes.acknowledged += acknowledged.length;
    for (const [name, there] of Object.entries(state)) {
      if (!acknowledged.includes(name)) outcomes[there ? 'stayed' : 'taken_back'] += 1;
    }
    // The same calls again: what was made is not made twice, what was not is made now.
    expect((await write(n)).sort()).toEqual(['apply_changes', 'move_page', 'update_page']);
    expect(await check(n, ['update_page', 'move_page', 'apply_changes'])).toEqual({
      update_page: true,
      move_page: true,
      apply_changes: true,
    });
    again.kill('SIGKILL');
    await again.gone;
    n += 1;
  }
  await service.git('fsck', '--strict');
  process.stderr.write(`killed ${kills} times over ${steps} steps: ${JSON.stringify(outcomes)}\n`);
  expect(outcomes.taken_back + outcomes.stayed + outcomes.acknowledged).toBe(3 * kills);
  expect(outcomes.taken_back).toBeGreaterThan(0);
});

test('a service that is killed at any step of its start starts again', async () => {
  for (let step = 1; step <= 60; step++) {
    const starting = await start({ DIE_AT: String(step) });
    if (starting.url !== undefined)
      await Promise.race([starting.gone, new Promise((resolve) => setTimeout(resolve, 300))]);
    starting.kill('SIGKILL');
    await starting.gone;
    const again = await start();
    expect({ step, started: again.url !== undefined, troubles: again.troubles() }).toMatchObject({ started: true });
    again.kill('SIGKILL');
    await again.gone;
  }
});

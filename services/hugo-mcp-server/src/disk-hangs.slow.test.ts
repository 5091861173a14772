import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { cp, mkdir, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { type GatedHugo, gatedHugo, until } from './testing/gated-hugo.ts';
import { type Answer, startService, type TestService } from './testing/service-fixture.ts';
import { bundleService, type ServiceProcess, startProcess } from './testing/service-process.ts';
import { output } from './testing/site-fixture.ts';

/**
 * Real ext4 file systems that are frozen: whoever writes to one hangs in the kernel, as on a disk that does not answer.
 * The service is a process of its own: were its event loop to hang, the test's would not.
 */
let service: TestService;
let running: ServiceProcess;
let hugo: GatedHugo;
let main: string;
let mounted: string[] = [];
let thawing: ChildProcess | undefined;
let written = 0;
const at = (name: string) => path.join(service.dir.path, name);
const file = 'site/content/posts/hello/index.en.md';
const key = { idempotency_key: 'while-it-hangs' };
const ok = (answer: Answer) => {
  expect(answer.json.result.isError === true ? answer.text : '').toBe('');
  return answer.json.result.structuredContent;
};

/** The result of a call that is sent as often as its turn does not come: what the disk held up goes first. */
async function inTurn(call: () => Promise<Answer>) {
  for (;;) {
    const answer = await call();
    if (!answer.text.includes('[site_busy]')) return ok(answer);
  }
}

/** Runs a program that the test cannot do without. */
function need(program: string, ...args: string[]): void {
  try {
    execFileSync(program, args, { stdio: 'pipe' });
  } catch (cause) {
    throw new Error(
      `These tests cannot run: "${program} ${args.join(' ')}" failed. They need root, loop devices, mkfs.ext4 and fsfreeze.`,
      { cause },
    );
  }
}

function mountImage(dir: string): void {
  const image = `${dir}.img`;
  need('truncate', '-s', '48M', image);
  need('mkfs.ext4', '-q', '-m', '0', image);
  need('mount', '-o', 'loop', image, dir);
  mounted.push(dir);
}

/** Whatever becomes of the test, what hangs does not hang for ever: nothing else ends it. */
function freeze(name: string): void {
  thawing = spawn('sh', ['-c', 'sleep 120; touch "$2"; fsfreeze --unfreeze "$1"', '-', at(name), at('thawed')]);
  need('fsfreeze', '--freeze', at(name));
}

function thaw(name: string): void {
  thawing?.kill();
  thawing = undefined;
  need('fsfreeze', '--unfreeze', at(name));
}

async function startAgain(answerSeconds = '1'): Promise<void> {
  running = await startProcess(main, { ...service.environment, ANSWER_SECONDS: answerSeconds });
  if (running.url === undefined) throw new Error(running.troubles().join('\n'));
  service.reachAt(running.url);
}

beforeAll(() => {
  main = bundleService();
});
afterAll(() => rm(path.dirname(main), { recursive: true, force: true }));
beforeEach(async () => {
  service = await startService({
    prepare: async (dir) => {
      hugo = await gatedHugo(dir.path);
      const site = path.join(dir.path, 'site');
      await cp(site, path.join(dir.path, 'site.before'), { recursive: true });
      mountImage(site);
      await cp(path.join(dir.path, 'site.before'), site, { recursive: true });
      await mkdir(path.join(dir.path, 'state'));
      mountImage(path.join(dir.path, 'state'));
    },
    environment: (dir) => ({ HUGO_BIN: path.join(dir.path, 'hugo') }),
  });
  ok(await service.call('build_site', {}));
  await service.stop();
  await startAgain();
});
afterEach(async () => {
  await hugo?.open();
  for (const dir of mounted) execFileSync('sh', ['-c', 'fsfreeze --unfreeze "$1" 2> /dev/null || true', '-', dir]);
  thawing?.kill();
  thawing = undefined;
  running?.kill('SIGKILL');
  await running?.gone;
  // Lazily: what the service started may be there a little longer than the service.
  for (const dir of mounted.reverse()) execFileSync('umount', ['--lazy', dir]);
  mounted = [];
  await service?.dispose();
});

/** Everything that only reads, while the disk hangs. */
async function readsAnswer(): Promise<void> {
  expect(ok(await service.call('get_page', { route: 'posts/hello', lang: 'fr' })).content).toContain('Salut.');
  expect(ok(await service.call('list_pages', {})).pages).not.toEqual([]);
  expect(ok(await service.call('search_pages', { query: 'Salut' })).total).toBe(1);
  ok(await service.call('site_info', {}));
  ok(await service.call('page_history', { route: 'posts/hello', lang: 'fr' }));
  ok(await service.call('check_links', {}));
}

/** Nothing half, nothing left over, and the next write works. */
async function isWhole(): Promise<void> {
  const title = `Home ${++written}`;
  const made = await inTurn(() => service.call('update_page', { route: '/', lang: 'en', title }));
  expect(made).toMatchObject({ committed: true });
  await until(async () => (await service.live('en/index.html'))?.includes(title) === true);
  await until(async () => !(await readdir(at('state'))).includes('journal.json'));
  expect(await output('find', [at('site/content'), '-name', '.*.tmp'])).toBe('');
  expect(await service.git('--work-tree', service.siteDir, 'status', '--porcelain', '--untracked-files=no')).toBe('');
  await service.git('fsck', '--strict');
}

const writes: Record<string, [name: string, args: object, done: () => Promise<boolean>]> = {
  'an update': [
    'update_page',
    { route: 'posts/hello', lang: 'en', content: 'New.' },
    async () => (await service.live('en/posts/hello/index.html'))?.includes('New.') === true,
  ],
  'a deletion': [
    'delete_page',
    { route: 'posts/hello', lang: 'en' },
    async () => (await service.live('en/posts/hello/index.html')) === undefined,
  ],
  'a move': [
    'move_page',
    { route: 'posts/hello', to: 'posts/moved' },
    async () => (await service.live('en/posts/moved/index.html'))?.includes('Hi.') === true,
  ],
  'an upload': [
    'upload_asset',
    { name: 'dot.gif', page: 'posts/hello', data: 'R0lGODlhAQABAAAAACwAAAAAAQABAAA=', content_type: 'image/gif' },
    async () => (await stat(at('site/content/posts/hello/dot.gif')).catch(() => undefined)) !== undefined,
  ],
};
const cases = ['site', 'state'].flatMap((disk) => Object.keys(writes).map((write) => [disk, write] as const));

test.each(cases)(
  'while the disk of the %s hangs in %s, reads answer, and nobody is told more than is true',
  async (disk, what) => {
    const [name, args, done] = writes[what] ?? [];
    if (name === undefined || args === undefined || done === undefined) throw new Error('no such write');
    freeze(disk);
    const answering = service.call(name, { ...args, ...key });
    await readsAnswer();
    // Another one that comes meanwhile waits for its turn, which does not come.
    const other = await service.call('update_page', { route: 'posts/hello', lang: 'fr', content: 'Second.' });
    expect(other.text).toContain('[site_busy]');
    const answer = await answering;
    expect(answer.text).toMatch(/\[(?:outcome_unknown|site_busy)\]/);
    await readsAnswer();
    expect(await readdir(service.dir.path)).not.toContain('thawed');
    thaw(disk);
    // What was not told is told by the key, and done once.
    await inTurn(() => service.call(name, { ...args, ...key }));
    await until(done);
    await isWhole();
    expect(
      await service.dir.read(what === 'a move' ? 'site/content/posts/moved/index.fr.md' : file.replace('.en.', '.fr.')),
    ).not.toContain('Second.');
    const subjects = (await service.git('log', '--format=%s')).split('\n');
    expect(new Set(subjects).size).toBe(subjects.length);
  },
);

test('a service that is killed while its disk hangs loses nothing and does nothing by half', async () => {
  for (const disk of ['site', 'state']) {
    const before = await service.dir.read(file);
    freeze(disk);
    const answering = service
      .call('update_page', { route: 'posts/hello', lang: 'en', content: `Killed on ${disk}.` })
      .catch(() => undefined);
    await readsAnswer();
    running.kill('SIGKILL');
    // A process that hangs in the kernel goes when the disk answers.
    thaw(disk);
    await running.gone;
    // Nothing, or that its turn did not come.
    expect((await answering)?.json.result.isError ?? true).toBe(true);
    await startAgain();
    await isWhole();
    // Nobody was told that it is made.
    expect(await service.dir.read(file)).toBe(before);
  }
});

test('a state disk that hangs in the middle of a build', async () => {
  // Nobody has an answer before the disk hangs.
  running.kill('SIGKILL');
  await running.gone;
  await startAgain('10');
  await hugo.close();
  const builds = async () => (await service.dir.read('builds')).split('\n').length;
  const before = await builds();
  const change = { route: 'posts/hello', lang: 'en', content: 'Built slowly.', ...key };
  const answering = service.call('update_page', change);
  await until(async () => (await builds()) > before);
  freeze('state');
  await hugo.open();
  await readsAnswer();
  const answer = await answering;
  expect(answer.text).toContain('[outcome_unknown]');
  expect(await service.live('en/posts/hello/index.html')).toContain('Hi.');
  thaw('state');
  expect(await inTurn(() => service.call('update_page', change))).toMatchObject({ committed: true });
  await until(async () => (await service.live('en/posts/hello/index.html'))?.includes('Built slowly.') === true);
  await isWhole();
});

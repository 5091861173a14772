import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { startTestStack, type TestStack } from '../e2e/start.ts';
import { RARE_WORD, routeOf, writeLargeSite } from './large-site.ts';
import { paced, percentile } from './paced.ts';
import { type Row, table } from './report.ts';
import { openServerCalls, type ServerCalls } from './server-calls.ts';

const usage = `usage: pnpm bench:site [PAGES...]

Measures hugo-mcp-server on generated sites of so many pages (default: 500 5000 20000). The targets are for 5,000 pages.
Numbers are for reading: a target that is missed does not fail the run.
`;

/** The size that the targets are for. */
const targetPages = 5_000;
const reads = 1_000;
const writes = 5;
/** From the last call until the memory is measured, in ms: the service gives back what its start took when it is at rest. */
const rest = 15_000;
/** Until what goes on behind an answer is over (asking Hugo for addresses, removing old releases), in ms. */
const settle = 5_000;
const run = promisify(execFile);

async function main(args: readonly string[]): Promise<void> {
  if (args.includes('--help')) return void process.stdout.write(usage);
  const sizes = args.length === 0 ? [500, targetPages, 20_000] : args.map(Number);
  if (!sizes.every((size) => Number.isInteger(size) && size >= 100)) throw new Error(usage);
  const rows: Row[] = [];
  for (const size of sizes) rows.push(...(await measure(size)));
  process.stdout.write(`\n${table(rows)}\n`);
}

async function measure(pages: number): Promise<Row[]> {
  const folder = await mkdtemp(path.join(tmpdir(), 'arleo-site-'));
  const area = `${pages} pages`;
  const row = (name: string, value: number, unit: string, most?: number): Row => ({
    area,
    name,
    value,
    unit,
    ...(most !== undefined && pages === targetPages && { target: { at: 'most', value: most } }),
  });
  process.stderr.write(`==> ${area}\n`);
  const site = path.join(folder, 'site');
  await writeLargeSite(site, pages);
  const empty = path.join(folder, 'empty');
  await writeLargeSite(empty, 100);
  const baseline = await residentAfterStart(empty);
  const stack = await startTestStack({}, undefined, site);
  try {
    await stack.service('hugo-mcp-server').stop();
    const began = performance.now();
    await stack.restart('hugo-mcp-server');
    const calls = await openServerCalls(stack);
    await calls.call('list_pages', { limit: 1 });
    const ready = performance.now() - began;
    await calls.call('search_pages', { query: RARE_WORD });
    await sleep(rest);
    const memory = ((await resident(stack)) - baseline) / (pages - 100);
    const rows = [
      row('start to the first list', ready, 'ms', 3_000),
      row('memory a page, at rest', memory / 1024, 'KB', 12),
      ...(await measureReads(calls, pages, row)),
      ...(await measureWrites(calls, site, folder, row)),
    ];
    calls.close();
    return rows;
  } finally {
    await stack.dispose();
    await rm(folder, { recursive: true, force: true });
  }
}

type MakeRow = (name: string, value: number, unit: string, most?: number) => Row;

async function measureReads(calls: ServerCalls, pages: number, row: MakeRow): Promise<Row[]> {
  const tools: [string, (index: number) => object][] = [
    ['list_pages', (index) => ({ limit: 50, section: `section-${index % Math.ceil(pages / 500)}` })],
    ['get_page', (index) => ({ route: routeOf((index * 37) % pages) })],
    ['search_pages', (index) => ({ query: index % 2 === 0 ? RARE_WORD : `${RARE_WORD} post` })],
  ];
  const rows: Row[] = [];
  for (const [tool, args] of tools) {
    const times: number[] = [];
    for (let index = 0; index < reads; index += 1) {
      const began = performance.now();
      await calls.call(tool, args(index));
      times.push(performance.now() - began);
    }
    rows.push(row(`${tool}, p50`, percentile(sorted(times), 0.5), 'ms', 5));
  }
  return rows;
}

async function measureWrites(calls: ServerCalls, site: string, folder: string, row: MakeRow): Promise<Row[]> {
  const create = (name: string) =>
    calls.call('create_page', { route: `section-0/${name}`, lang: 'en', title: name, content: 'Words.\n' });
  const read = async (index: number) => (await calls.call('get_page', { route: routeOf(index % 100) })) !== undefined;
  await create('warm-up');
  await sleep(settle);
  const pause = performance.now();
  await read(0);
  const afterPause = performance.now() - pause;
  const ours: number[] = [];
  const bare: number[] = [];
  for (let index = 0; index < writes; index += 1) {
    await sleep(settle);
    // As an editor does. The token is checked anew after 5 s, which says nothing of builds: it has a row of its own.
    await read(index);
    let began = performance.now();
    await create(`new-${index}`);
    ours.push(performance.now() - began);
    await sleep(settle);
    began = performance.now();
    await run('hugo', ['--quiet', '--noBuildLock', '--destination', path.join(folder, `bare-${index}`)], { cwd: site });
    bare.push(performance.now() - began);
  }
  const began = performance.now();
  const together = await Promise.all(Array.from({ length: 20 }, (_, index) => create(`burst-${index}`)));
  const burst = performance.now() - began;
  const releases = new Set(together.map(({ release }) => release));

  await sleep(settle);
  await read(0);
  const quiet = await paced({ perSecond: 50, seconds: 10 }, read);
  let building = true;
  const builds = (async () => {
    for (let index = 0; building; index += 1) await create(`during-${index}`);
  })();
  builds.catch(() => undefined);
  const busy = await paced({ perSecond: 50, seconds: 10 }, read);
  building = false;
  await builds;

  const [median, bareMedian] = [percentile(sorted(ours), 0.5), percentile(sorted(bare), 0.5)];
  return [
    row('bare hugo build', bareMedian, 'ms'),
    row('create_page to live', median, 'ms'),
    row('create_page to live, beside a bare build', median / bareMedian, '× hugo', 1.15),
    row('first call after a pause of 5 s', afterPause, 'ms'),
    row('20 creates at once', burst, 'ms'),
    row('builds for 20 creates at once', releases.size, '', 3),
    row('get_page in quiet, p99', quiet.p99, 'ms'),
    row('get_page during builds, p99', busy.p99, 'ms'),
    row('get_page during builds, p99', busy.p99 / quiet.p99, '× quiet', 3),
  ];
}

/** What the service holds with next to no pages, in bytes. */
async function residentAfterStart(site: string): Promise<number> {
  const stack = await startTestStack({}, undefined, site);
  try {
    await sleep(rest);
    return await resident(stack);
  } finally {
    await stack.dispose();
  }
}

async function resident(stack: TestStack): Promise<number> {
  const status = await readFile(`/proc/${stack.service('hugo-mcp-server').pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

function sorted(values: readonly number[]): number[] {
  return [...values].sort((a, b) => a - b);
}

main(process.argv.slice(2)).catch((error: Error) => {
  process.stderr.write(`bench: ${error.message}\n`);
  process.exitCode = 1;
});

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type AsHost, asHost } from './as-host.ts';
import { startTestStack, type TestStack } from './start.ts';

/** Real file systems of their own for the site and for the state of hugo-mcp-server: one is frozen, one is filled. */
let folder: string;
let stack: TestStack;
let host: AsHost;
let thawing: ChildProcess | undefined;
let site: string;
let logs: string;

/** Runs a program that the test cannot do without. */
function need(program: string, ...args: string[]): void {
  try {
    execFileSync(program, args, { stdio: 'pipe' });
  } catch (cause) {
    throw new Error(
      `"${program} ${args.join(' ')}" failed. This test needs root, loop devices, mkfs.ext4 and fsfreeze.`,
      { cause },
    );
  }
}

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'arleo-disks-'));
  site = path.join(folder, 'site');
  need('mkdir', site);
  need('truncate', '-s', '64M', `${site}.img`);
  need('mkfs.ext4', '-q', '-m', '0', `${site}.img`);
  need('mount', '-o', 'loop', `${site}.img`, site);
  await cp(new URL('../../scripts/demo/site', import.meta.url), site, { recursive: true });
  stack = await startTestStack(
    {},
    async ({ logs: own }) => {
      logs = own;
      need('mkdir', '-p', own);
      need('mount', '-t', 'tmpfs', '-o', 'size=32m', 'logs', own);
    },
    site,
  );
  host = await asHost(stack);
});
afterAll(async () => {
  thaw();
  await host?.dispose();
  // Lazily: the services still write there.
  for (const dir of [site, logs]) if (dir !== undefined) execFileSync('umount', ['--lazy', dir]);
  await stack?.dispose();
  await rm(folder, { recursive: true, force: true });
});

/** Whatever becomes of the test, what hangs does not hang for ever. */
function freeze(): void {
  thawing = spawn('sh', ['-c', 'sleep 100; fsfreeze --unfreeze "$0"', site], { stdio: 'ignore', detached: true });
  need('fsfreeze', '--freeze', site);
}

function thaw(): void {
  if (thawing === undefined) return;
  if (thawing.pid !== undefined) process.kill(-thawing.pid);
  thawing = undefined;
  need('fsfreeze', '--unfreeze', site);
}

const readyz = async () => {
  const answer = await fetch(`${stack.addresses.oauthProxyUrl}/readyz`);
  return [answer.status, JSON.stringify(await answer.json())];
};

test('where all is well nothing is found but that nobody makes backups', async () => {
  expect((await host.examine()).codes).toEqual(['backup_missing']);
});

test('[R-DOCTOR-DISK] a disk that hangs: every service answers, one is not ready, and doctor names the disk and ends', async () => {
  freeze();
  const { status, report, codes } = await host.examine();
  // What was seen of it last is believed for 5 s.
  while ((await readyz())[0] === 200) await sleep(100);
  // However often it is asked: each asking that hangs would keep a thread.
  for (let asked = 0; asked < 8; asked += 1) expect((await readyz())[0]).toBe(503);
  expect([status, codes]).toEqual([4, expect.arrayContaining(['disk_hangs'])]);
  expect(JSON.stringify(report.findings)).toContain(site);
  thaw();
  while ((await readyz())[0] !== 200);
});

test('[R-DOCTOR-DISK] a disk that is full', async () => {
  try {
    execFileSync('dd', ['if=/dev/zero', `of=${logs}/filler`, 'bs=1M'], { stdio: 'ignore' });
  } catch {
    // It ends when there is no room left.
  }
  const { status, report, codes } = await host.examine();
  await rm(path.join(logs, 'filler'));
  expect([status, codes]).toEqual([4, expect.arrayContaining(['disk_full'])]);
  expect(JSON.stringify(report.findings)).toContain(logs);
});

test.each([
  ['that is mounted read-only', 'disk_read_only', ['--bind', '--options', 'ro'], (): string => logs],
  [
    'that has room for no more files',
    'disk_full',
    ['--types', 'tmpfs', '--options', 'nr_inodes=1'],
    (): string => 'none',
  ],
] as const)('[R-DOCTOR-DISK] a disk %s', async (_, code, how, from) => {
  need('mount', ...how, from(), logs);
  const { codes, report } = await host.examine();
  need('umount', logs);
  expect(codes).toContain(code);
  expect(JSON.stringify(report.findings)).toContain(logs);
});

import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { VERSION } from '@arleo/core/version';
import { runArleo } from './arleo/run.ts';

const exec = promisify(execFile);
let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'arleo-cli-'));
  file = path.join(folder, 'webhook-secret');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const run = (...args: string[]) => runArleo(args, { WEBHOOK_SECRET_FILE: file });
const rotate = (...args: string[]) => run('webhook-secret', 'rotate', ...args);
const lines = async () => (await readFile(file, 'utf8')).split('\n');

describe('webhook-secret rotate', () => {
  test('makes the first secret, shows it once, mode 0600', async () => {
    const { stdout, stderr, exitCode } = await rotate();
    const [, secret = ''] =
      /^Secret: ([0-9a-f]{64}) {2}# ← shown only once\nPut it into .*GitHub\.\n$/.exec(stdout) ?? [];
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
    expect(await lines()).toEqual([secret, '']);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  test('keeps the old secret valid until --finish', async () => {
    const old = 'an-old-secret-of-mine';
    await writeFile(file, old, { mode: 0o644 });
    const { secret, ...told } = JSON.parse((await rotate('--json')).stdout);
    expect(told).toEqual({ file, state: 'rotating' });
    expect(await lines()).toEqual([secret, old, '']);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const finished = await rotate('--finish');
    expect(finished).toEqual({ stdout: expect.stringContaining('finished'), stderr: '', exitCode: 0 });
    expect(finished.stdout).not.toContain(secret);
    expect(await lines()).toEqual([secret, '']);
  });

  test('the text of a rotation says the next step', async () => {
    await rotate();
    expect((await rotate()).stdout).toContain('arleo webhook-secret rotate --finish');
  });

  test('follows a link once and leaves it', async () => {
    await writeFile(path.join(folder, 'real'), 'an-old-secret-of-mine\n');
    await symlink('real', file);
    expect((await rotate()).exitCode).toBe(0);
    expect((await readFile(path.join(folder, 'real'), 'utf8')).split('\n')).toHaveLength(3);
    expect((await readdir(folder)).sort()).toEqual(['real', 'webhook-secret']);
  });

  test('two at once: one rotates, the other is told', async () => {
    await rotate();
    const both = await Promise.all([rotate('--json'), rotate('--json')]);
    expect(both.map(({ exitCode }) => exitCode).sort()).toEqual([0, 1]);
    const [failed] = both.filter(({ exitCode }) => exitCode === 1);
    expect(JSON.parse(failed?.stderr ?? '')).toMatchObject({ error: { code: 'rotation_under_way' } });
  });

  test.each([
    ['a rotation within a rotation', `${'a'.repeat(20)}\n${'b'.repeat(20)}\n`, [], 'rotation_under_way'],
    ['the end of none', `${'a'.repeat(20)}\n`, ['--finish'], 'rotation_absent'],
    ['the end where there is no file', undefined, ['--finish'], 'rotation_absent'],
    ['something else in the file', 'not one word\n', [], 'webhook_secret_invalid'],
  ])('%s: an error, and the file stays', async (_, content, args, code) => {
    if (content !== undefined) await writeFile(file, content);
    const { stdout, stderr, exitCode } = await rotate('--json', ...args);
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 1 });
    expect(JSON.parse(stderr).error).toMatchObject({ code, hint: expect.any(String) });
    expect(await readFile(file, 'utf8').catch(() => undefined)).toBe(content);
  });

  test.each([
    ['a folder in its place', () => mkdir(file), /webhook-secret cannot be read \(EISDIR\)/],
    ['no folder', () => rm(folder, { recursive: true }), /cannot be written \(ENOENT\).*check that its folder/],
  ])('%s: one line that says so', async (_, prepare, message) => {
    await prepare();
    const { stderr, exitCode } = await rotate();
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^arleo: [^\n]+\n$/);
  });
});

describe('command line', () => {
  test.each([
    [[], /No command is given.*Commands: audit tail, .*webhook-secret rotate/],
    [['webhook-secret'], /There is no command "webhook-secret"/],
    [['webhook-secret', 'destroy'], /There is no command "webhook-secret destroy"/],
    [['webhook-secret', 'rotate', 'now'], /"now" is one argument too many/],
    [['webhook-secret', 'rotate', '--force'], /Unknown option '--force'\. See arleo webhook-secret rotate --help/],
    [['webhook-secret', 'rotate', '--file', ''], /--file is empty/],
    [['webhook-secret', 'rotate', '--finish=yes'], /does not take an argument/],
  ])('%j is refused', async (args, message) => {
    const { stdout, stderr, exitCode } = await run(...args);
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 2 });
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^arleo: [^\n]+\n$/);
  });

  test('help of all and of one', async () => {
    expect((await run('--help')).stdout).toMatch(
      /^arleo: .*\n\nUsage: arleo COMMAND[\s\S]*webhook-secret rotate +make/,
    );
    const one = (await rotate('--help')).stdout;
    expect(one).toMatch(/^arleo webhook-secret rotate: /);
    expect((await run('help', 'webhook-secret', 'rotate')).stdout).toBe(one);
    expect(await lines().catch(() => 'no file')).toBe('no file');
  });

  test('version', async () => {
    expect((await run('--version')).stdout).toBe(`${VERSION}\n`);
    expect((await run('--version', '--json')).stdout).toBe(`{"version":"${VERSION}"}\n`);
  });
});

test('the bundle runs as it is shipped, beside token-mgr', async () => {
  const packageRoot = fileURLToPath(new URL('..', import.meta.url));
  const built = path.join(folder, 'dist');
  const bundle = path.join(packageRoot, '../../scripts/bundle.mjs');
  await exec(process.execPath, [bundle, `--out=${built}`, 'src/arleo.ts', 'src/token-mgr.ts'], { cwd: packageRoot });
  await chmod(folder, 0o755);
  const env = { PATH: process.env.PATH, WEBHOOK_SECRET_FILE: file };
  const { stdout } = await exec(path.join(built, 'arleo.js'), ['webhook-secret', 'rotate', '--json'], { env });
  expect(await lines()).toEqual([JSON.parse(stdout).secret, '']);
  await expect(exec(path.join(built, 'arleo.js'), ['nonsense'], { env })).rejects.toMatchObject({ code: 2 });
  expect((await exec(path.join(built, 'token-mgr.js'), ['--version'], { env })).stdout).toBe(`${VERSION}\n`);
});

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { watch } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Bcrypt, openBcrypt } from '@arleo/core/tokens/bcrypt';
import { readTokenFile } from '@arleo/core/tokens/token-file';
import { openTokenStore, type TokenStore } from '@arleo/core/tokens/token-store';
import { TOTP } from 'otpauth';

const exec = promisify(execFile);
const packageRoot = fileURLToPath(new URL('..', import.meta.url));
let program: string;
let built: string;
let folder: string;
let file: string;
let bcrypt: Bcrypt;

/** The bundle as it is shipped, in a folder with nothing around it. */
beforeAll(async () => {
  built = await mkdtemp(path.join(os.tmpdir(), 'token-mgr-built-'));
  const bundle = path.join(packageRoot, '../../scripts/bundle.mjs');
  await exec(process.execPath, [bundle, `--out=${built}`, 'src/token-mgr.ts'], { cwd: packageRoot });
  program = path.join(built, 'token-mgr.js');
  bcrypt = openBcrypt();
});

afterAll(async () => {
  await bcrypt.close();
  await rm(built, { recursive: true, force: true });
});

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'token-mgr-'));
  file = path.join(folder, 'tokens.json');
});

afterEach(() => rm(folder, { recursive: true, force: true }));

function start(...args: string[]): ChildProcess {
  return spawn(program, [...args, '--file', file], { cwd: folder, env: { PATH: process.env.PATH }, stdio: 'ignore' });
}

async function json(...args: string[]) {
  const { stdout } = await exec(program, [...args, '--file', file, '--json'], {
    cwd: folder,
    env: { PATH: process.env.PATH },
  });
  return JSON.parse(stdout);
}

test('the bundle is one folder that is run as it is', async () => {
  expect((await readdir(built)).sort()).toEqual([
    'THIRD_PARTY_LICENSES',
    'bcrypt-worker.mjs',
    'package.json',
    'token-mgr.js',
    'worker.js',
  ]);
  expect((await stat(program)).mode & 0o111).toBe(0o111);
  const { stdout } = await exec(program, ['--version'], { cwd: folder, env: { PATH: process.env.PATH } });
  expect(stdout).toBe('0.1.0\n');
});

test('exit codes reach the shell', async () => {
  const fails = (...args: string[]) => exec(program, args, { env: { PATH: process.env.PATH, TOKENS_FILE: file } });
  await expect(fails('nonsense')).rejects.toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringMatching(/^token-mgr: [^\n]+\n$/),
  });
  await expect(fails('list')).rejects.toMatchObject({ code: 1, stdout: '' });
});

describe('beside a running token store', () => {
  let store: TokenStore;

  beforeEach(async () => {
    store = await openTokenStore({ file, bcrypt });
  });

  afterEach(() => store.close());

  function change(type: string): Promise<unknown> {
    return new Promise((resolve) => {
      const end = store.onChange((found) => {
        if (found.type !== type) return;
        end();
        resolve(found);
      });
    });
  }

  test('create, use, rotate with grace, revoke: the store follows with no restart', async () => {
    expect(store.ready()).toBe(false);
    const { token, id } = await json('create', '--label', 'claude.ai production');
    expect(id).toBe('tok_main_001');
    await expect(Promise.resolve(store.verify(token, 'a'))).resolves.toMatchObject({
      ok: true,
      id,
      label: 'claude.ai production',
    });
    expect(store.ready()).toBe(true);

    const rotated = change('rotated');
    const next = await json('rotate', id, '--grace', '1h');
    await expect(rotated).resolves.toMatchObject({ id });
    expect(await store.verify(next.token, 'a')).toMatchObject({ ok: true, id: 'tok_main_002' });
    expect(await store.verify(token, 'a')).toMatchObject({ ok: true, id });

    for (const [revoke, revokedToken] of [
      [id, token],
      [next.id, next.token],
    ]) {
      const revoked = change('revoked');
      await json('revoke', revoke);
      await revoked;
      expect(await store.verify(revokedToken, 'a')).toEqual({ ok: false, reason: 'revoked' });
    }
  });

  test('a second factor guards the program; the store goes on with its tokens and needs none', async () => {
    const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
    // Each is good for some time yet, whenever the program looks at it.
    const code = (steps: 0 | 1) =>
      new TOTP({ secret, algorithm: 'SHA1' }).generate({ timestamp: Date.now() + steps * 30_000 });
    const { token } = await json('create', '--label', 'before');
    const enabling = exec(program, ['mfa', 'enable', '--stdin', '--file', file], { env: { PATH: process.env.PATH } });
    enabling.child.stdin?.end(`${secret}\n${code(0)}\n`);
    expect((await enabling).stdout).toContain('Recovery codes');
    await expect(json('create', '--label', 'x')).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('terminal_missing'),
    });
    const next = await json('create', '--label', 'x', '--code', code(1));
    for (const good of [token, next.token]) expect(await store.verify(good, 'a')).toMatchObject({ ok: true });
  });
});

test('programs that run at the same time lose nothing', async () => {
  const created = await Promise.all(Array.from({ length: 6 }, (_, i) => json('create', '--label', `client ${i}`)));
  const { tokens } = await json('list');
  expect(tokens).toHaveLength(6);
  expect(new Set(tokens.map(({ id }: { id: string }) => id))).toEqual(new Set(created.map(({ id }) => id)));
  await Promise.all(created.map(({ id }) => json('revoke', id)));
  const after = await json('list');
  expect(after.tokens.every(({ status }: { status: string }) => status === 'revoked')).toBe(true);
  expect(await readdir(folder)).toEqual(['tokens.json']);
});

test('a program killed at any moment leaves a whole file, and the next one goes on', async () => {
  await json('create', '--label', 'first');
  const { mtimeMs } = await stat(file);
  let landed = 0;
  // The kill falls at another time of the run in each round: start-up, bcrypt, lock, write, rename.
  for (let delay = 40; delay <= 700; delay += 30) {
    const child = start('create', '--label', 'killed');
    const timer = setTimeout(() => child.kill('SIGKILL'), delay);
    await once(child, 'exit');
    clearTimeout(timer);
    const { content } = await readTokenFile(file);
    landed = content.tokens.length - 1;
  }
  await json('create', '--label', 'last');
  const { tokens } = await json('list');
  expect(tokens).toHaveLength(landed + 2);
  expect((await stat(file)).mtimeMs).toBeGreaterThan(mtimeMs);
  expect((await readdir(folder)).filter((name) => name.endsWith('.tmp') || name.endsWith('.lock'))).toEqual([]);
});

test.each(['.lock', '.tmp'])(
  'a program killed as soon as its %s file appears is recovered from by the next one',
  async (suffix) => {
    await json('create', '--label', 'first');
    // The kill races with the program: again until it was fast enough to leave the file behind.
    for (let left: string[] = []; left.length === 0; ) {
      const child = start('create', '--label', 'killed');
      const watcher = watch(folder, (_, name) => {
        if (name?.endsWith(suffix)) child.kill('SIGKILL');
      });
      await once(child, 'exit');
      watcher.close();
      left = (await readdir(folder)).filter((name) => name.endsWith(suffix));
      await readTokenFile(file);
      if (left.length === 0) continue;
      const { id } = await json('create', '--label', 'next');
      await json('revoke', id);
      expect((await readdir(folder)).filter((name) => name.endsWith('.tmp') || name.endsWith('.lock'))).toEqual([]);
    }
  },
);

test('the token is not on the list of processes: it goes to stdout and comes from nowhere', async () => {
  const child = spawn(program, ['create', '--label', 'x', '--file', file], {
    env: { PATH: process.env.PATH },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const commandLine = await readFile(`/proc/${child.pid}/cmdline`, 'utf8');
  let output = '';
  child.stdout?.on('data', (chunk) => {
    output += chunk;
  });
  await once(child, 'close');
  expect(output).toContain('hmcp_');
  expect(commandLine).not.toContain('hmcp_');
});

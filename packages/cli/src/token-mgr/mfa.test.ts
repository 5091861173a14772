import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { TOTP } from 'otpauth';
import { person, program } from '../../test/terminals.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { runTokenMgr } from './run.ts';

const SECRET = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';

let folder: string;
let file: string;
let time: number;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'token-mgr-mfa-'));
  file = path.join(folder, 'tokens.json');
  time = Date.UTC(2026, 10, 21, 12);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const run = (terminal: Terminal, ...args: string[]) => runTokenMgr(args, { TOKENS_FILE: file }, () => time, terminal);
const code = (secret = SECRET) => new TOTP({ secret, algorithm: 'SHA1' }).generate({ timestamp: time });
const failed = (code: string, exitCode = 1) => ({
  exitCode,
  stdout: '',
  stderr: expect.stringContaining(`"code":"${code}"`),
});
const enable = async (): Promise<string[]> => {
  const { stdout } = await run(program(SECRET, code()), 'mfa', 'enable', '--stdin', '--json');
  time += 60_000;
  return JSON.parse(stdout).recovery_codes;
};

test('enable shows the secret three ways, and counts when a code proves the scan', async () => {
  let secret = '';
  const terminal = person('x', (shown) => {
    secret = (/secret {5}((?:[A-Z2-7]{4} ?){8})/.exec(shown)?.[1] ?? '').replaceAll(' ', '');
    return code(secret);
  });
  const { stdout, exitCode } = await run(terminal, 'mfa', 'enable', '--account', 'vm 69');
  expect(exitCode).toBe(0);
  expect(terminal.shown()).toContain('█▄▄▄█');
  expect(terminal.shown()).toContain('Arleo tokens: vm 69');
  expect(stdout.match(/^ {2}(?:\w{4}-){5}\w{4}$/gm)).toHaveLength(10);
  time += 60_000;
  expect((await run(person(code(secret)), 'create', '--label', 'x')).stdout).toMatch(/^Token: hmcp_/);
});

test('create, rotate and revoke ask in a terminal, or take the code as an option or from standard input', async () => {
  await run(program(), 'create', '--label', 'before');
  await enable();
  const asked = person(code());
  expect((await run(asked, 'create', '--label', 'x', '--json')).exitCode).toBe(0);
  expect(asked.shown()).toBe('Code: ');
  time += 30_000;
  expect((await run(program(), 'rotate', 'tok_main_001', '--code', code())).exitCode).toBe(0);
  time += 30_000;
  expect((await run(program(code()), 'revoke', 'tok_x_002', '--stdin')).exitCode).toBe(0);
  expect((await run(program(), 'list')).stdout.match(/ revoked$/gm)).toHaveLength(2);
});

test('a code counts once, a recovery code too, and nothing is done without one', async () => {
  const [recovery = ''] = await enable();
  const given = code();
  const create = (...args: string[]) => run(program(), 'create', '--label', 'x', '--json', ...args);
  expect((await create('--code', given)).exitCode).toBe(0);
  expect(await create('--code', given)).toMatchObject(failed('mfa_code_used'));
  expect(await create('--code', '00000x')).toMatchObject(failed('mfa_code_wrong'));
  expect((await create('--code', recovery)).exitCode).toBe(0);
  expect(await create('--code', recovery)).toMatchObject(failed('mfa_code_wrong'));
  expect(await create()).toMatchObject(failed('terminal_missing'));
  expect(JSON.parse(await readFile(file, 'utf8')).tokens).toHaveLength(2);
  expect((await run(program(), 'mfa', 'status')).stdout).toMatch(/^On since .*\. 9 recovery codes are left\.\n$/);
});

test('a damaged second factor refuses everything but the list', async () => {
  await run(program(), 'create', '--label', 'before');
  await enable();
  await writeFile(path.join(folder, 'tokens.mfa.json'), '{}');
  for (const args of [
    ['create', '--label', 'x', '--code', code()],
    ['revoke', 'tok_main_001', '--code', code()],
    ['rotate', 'tok_main_001'],
    ['mfa', 'disable', '--code', code()],
    ['mfa', 'enable', '--stdin'],
    ['mfa', 'status'],
  ]) {
    expect(await run(program(SECRET, code()), ...args, '--json')).toMatchObject(failed('mfa_damaged'));
  }
  expect((await run(program(), 'list')).exitCode).toBe(0);
});

test('disable asks for a code, and ends it', async () => {
  await enable();
  expect(await run(program(SECRET, code()), 'mfa', 'enable', '--stdin', '--json')).toMatchObject(failed('mfa_enabled'));
  expect(await run(person('x'), 'mfa', 'disable', '--json')).toMatchObject(failed('mfa_code_wrong'));
  expect((await run(person(code()), 'mfa', 'disable')).exitCode).toBe(0);
  expect((await run(program(), 'mfa', 'status')).stdout).toContain('token-mgr mfa enable');
  expect(await run(person(), 'mfa', 'disable', '--json')).toMatchObject(failed('mfa_disabled'));
  expect((await run(program(), 'create', '--label', 'x')).exitCode).toBe(0);
});

test.each([
  [['mfa'], 'mfa takes enable, disable or status.'],
  [['mfa', 'on'], 'mfa takes enable, disable or status.'],
  [['mfa', 'enable', 'now'], '"now" is one argument too many.'],
  [['mfa', 'enable', '--code', '1'], 'mfa enable has no option --code.'],
  [['mfa', 'status', '--stdin'], 'mfa status has no option --stdin.'],
  [['mfa', 'disable', '--account', 'x'], 'mfa disable has no option --account.'],
  [['create', '--label', 'x', '--code', ''], '--code is empty.'],
  [['create', '--label', 'x', '--code', '1', '--stdin'], 'There are two codes.'],
  [['list', '--code', '1'], 'list has no option --code.'],
])('%j is a mistake on the command line', async (args, message) => {
  const { stdout, stderr, exitCode } = await run(program(), ...args);
  expect(stderr).toContain(message);
  expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 2 });
});

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseToken } from '@arleo/core/tokens/token';
import { VERSION } from '@arleo/core/version';
import type { Outcome } from '../outcome.ts';
import { runTokenMgr } from './run.ts';

const start = Date.UTC(2026, 4, 9, 13, 42, 11);
const hash = `$2b$12$${'a'.repeat(53)}`;
let folder: string;
let file: string;
let time: number;

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'token-mgr-'));
  file = path.join(folder, 'tokens.json');
  time = start;
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const run = (...args: string[]): Promise<Outcome> => runTokenMgr(args, { TOKENS_FILE: file }, () => time);
const stored = async () => JSON.parse(await readFile(file, 'utf8')).tokens;
const entry = (fields: Record<string, unknown>) => ({ hash, created_at: '2026-05-09T13:42:11Z', ...fields });

/** The seed's file: a token in use and a test token, here with the lookup parts of our own tokens. */
async function seed(): Promise<void> {
  const tokens = [
    entry({ id: 'tok_main_001', label: 'claude.ai production', lookup: '0'.repeat(16) }),
    entry({ id: 'tok_test_002', label: 'test client', lookup: '1'.repeat(16), created_at: '2026-05-09T14:01:00Z' }),
  ];
  await writeFile(file, JSON.stringify({ tokens }));
}

describe('output', () => {
  test('create shows the token once and its id', async () => {
    const { stdout, stderr, exitCode } = await run('create', '--label', 'claude.ai prod');
    const [, token = ''] =
      /^Token: (hmcp_\S+) {2}# ← shown only once\nID: tok_main_001 +# ← stored cleartext in tokens\.json\n$/.exec(
        stdout,
      ) ?? [];
    expect(parseToken(token)).toBeDefined();
    expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
    expect((await stored())[0]).toMatchObject({
      id: 'tok_main_001',
      label: 'claude.ai prod',
      lookup: parseToken(token)?.lookup,
    });
  });

  test('create with an end says when', async () => {
    expect((await run('create', '--label', 'x', '--expires', '90d')).stdout).toMatch(
      /\nExpires: 2026-08-07 13:42 UTC\n$/,
    );
  });

  test('list is the table of the seed with the column of the end', async () => {
    await seed();
    expect((await run('list')).stdout).toBe(
      [
        'ID            LABEL                 CREATED           EXPIRES  STATUS',
        'tok_main_001  claude.ai production  2026-05-09 13:42  never    active',
        'tok_test_002  test client           2026-05-09 14:01  never    active',
        '',
      ].join('\n'),
    );
  });

  test('revoke says so, and list and file show it', async () => {
    await seed();
    time += 3_600_000;
    expect(await run('revoke', 'tok_test_002')).toEqual({
      stdout: 'Token tok_test_002 revoked. Effective immediately.\n',
      stderr: '',
      exitCode: 0,
    });
    expect((await run('list')).stdout).toMatch(/tok_test_002 .* revoked\n$/);
    expect((await stored())[1].revoked_at).toBe('2026-05-09T14:42:11Z');
  });

  test('rotate shows the new token and what becomes of the old one', async () => {
    await seed();
    const atOnce = await run('rotate', 'tok_test_002');
    expect(atOnce.stdout).toMatch(
      /^Token: hmcp_\S+ .*\nID: tok_test_003 .*\nToken tok_test_002 revoked\. Effective immediately\.\n$/,
    );
    const later = await run('rotate', 'tok_main_001', '--grace', '1h');
    expect(later.stdout).toMatch(
      /\nID: tok_main_004 .*\nToken tok_main_001 works until 2026-05-09 14:42 UTC, then it is refused\.\n$/,
    );
  });

  test('--json gives one line for a program', async () => {
    const created = await run('create', '--label', 'x', '--scope', 'content:read', '--expires', '1h', '--json');
    expect(created.stdout.match(/\n/g)).toHaveLength(1);
    expect(JSON.parse(created.stdout)).toEqual({
      token: expect.stringMatching(/^hmcp_/),
      id: 'tok_main_001',
      label: 'x',
      created_at: '2026-05-09T13:42:11Z',
      expires_at: '2026-05-09T14:42:11Z',
      scopes: ['content:read'],
    });
    expect(JSON.parse((await run('list', '--json')).stdout).tokens).toEqual([
      expect.objectContaining({ id: 'tok_main_001', status: 'active', revoked_at: null }),
    ]);
    const rotated = JSON.parse((await run('rotate', 'tok_main_001', '--json')).stdout);
    expect(rotated).toMatchObject({
      id: 'tok_main_002',
      old: { id: 'tok_main_001', status: 'revoked', rotated_to: 'tok_main_002' },
    });
    expect(JSON.parse((await run('revoke', 'tok_main_002', '--json')).stdout)).toMatchObject({
      id: 'tok_main_002',
      status: 'revoked',
    });
    expect(JSON.parse((await run('revoke', 'tok_main_002', '--json')).stderr)).toEqual({
      error: { code: 'token_revoked', message: expect.any(String), hint: expect.any(String) },
    });
  });

  test('no output but that of create and rotate has a secret, and none has a hash', async () => {
    const { token } = JSON.parse((await run('create', '--label', 'x', '--json')).stdout);
    for (const args of [['list'], ['list', '--json'], ['revoke', 'tok_main_001'], ['revoke', 'tok_main_001']]) {
      const { stdout, stderr } = await run(...args);
      expect(stdout + stderr).not.toContain(parseToken(token)?.secret);
      expect(stdout + stderr).not.toContain('$2b$');
    }
  });

  test('a legacy token is listed as one, with what to do', async () => {
    await writeFile(file, JSON.stringify({ tokens: [entry({ id: 'tok_main_001', label: 'claude.ai production' })] }));
    const { stdout, stderr } = await run('list');
    expect(stdout).toMatch(/legacy\n$/);
    expect(stderr).toBe('Not accepted until rotated (token-mgr rotate ID): tok_main_001\n');
  });

  test('a label that would steer the terminal is shown harmless', async () => {
    await writeFile(file, JSON.stringify({ tokens: [entry({ id: 'a', label: 'x\u001b[2Jy\u202e' })] }));
    expect((await run('list')).stdout).toContain('x?[2Jy?');
  });

  test('help for everything and for each command, and the version', async () => {
    expect((await run('--help')).stdout).toMatch(/create.*list.*revoke.*rotate/s);
    for (const command of ['create', 'list', 'revoke', 'rotate']) {
      const { stdout, exitCode } = await run(command, '--help');
      expect(stdout).toMatch(
        new RegExp(`^token-mgr ${command}: .*Usage: token-mgr ${command}.*--file PATH.*--json`, 's'),
      );
      expect(exitCode).toBe(0);
      expect((await run('help', command)).stdout).toBe(stdout);
    }
    expect((await run('create', '-h')).stdout).toContain('tok_NAME_NNN');
    expect((await run('--version')).stdout).toBe(`${VERSION}\n`);
    const { version } = JSON.parse(await readFile(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(VERSION).toBe(version);
  });
});

describe('options', () => {
  test('scopes may be given several times, in one text, or by the legacy name', async () => {
    await run('create', '--label', 'a', '--scope', 'content:read', '--scope', 'site:admin');
    await run('create', '--label', 'b', '--scope', 'content:write,content:read');
    await run('create', '--label', 'c', '--scope', 'mcp');
    await run('create', '--label', 'd');
    expect((await stored()).map(({ scopes }: { scopes: string[] }) => scopes)).toEqual([
      ['content:read', 'site:admin'],
      ['content:read', 'content:write'],
      ['content:read', 'content:write'],
      ['content:read', 'content:write', 'site:admin'],
    ]);
  });

  test('--file goes before TOKENS_FILE, before or after the command', async () => {
    const other = path.join(folder, 'other.json');
    await run('--file', other, 'create', '--label', 'x', '--name', 'spare');
    expect((await run('list', `--file=${other}`)).stdout).toContain('tok_spare_001');
    await expect(readFile(file)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('a mistake on the command line ends with 2 and one line that says what to write', () => {
  test.each([
    [[], 'No command is given. Commands: create, list, revoke, rotate, adopt, mfa.'],
    [['creat'], 'There is no command "creat". Commands: create, list, revoke, rotate, adopt, mfa.'],
    [['create'], '--label is missing.'],
    [['create', '--label'], '--label'],
    [['create', '--label', ''], 'The label is empty.'],
    [['create', '--label', 'x'.repeat(101)], 'longer than 100 characters'],
    [['create', '--label', 'a\u0007b'], 'control or invisible character'],
    [['create', '--label', 'a', 'b'], '"b" is one argument too many.'],
    [['create', '--label', 'a', '--expires', 'soon'], '--expires "soon" is not a duration'],
    [['create', '--label', 'a', '--expires', '0d'], 'Write a number and s, m, h or d: 30s, 10m, 1h, 90d.'],
    [
      ['create', '--label', 'a', '--scope', 'root'],
      'There is no scope "root". Scopes: content:read, content:write, site:admin, site:pull.',
    ],
    [['create', '--label', 'a', '--scope', ''], 'There is no scope ""'],
    [['create', '--label', 'a', '--name', 'Big Name'], 'The name is not 1 to 20 lower-case letters and digits.'],
    [['create', '--label', 'a', '--grace', '1h'], 'create has no option --grace. See token-mgr create --help.'],
    [['create', '--lable', 'a'], "Unknown option '--lable'."],
    [['list', 'x'], '"x" is one argument too many.'],
    [['list', '--file', ''], '--file is empty.'],
    [['list', '--json=yes'], '--json'],
    [['revoke'], 'revoke needs the ID of a token. See the ids with: token-mgr list.'],
    [['revoke', 'a', 'b'], 'revoke takes one ID.'],
    [['rotate', 'a', '--grace', '-1h'], '--grace'],
    [['rotate', 'a', '--grace', '1x'], '--grace "1x" is not a duration'],
  ])('%j', async (args, message) => {
    const { stdout, stderr, exitCode } = await run(...args);
    expect(stderr).toContain(message);
    expect(stderr).toMatch(/^token-mgr: [^\n]+\n$/);
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 2 });
    await expect(readFile(file)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('a failure ends with 1 and one line that says how to mend it', () => {
  test.each<[string, string[], string | undefined, RegExp]>([
    ['an unknown id', ['revoke', 'tok_none_009'], '{"tokens":[]}', /no token "tok_none_009".*token-mgr list/],
    ['an unknown id to rotate', ['rotate', 'x\u001b'], '{"tokens":[]}', /no token "x\\u001b"/],
    ['no file to list', ['list'], undefined, /no token file .*token-mgr create/],
    ['no file to revoke in', ['revoke', 'a'], undefined, /no token file/],
    ['a damaged file', ['list'], '{"tokens":[', /damaged: it is not JSON.*backup/],
    ['a damaged file to add to', ['create', '--label', 'x'], 'oops', /damaged/],
    ['an entry without hash', ['list'], '{"tokens":[{"id":"a"}]}', /damaged: tokens\.0\.hash/],
  ])('%s', async (_, args, content, message) => {
    if (content !== undefined) await writeFile(file, content);
    const { stdout, stderr, exitCode } = await run(...args);
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^token-mgr: [^\n]+\n$/);
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 1 });
    if (content !== undefined) expect(await readFile(file, 'utf8')).toBe(content);
  });

  test('a second revocation', async () => {
    await seed();
    await run('revoke', 'tok_test_002');
    expect(await run('revoke', 'tok_test_002')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/was revoked already, at 2026-05-09T13:42:11Z\./),
    });
    expect(await run('rotate', 'tok_test_002')).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('revoked already'),
    });
  });

  test('a folder that is not there', async () => {
    const { exitCode, stderr } = await run(
      'create',
      '--label',
      'x',
      '--file',
      path.join(folder, 'none', 'tokens.json'),
    );
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/cannot be written \(ENOENT\).*check that its folder is there/);
  });

  test('a path that goes over two lines', async () => {
    expect((await run('list', '--file', 'a\nb')).stderr).toMatch(/^token-mgr: There is no token file a b\..*\n$/);
  });

  test('a lock that another program holds', async () => {
    await seed();
    await writeFile(`${file}.lock`, 'somebody');
    const { exitCode, stderr } = await run('revoke', 'tok_test_002');
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/tokens\.json\.lock is held by something else\. Wait until it is done/);
  });
});

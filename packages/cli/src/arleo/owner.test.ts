import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import bcrypt from 'bcryptjs';
import { TOTP } from 'otpauth';
import { person, program } from '../../test/terminals.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { runArleo } from './run.ts';

const PASSPHRASE = 'trombone-vitrail-castor-levure';
const SECRET = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';
/** The code of now, or of so many steps later. */
const code = (secret = SECRET, later = 0) =>
  new TOTP({ secret, algorithm: 'SHA1' }).generate({ timestamp: Date.now() + later * 30_000 });

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'arleo-cli-owner-'));
  file = path.join(folder, 'owner.json');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const owner = (terminal: Terminal, ...args: string[]) => runArleo(['owner', ...args], { OWNER_FILE: file }, terminal);
const totp = (terminal: Terminal, ...args: string[]) => owner(terminal, 'totp', ...args);
const stored = async () => JSON.parse(await readFile(file, 'utf8'));
const failed = (code: string) => ({ exitCode: 1, stdout: '', stderr: expect.stringContaining(`"code":"${code}"`) });
const store = async (more: object = {}) =>
  writeFile(file, JSON.stringify({ passphrase_hash: bcrypt.hashSync(PASSPHRASE, 4), ...more }));

describe('set-passphrase', () => {
  test('asks twice, shows nothing of it, and stores a hash of cost 12 alone', async () => {
    const terminal = person(PASSPHRASE, PASSPHRASE);
    const { stdout, stderr, exitCode } = await owner(terminal, 'set-passphrase');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(terminal.hidden).toEqual([true, true]);
    expect(stdout + terminal.shown()).not.toContain(PASSPHRASE);
    const { passphrase_hash } = await stored();
    expect(passphrase_hash).toMatch(/^\$2b\$12\$/);
    expect(bcrypt.compareSync(PASSPHRASE, passphrase_hash)).toBe(true);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  test('takes one line of standard input, and leaves everything else in the file', async () => {
    const totp = { secret: SECRET, recovery_hashes: [], enabled_at: '2026-11-21T12:00:00.000Z', last_step: 1 };
    await store({ totp, later: 'kept' });
    const before = await stored();
    expect((await owner(program('un château plein d’été 74'), 'set-passphrase', '--stdin')).exitCode).toBe(0);
    const after = await stored();
    expect(after).toEqual({ totp, later: 'kept', passphrase_hash: expect.any(String) });
    expect(after.passphrase_hash).not.toBe(before.passphrase_hash);
  });

  test.each([
    ['eleven chars', 'k3xt-m9pq-7', /has 11 characters; it needs 12/],
    ['73 bytes', `${'é7'.repeat(24)}z`, /has 73 bytes; bcrypt looks at no more than 72/],
    ['a common one', 'password1234', /is a common one/],
    ['a row of keys', 'azertyuiopqs', /is easy to guess/],
    ['a repetition', 'abcabcabcabcabc', /is easy to guess/],
    ['a word and a year', 'Motdepasse-2026', /is (?:easy to guess|a common one)/],
    ['a space at its end', `${PASSPHRASE} `, /ends with a space/],
    ['an invisible character', `trombone\u200bvitrail-castor`, /invisible character/],
    ['what is no UTF-8', `trombone-vitrail-ch\ufffdteau`, /did not arrive as UTF-8/],
  ])('refuses %s and says why', async (_what, passphrase, reason) => {
    await store();
    const before = await readFile(file, 'utf8');
    const { stdout, stderr, exitCode } = await owner(program(passphrase), 'set-passphrase', '--stdin');
    expect({ stdout, exitCode }).toEqual({ stdout: '', exitCode: 1 });
    expect(stderr).toMatch(reason);
    expect(stderr).not.toContain(passphrase);
    expect(await readFile(file, 'utf8')).toBe(before);
  });

  test('refuses two that differ', async () => {
    const told = await owner(person(PASSPHRASE, `${PASSPHRASE}x`), 'set-passphrase', '--json');
    expect(told).toMatchObject(failed('passphrase_mismatch'));
    await expect(readFile(file)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('totp', () => {
  test('enable shows the secret three ways, and stores it when a code proves the scan', async () => {
    await store({ later: 'kept' });
    let secret = '';
    const read = (shown: string) => {
      secret = (/secret {5}((?:[A-Z2-7]{4} ?){8})/.exec(shown)?.[1] ?? '').replaceAll(' ', '');
      return code(secret);
    };
    const terminal = person('000 00x', read);
    const { stdout, exitCode } = await totp(terminal, 'enable', '--account', 'my site');
    expect(exitCode).toBe(0);
    expect(terminal.shown()).toContain('█▄▄▄█');
    expect(terminal.shown()).toContain('Arleo: my site');
    expect(terminal.shown()).toContain('TOTP), SHA1, 6 digits, every 30 seconds');
    expect(terminal.shown()).toContain('That is not the code.');
    const codes = stdout.match(/^ {2}(?:\w{4}-){5}\w{4}$/gm) ?? [];
    expect(codes).toHaveLength(10);
    const file = await stored();
    expect(file).toMatchObject({ later: 'kept', totp: { secret, recovery_hashes: expect.any(Array) } });
    for (const one of codes) expect(JSON.stringify(file)).not.toContain(one.trim());
  });

  test('enable stores nothing when no code was right, and nothing twice', async () => {
    await store();
    const before = await readFile(file, 'utf8');
    expect(await totp(person('1', '2', '3'), 'enable', '--json')).toMatchObject(failed('code_wrong'));
    expect(await totp(program(SECRET, '000 00x'), 'enable', '--stdin', '--json')).toMatchObject(failed('code_wrong'));
    expect(await totp(program('GEZDGNBV', code()), 'enable', '--stdin', '--json')).toMatchObject(
      failed('secret_invalid'),
    );
    expect(await totp(program(SECRET), 'enable', '--stdin', '--json')).toMatchObject(failed('answer_missing'));
    expect(await readFile(file, 'utf8')).toBe(before);
    expect((await totp(program(SECRET, code()), 'enable', '--stdin')).exitCode).toBe(0);
    expect(await totp(program(SECRET, code()), 'enable', '--stdin', '--json')).toMatchObject(failed('totp_enabled'));
  });

  test('enable needs a passphrase first', async () => {
    const told = await totp(program(SECRET, code()), 'enable', '--stdin');
    expect(told).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('arleo owner set-passphrase') });
  });

  describe('once enabled', () => {
    let recovery: string[];
    let first: string;
    beforeEach(async () => {
      first = code();
      await store({ later: 'kept' });
      recovery = JSON.parse((await totp(program(SECRET, first), 'enable', '--stdin', '--json')).stdout).recovery_codes;
    });

    test.each<[string, () => string]>([
      ['the passphrase', () => PASSPHRASE],
      ['the next code', () => code(SECRET, 1)],
      ['a recovery code', () => recovery[3] ?? ''],
    ])('disable takes %s', async (_what, answer) => {
      const terminal = person(answer());
      expect((await totp(terminal, 'disable')).exitCode).toBe(0);
      expect(terminal.hidden).toEqual([true]);
      expect(await stored()).toMatchObject({ later: 'kept' });
      expect(await stored()).not.toHaveProperty('totp');
    });

    test.each<[string, () => string]>([
      ['another passphrase', () => 'not the passphrase at all'],
      ['the code that enabled it', () => first],
      ['a code of another secret', () => code('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJA')],
    ])('disable refuses %s', async (_what, answer) => {
      const before = await readFile(file, 'utf8');
      expect(await totp(person(answer()), 'disable', '--json')).toMatchObject(failed('code_wrong'));
      expect(await totp(person(answer()), 'recovery-codes', '--json')).toMatchObject(failed('code_wrong'));
      expect(await readFile(file, 'utf8')).toBe(before);
    });

    test('recovery-codes makes new ones, the old ones end, and the code is used up', async () => {
      const { last_step } = (await stored()).totp;
      const { stdout } = await totp(program(code(SECRET, 1)), 'recovery-codes', '--stdin', '--json');
      expect(JSON.parse(stdout).recovery_codes).toHaveLength(10);
      const after = (await stored()).totp;
      expect(after.last_step).toBeGreaterThan(last_step);
      expect(await totp(program(recovery[0] ?? ''), 'disable', '--stdin', '--json')).toMatchObject(
        failed('code_wrong'),
      );
      expect((await totp(program(JSON.parse(stdout).recovery_codes[9]), 'disable', '--stdin')).exitCode).toBe(0);
    });

    test('status tells it, and no secret', async () => {
      const { stdout } = await totp(program(), 'status');
      expect(stdout).toMatch(/^On since \d{4}-.*, with 10 recovery codes\.\n$/);
      const { stdout: json } = await totp(program(), 'status', '--json');
      expect(JSON.parse(json)).toEqual({ file, enabled: true, enabled_at: expect.any(String), recovery_codes: 10 });
    });
  });

  test('status, disable and recovery-codes say that it is off', async () => {
    await store();
    expect((await totp(program(), 'status')).stdout).toContain('arleo owner totp enable');
    for (const command of ['disable', 'recovery-codes']) {
      expect(await totp(program(PASSPHRASE), command, '--stdin', '--json')).toMatchObject(failed('totp_disabled'));
    }
  });
});

test.each([['set-passphrase'], ['totp', 'enable'], ['totp', 'disable'], ['totp', 'recovery-codes']])(
  '%s %s without a terminal says what to do',
  async (...args) => {
    await store({
      ...(args[1] !== 'enable' && {
        totp: { secret: SECRET, recovery_hashes: [], enabled_at: '2026-11-21T12:00:00.000Z', last_step: 1 },
      }),
    });
    const { stderr, exitCode } = await owner(program(), ...args);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(
      /no terminal to ask them in\. Run it in a terminal \(ssh -t\), or with --stdin and on standard/,
    );
  },
);

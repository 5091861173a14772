import { chmod, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inspect } from 'node:util';
import { changeOwnerFile, readOwnerFile } from './owner-file.ts';
import { canonicalPassphrase } from './passphrase.ts';

const passphrase_hash = `$2b$12$${'a'.repeat(53)}`;
const totp = {
  secret: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ',
  recovery_hashes: ['0'.repeat(64)],
  enabled_at: '2026-11-21T12:00:00.000Z',
  last_step: 59_000_000,
};

describe('the owner’s file', () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'arleo-owner-'));
    file = path.join(folder, 'owner.json');
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));
  const write = (content: unknown) => writeFile(file, JSON.stringify(content));

  it('is read with and without a second factor', async () => {
    await write({ passphrase_hash });
    expect(await readOwnerFile(file)).toEqual({ passphrase_hash });
    await write({ passphrase_hash, totp });
    expect(await readOwnerFile(file)).toEqual({ passphrase_hash, totp });
  });

  it.each([
    ['null', null],
    ['an empty object', {}],
    ['switched off', false],
    ['an empty text', ''],
    ['no secret', { ...totp, secret: undefined }],
    ['a short secret', { ...totp, secret: 'GEZDGNBV' }],
    ['a secret that is not Base32', { ...totp, secret: 'x'.repeat(32) }],
    ['no recovery codes', { ...totp, recovery_hashes: undefined }],
    ['a recovery code in clear', { ...totp, recovery_hashes: ['k7qm-2v9x'] }],
    ['no last step', { ...totp, last_step: undefined }],
    ['no time', { ...totp, enabled_at: 'yesterday' }],
  ])('is damaged when its second factor is %s: never one without it', async (_what, damaged) => {
    await write({ passphrase_hash, totp: damaged });
    await expect(readOwnerFile(file)).rejects.toMatchObject({
      code: 'owner_unreadable',
      message: expect.stringContaining('(totp'),
    });
  });

  it.each(['', '{', '[]', '{"passphrase_hash":"x"}', '{"totp":{}}'])('is damaged: %j', async (text) => {
    await writeFile(file, text);
    await expect(readOwnerFile(file)).rejects.toMatchObject({ code: 'owner_unreadable' });
    await expect(changeOwnerFile(file, () => ({ next: { passphrase_hash }, result: 1 }))).rejects.toMatchObject({
      code: 'owner_unreadable',
    });
    expect(await readFile(file, 'utf8')).toBe(text);
  });

  it('is quoted in no error when it is damaged', async () => {
    for (const text of [
      JSON.stringify({ passphrase_hash, totp: { ...totp, last_step: 'x' } }),
      `{"totp":{"secret":"${totp.secret}"}`,
      `${totp.secret}{`,
    ]) {
      await writeFile(file, text);
      const error = await readOwnerFile(file).catch((thrown: Error) => thrown);
      const told = inspect(error, { depth: 20 });
      expect(told).toContain('owner_unreadable');
      expect(told).not.toContain(totp.secret.slice(0, 6));
    }
  });

  it('is missing, or made with mode 0600', async () => {
    await expect(readOwnerFile(file)).rejects.toMatchObject({ code: 'owner_missing', hint: expect.any(String) });
    expect(await changeOwnerFile(file, (now) => ({ next: { passphrase_hash }, result: now }))).toBeUndefined();
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readOwnerFile(file)).toEqual({ passphrase_hash });
  });

  it('keeps what a change does not name, its link and nothing beside it', async () => {
    const real = path.join(folder, 'real.json');
    await writeFile(real, JSON.stringify({ passphrase_hash, totp, added_later: { by: 'a newer version' } }));
    await chmod(real, 0o644);
    await symlink('real.json', file);
    const other = `$2b$12$${'b'.repeat(53)}`;
    await changeOwnerFile(file, (now) => ({ next: { ...now, passphrase_hash: other }, result: undefined }));
    const stored = JSON.parse(await readFile(real, 'utf8'));
    expect(stored).toEqual({ passphrase_hash: other, totp, added_later: { by: 'a newer version' } });
    expect((await stat(real)).mode & 0o777).toBe(0o600);
    expect((await readdir(folder)).sort()).toEqual(['owner.json', 'real.json']);
  });

  it('is changed by one after the other', async () => {
    await write({ passphrase_hash, count: 0 });
    const add = () =>
      changeOwnerFile(file, (now) => ({
        next: { ...(now ?? { passphrase_hash }), count: Number(now?.count) + 1 },
        result: undefined,
      }));
    await Promise.all(Array.from({ length: 8 }, add));
    expect((await readOwnerFile(file)).count).toBe(8);
  });

  it('cannot be written where there is no folder', async () => {
    const nowhere = path.join(folder, 'none', 'owner.json');
    await expect(changeOwnerFile(nowhere, () => ({ next: { passphrase_hash }, result: 1 }))).rejects.toMatchObject({
      code: 'owner_unwritable',
    });
  });
});

test('a passphrase is the same however its accents are typed', () => {
  expect(canonicalPassphrase('e\u0301te\u0301')).toBe('\u00e9t\u00e9');
  expect(canonicalPassphrase(' a  b ')).toBe(' a  b ');
});

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { confirmFactor, newTotpSecret } from '@arleo/core/mfa/second-factor';
import { type Bcrypt, openBcrypt } from '@arleo/core/tokens/bcrypt';
import bcryptjs from 'bcryptjs';
import { TOTP } from 'otpauth';
import { type Owner, openOwner } from './owner.ts';

const PASSPHRASE = 'un château plein d’été';
const passphrase_hash = bcryptjs.hashSync(PASSPHRASE.normalize('NFC'), 4);

describe('the owner', () => {
  let folder: string;
  let file: string;
  let bcrypt: Bcrypt;
  let time = Date.UTC(2026, 10, 21, 12);
  const claimed = new Set<string>();
  const claim = async (name: string): Promise<boolean> => !claimed.has(name) && Boolean(claimed.add(name));
  const open = (): Owner => openOwner({ file, bcrypt, claim, now: () => time });
  const code = (secret: string, steps = 0) =>
    new TOTP({ secret, algorithm: 'SHA1' }).generate({ timestamp: time + steps * 30_000 });

  beforeAll(() => {
    bcrypt = openBcrypt({ threads: 1 });
  });
  afterAll(() => bcrypt.close());
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'arleo-owner-'));
    file = path.join(folder, 'owner.json');
    claimed.clear();
    time += 3_600_000;
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** Sets a second factor up, ten minutes ago. */
  async function enable() {
    const secret = newTotpSecret();
    time -= 600_000;
    const { factor, recoveryCodes } = confirmFactor(secret, code(secret), time) ?? {};
    time += 600_000;
    await writeFile(file, JSON.stringify({ passphrase_hash, totp: factor }));
    return { secret, recoveryCodes: recoveryCodes ?? [] };
  }

  it('needs no code where none is set up, and looks at none', async () => {
    await writeFile(file, JSON.stringify({ passphrase_hash }));
    const owner = open();
    expect(await owner.asksCode()).toBe(false);
    expect(await owner.check({ passphrase: PASSPHRASE, code: 'whatever' }, false)).toEqual({
      outcome: 'right',
      by: 'passphrase',
      version: expect.any(String),
    });
    expect(claimed.size).toBe(0);
  });

  it('is known by the passphrase however its accents are typed', async () => {
    await writeFile(file, JSON.stringify({ passphrase_hash }));
    const check = await open().check({ passphrase: PASSPHRASE.normalize('NFD'), code: '' }, true);
    expect(check.outcome).toBe('right');
  });

  it('needs both, and a code of another passphrase uses none up', async () => {
    const { secret } = await enable();
    const owner = open();
    const now = code(secret);
    expect(await owner.asksCode()).toBe(true);
    expect(await owner.check({ passphrase: 'x', code: now }, false)).toEqual({
      outcome: 'wrong',
      reason: 'wrong_passphrase',
    });
    for (const wrong of ['', '000 00x', code(secret, 2), code(secret, -2), code(newTotpSecret())]) {
      expect(await owner.check({ passphrase: PASSPHRASE, code: wrong }, false)).toEqual({
        outcome: 'wrong',
        reason: 'wrong_code',
      });
    }
    expect(claimed.size).toBe(0);
    expect(await owner.check({ passphrase: PASSPHRASE, code: now }, false)).toMatchObject({
      outcome: 'right',
      by: 'code',
    });
  });

  it('is let in once by a code, whichever replica it is sent to and at the same time too', async () => {
    const { secret } = await enable();
    const given = { passphrase: PASSPHRASE, code: code(secret) };
    const verdicts = await Promise.all([open(), open(), open()].map((replica) => replica.check(given, false)));
    expect(verdicts.filter(({ outcome }) => outcome === 'right')).toHaveLength(1);
    expect(verdicts.filter((one) => one.outcome === 'wrong' && one.reason === 'replayed_code')).toHaveLength(2);
    time += 30_000;
    expect(await open().check(given, false)).toMatchObject({ reason: 'replayed_code' });
    expect(await open().check({ ...given, code: code(secret) }, false)).toMatchObject({ outcome: 'right' });
  });

  it('is not let in by the code that set the second factor up', async () => {
    const { secret } = await enable();
    time -= 600_000;
    expect(await open().check({ passphrase: PASSPHRASE, code: code(secret) }, false)).toMatchObject({
      reason: 'replayed_code',
    });
  });

  it('is let in once by each recovery code, which is claimed for good', async () => {
    const { recoveryCodes } = await enable();
    let seconds = 0;
    const owner = openOwner({
      file,
      bcrypt,
      now: () => time,
      claim: (name, forSeconds) => {
        seconds = forSeconds;
        return claim(name);
      },
    });
    for (const [index, recovery] of recoveryCodes.entries()) {
      const given = { passphrase: PASSPHRASE, code: recovery };
      expect(await owner.check(given, false)).toMatchObject({ outcome: 'right', by: 'recovery_code' });
      expect(await owner.check(given, false)).toEqual({ outcome: 'wrong', reason: 'replayed_code' });
      expect(claimed.size).toBe(index + 1);
    }
    expect(seconds).toBeGreaterThan(50 * 365 * 86_400);
    for (const name of claimed) for (const one of recoveryCodes) expect(name).not.toContain(one.slice(0, 9));
  });

  it('is never let in without a code when the second factor is damaged', async () => {
    for (const totp of [null, {}, { secret: 'x' }, false, 'off']) {
      await writeFile(file, JSON.stringify({ passphrase_hash, totp }));
      const owner = open();
      await expect(owner.check({ passphrase: PASSPHRASE, code: '' }, true)).rejects.toMatchObject({
        code: 'owner_unreadable',
      });
      await expect(owner.asksCode()).rejects.toMatchObject({ code: 'owner_unreadable' });
      expect(await owner.problem()).toContain('missing or damaged');
    }
  });

  it('has to log in again when the passphrase or the second factor were changed', async () => {
    await writeFile(file, JSON.stringify({ passphrase_hash }));
    const owner = open();
    const { version } = (await owner.check({ passphrase: PASSPHRASE, code: '' }, false)) as { version: string };
    expect(version).toMatch(/^[\w-]{43}$/);
    expect([await owner.loginHolds(version), await owner.loginHolds(undefined)]).toEqual([true, false]);
    const { secret } = await enable();
    expect(await owner.loginHolds(version)).toBe(false);
    const verdict = await owner.check({ passphrase: PASSPHRASE, code: code(secret) }, false);
    const later = (verdict as { version: string }).version;
    expect(await owner.loginHolds(later)).toBe(true);
    await enable();
    expect(await owner.loginHolds(later)).toBe(false);
    await writeFile(file, JSON.stringify({ passphrase_hash: bcryptjs.hashSync(PASSPHRASE, 4) }));
    expect(await owner.loginHolds(version)).toBe(false);
    await writeFile(file, '{');
    expect(await owner.loginHolds(version)).toBe(false);
  });
});

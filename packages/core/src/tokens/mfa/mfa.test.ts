import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { inspect } from 'node:util';
import { TOTP } from 'otpauth';
import { confirmFactor, newTotpSecret } from '../../mfa/second-factor.ts';
import type { Bcrypt } from '../bcrypt.ts';
import { createToken, listTokens, revokeToken, rotateToken } from '../manage.ts';
import { disableMfa, enableMfa, mfaStatus } from './manage-mfa.ts';
import { WRONG_CODES, WRONG_WINDOW_MS } from './prove-code.ts';

/** What is tested here is not how slow bcrypt is. */
const bcrypt = { hash: async () => `$2b$12$${'a'.repeat(53)}` } as unknown as Bcrypt;

let folder: string;
let file: string;
let mfaFile: string;
let time: number;
let secret: string;
let recoveryCodes: string[];
const now = () => time;
const code = (steps = 0) => new TOTP({ secret, algorithm: 'SHA1' }).generate({ timestamp: time + steps * 30_000 });
const create = (given?: string) => createToken(file, { label: 'x' }, { bcrypt, now, code: given });
const fails = (code: string) => ({ code, hint: expect.any(String) });

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'arleo-mfa-'));
  file = path.join(folder, 'tokens.json');
  mfaFile = path.join(folder, 'tokens.mfa.json');
  time = Date.UTC(2026, 10, 21, 12);
  secret = newTotpSecret();
  const confirmed = confirmFactor(secret, code(), time);
  if (!confirmed) throw new Error('the code was not accepted');
  recoveryCodes = confirmed.recoveryCodes;
  await createToken(file, { label: 'before' }, { bcrypt, now });
  await enableMfa(file, confirmed.factor);
  time += 60_000;
});
afterEach(() => rm(folder, { recursive: true, force: true }));

it('guards every change, and not the list', async () => {
  const before = await readFile(file, 'utf8');
  await expect(create()).rejects.toMatchObject(fails('mfa_code_missing'));
  await expect(revokeToken(file, 'tok_main_001', time)).rejects.toMatchObject(fails('mfa_code_missing'));
  await expect(rotateToken(file, 'tok_main_001', {}, { bcrypt, now })).rejects.toMatchObject(fails('mfa_code_missing'));
  await expect(create('000 00x')).rejects.toMatchObject(fails('mfa_code_wrong'));
  expect(await readFile(file, 'utf8')).toBe(before);
  expect(await listTokens(file, time)).toHaveLength(1);
  await create(code());
  time += 30_000;
  await rotateToken(file, 'tok_main_001', {}, { bcrypt, now, code: code() });
  time += 30_000;
  await revokeToken(file, 'tok_x_002', time, code());
  expect((await listTokens(file, time)).map(({ status }) => status)).toEqual(['revoked', 'revoked', 'active']);
});

it('takes a code once, also when it is sent twice at the same time, and none that is older', async () => {
  const given = code();
  const both = await Promise.allSettled([create(given), create(given)]);
  expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  await expect(create(given)).rejects.toMatchObject(fails('mfa_code_used'));
  await expect(create(code(-1))).rejects.toMatchObject(fails('mfa_code_used'));
  await create(code(1));
  expect(await listTokens(file, time)).toHaveLength(3);
});

it('does not take the code that enabled it', async () => {
  time -= 60_000;
  await expect(create(code())).rejects.toMatchObject(fails('mfa_code_used'));
});

it('takes each recovery code once, and says how many are left', async () => {
  const [first = ''] = recoveryCodes;
  await create(first);
  await expect(create(first)).rejects.toMatchObject(fails('mfa_code_wrong'));
  expect(await mfaStatus(file)).toEqual({ enabled: true, enabled_at: expect.any(String), recovery_codes: 9 });
});

it('uses no code up for what cannot be done', async () => {
  await expect(revokeToken(file, 'tok_none_009', time, code())).rejects.toMatchObject({ code: 'token_unknown' });
  await expect(revokeToken(file, 'tok_main_001', time, code())).resolves.toMatchObject({ status: 'revoked' });
});

it('looks at no code after some wrong ones, and does so again after a while', async () => {
  for (let wrong = 0; wrong < WRONG_CODES; wrong += 1) {
    await expect(create('000 00x')).rejects.toMatchObject(fails('mfa_code_wrong'));
    time += 1_000;
  }
  await expect(create(code())).rejects.toMatchObject(fails('mfa_wait'));
  time += WRONG_WINDOW_MS - WRONG_CODES * 1_000;
  await create(code());
});

it('is a file of its own, mode 0600, with no recovery code in it, and leaves nothing beside it', async () => {
  await create(code());
  expect((await stat(mfaFile)).mode & 0o777).toBe(0o600);
  const text = await readFile(mfaFile, 'utf8');
  for (const one of recoveryCodes) expect(text).not.toContain(one.slice(0, 9));
  expect(await readFile(file, 'utf8')).not.toContain(secret);
  expect((await readdir(folder)).sort()).toEqual(['tokens.json', 'tokens.mfa.json']);
});

it.each([
  ['lost', () => rm(mfaFile)],
  ['empty', () => writeFile(mfaFile, '')],
  ['cut off', async () => writeFile(mfaFile, (await readFile(mfaFile, 'utf8')).slice(0, 40))],
  [
    'without its secret',
    async () => writeFile(mfaFile, JSON.stringify({ ...JSON.parse(await readFile(mfaFile, 'utf8')), secret: '' })),
  ],
])('lets nothing pass when it is %s, with any code, and is not enabled over it', async (_what, damage) => {
  await damage();
  const before = await readFile(file, 'utf8');
  for (const given of [undefined, code(), recoveryCodes[0]]) {
    const error = await create(given).catch((thrown: Error) => thrown);
    expect(error).toMatchObject(fails('mfa_damaged'));
    expect(inspect(error, { depth: 20 })).not.toContain(secret.slice(0, 8));
  }
  await expect(mfaStatus(file)).rejects.toMatchObject(fails('mfa_damaged'));
  await expect(disableMfa(file, code(), time)).rejects.toMatchObject(fails('mfa_damaged'));
  const other = newTotpSecret();
  const anew = confirmFactor(other, new TOTP({ secret: other, algorithm: 'SHA1' }).generate({ timestamp: time }), time);
  if (!anew) throw new Error('the code was not accepted');
  await expect(enableMfa(file, anew.factor)).rejects.toMatchObject(fails('mfa_damaged'));
  expect(await readFile(file, 'utf8')).toBe(before);
});

it('still guards when the token file is lost', async () => {
  await rm(file);
  await expect(create()).rejects.toMatchObject(fails('mfa_code_missing'));
  await create(code());
});

it('is disabled by a code, and leaves the token file as it was before', async () => {
  await expect(disableMfa(file, 'x', time)).rejects.toMatchObject(fails('mfa_code_wrong'));
  await disableMfa(file, recoveryCodes[9] ?? '', time);
  expect(await mfaStatus(file)).toEqual({ enabled: false, enabled_at: null, recovery_codes: 0 });
  expect(await readdir(folder)).toEqual(['tokens.json']);
  expect(Object.keys(JSON.parse(await readFile(file, 'utf8')))).toEqual(['tokens']);
  await create();
  await expect(disableMfa(file, code(), time)).rejects.toMatchObject(fails('mfa_disabled'));
});

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type Bcrypt, openBcrypt } from './bcrypt.ts';
import { createToken, listTokens, revokeToken, rotateToken, type TokenRequest } from './manage.ts';
import { parseToken } from './token.ts';

const start = Date.UTC(2026, 4, 9, 13, 42, 11);
const hour = 3_600_000;
const day = 24 * hour;
let folder: string;
let file: string;
let time: number;
let bcrypt: Bcrypt;
const now = () => time;

beforeAll(() => {
  bcrypt = openBcrypt();
});

afterAll(() => bcrypt.close());

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'manage-'));
  file = path.join(folder, 'tokens.json');
  time = start;
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const create = (request: TokenRequest) => createToken(file, request, { bcrypt, now });
const stored = async () => JSON.parse(await readFile(file, 'utf8')).tokens;

test('the first token is stored as the seed shows, and its secret nowhere', async () => {
  const created = await create({ label: 'claude.ai production', expiresInMs: 90 * day });
  expect(created).toMatchObject({
    id: 'tok_main_001',
    label: 'claude.ai production',
    created_at: '2026-05-09T13:42:11Z',
    expires_at: '2026-08-07T13:42:11Z',
    scopes: ['content:read', 'content:write', 'site:admin'],
  });
  const parts = parseToken(created.token);
  const [entry] = await stored();
  expect(entry).toEqual({
    id: 'tok_main_001',
    hash: expect.stringMatching(/^\$2b\$12\$/),
    created_at: '2026-05-09T13:42:11Z',
    label: 'claude.ai production',
    lookup: parts?.lookup,
    expires_at: '2026-08-07T13:42:11Z',
    scopes: ['content:read', 'content:write', 'site:admin'],
  });
  await expect(bcrypt.verify(parts?.secret ?? '', entry.hash)).resolves.toBe(true);
  expect(await readFile(file, 'utf8')).not.toContain(parts?.secret);
});

test('ids count over the whole file, and their word comes from the label or the name asked for', async () => {
  const ids = [];
  for (const request of [
    { label: 'test client' },
    { label: 'test client' },
    { label: 'Évaluation!' },
    { label: '日本' },
    { label: 'x', name: 'spare' },
  ]) {
    ids.push((await create(request)).id);
  }
  expect(ids).toEqual(['tok_main_001', 'tok_test_002', 'tok_evaluation_003', 'tok_token_004', 'tok_spare_005']);
  await writeFile(file, JSON.stringify({ tokens: (await stored()).slice(4) }));
  expect((await create({ label: 'after' })).id).toBe('tok_after_006');
});

test.each(['', '  ', 'x'.repeat(101), 'a\nb', 'a\u001b[31m', 'a\u202eb'])(
  'the label %j is refused, and no file is made',
  async (label) => {
    await expect(create({ label })).rejects.toMatchObject({ code: 'label_invalid' });
    await expect(readFile(file)).rejects.toMatchObject({ code: 'ENOENT' });
  },
);

test.each(['', 'Main', 'a b', '../x', 'x'.repeat(21)])('the name %j is refused', async (name) => {
  await expect(create({ label: 'x', name })).rejects.toMatchObject({ code: 'name_invalid' });
});

test.each([0, -1, Number.NaN, 1e18])('a life of %d ms is refused', async (expiresInMs) => {
  await expect(create({ label: 'x', expiresInMs })).rejects.toMatchObject({ code: 'expiry_invalid' });
});

test('the list shows every state, and never a hash', async () => {
  const hash = `$2b$12$${'a'.repeat(53)}`;
  const entry = { hash, created_at: '2026-05-09T13:42:11Z', label: 'l', lookup: '0'.repeat(16) };
  await writeFile(
    file,
    JSON.stringify({
      tokens: [
        { ...entry, id: 'a' },
        { ...entry, id: 'b', lookup: '1'.repeat(16), expires_at: '2026-05-09T13:42:11Z' },
        { ...entry, id: 'c', lookup: '2'.repeat(16), revoked_at: '2026-05-09T13:42:11Z' },
        { ...entry, id: 'd', lookup: undefined },
      ],
    }),
  );
  const listed = await listTokens(file, start);
  expect(listed.map(({ id, status }) => [id, status])).toEqual([
    ['a', 'active'],
    ['b', 'expired'],
    ['c', 'revoked'],
    ['d', 'legacy'],
  ]);
  expect(JSON.stringify(listed)).not.toContain(hash);
});

test('a revocation is for good and the entry stays', async () => {
  await create({ label: 'x' });
  time += hour;
  await expect(revokeToken(file, 'tok_main_001', time)).resolves.toMatchObject({ status: 'revoked' });
  expect((await stored())[0]).toMatchObject({ id: 'tok_main_001', revoked_at: '2026-05-09T14:42:11Z' });
  await expect(revokeToken(file, 'tok_main_001', time)).rejects.toMatchObject({ code: 'token_revoked' });
  await expect(revokeToken(file, 'tok_none_009', time)).rejects.toMatchObject({ code: 'token_unknown' });
  await expect(rotateToken(file, 'tok_main_001', {}, { bcrypt, now })).rejects.toMatchObject({ code: 'token_revoked' });
});

test('a rotation keeps label, scopes and length of life, and ends the old token at once', async () => {
  await create({ label: 'claude.ai production', expiresInMs: 90 * day, scopes: ['content:read'] });
  time += 30 * day;
  const { created, old } = await rotateToken(file, 'tok_main_001', {}, { bcrypt, now });
  expect(created).toMatchObject({
    id: 'tok_main_002',
    label: 'claude.ai production',
    scopes: ['content:read'],
    expires_at: '2026-09-06T13:42:11Z',
  });
  expect(old).toMatchObject({ id: 'tok_main_001', status: 'revoked', rotated_to: 'tok_main_002' });
  expect(await stored()).toHaveLength(2);
});

test('with a grace the old token ends after it, and never later than it would have', async () => {
  await create({ label: 'x' });
  const first = await rotateToken(file, 'tok_main_001', { graceMs: hour }, { bcrypt, now });
  expect(first.old).toMatchObject({ status: 'active', expires_at: '2026-05-09T14:42:11Z', revoked_at: null });
  expect(first.created.expires_at).toBeNull();
  await expect(rotateToken(file, 'tok_main_001', {}, { bcrypt, now })).rejects.toMatchObject({
    code: 'token_rotated',
    hint: expect.stringContaining('tok_main_002'),
  });
  await create({ label: 'short', expiresInMs: 60_000 });
  const second = await rotateToken(file, 'tok_short_003', { graceMs: hour }, { bcrypt, now });
  expect(second.old.expires_at).toBe('2026-05-09T13:43:11Z');
});

test('a legacy entry is rotated into a token that works, with the scopes it stood for', async () => {
  const hash = `$2b$12$${'a'.repeat(53)}`;
  await writeFile(
    file,
    JSON.stringify({ tokens: [{ id: 'tok_main_001', hash, created_at: '2026-05-09T13:42:11Z', label: 'l' }] }),
  );
  const { created, old } = await rotateToken(file, 'tok_main_001', {}, { bcrypt, now });
  expect(created).toMatchObject({ id: 'tok_main_002', scopes: ['content:read', 'content:write'] });
  expect(old.status).toBe('revoked');
});

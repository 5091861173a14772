import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { changeTokenFile, parseTime, readTokenFile, type TokenFile, tokenFileSchema } from './token-file.ts';

const hash = `$2b$12$${'a'.repeat(53)}`;
const seed = {
  tokens: [{ id: 'tok_main_001', hash, created_at: '2026-05-09T13:42:11Z', label: 'claude.ai production' }],
};
let folder: string;
let file: string;

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'token-file-'));
  file = path.join(folder, 'tokens.json');
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const same = (current: TokenFile) => ({ next: current, result: undefined });

test('the file of the system before is read and kept, with all that is not known here', async () => {
  const before = { version: 3, tokens: [{ ...seed.tokens[0], note: { x: [1] } }] };
  await writeFile(file, JSON.stringify(before));
  expect((await readTokenFile(file)).content).toEqual(before);
  await changeTokenFile(file, same);
  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(before);
});

test('it is written for people too: indented, with a line feed at the end, mode 0600', async () => {
  await changeTokenFile(file, () => ({ next: seed, result: undefined }), { create: true });
  expect(await readFile(file, 'utf8')).toBe(`${JSON.stringify(seed, null, 2)}\n`);
  expect((await stat(file)).mode & 0o7777).toBe(0o600);
  expect(await readdir(folder)).toEqual(['tokens.json']);
});

test('a changed file stays whose it was; a new one gets the owner of its folder', async () => {
  // Only root can give a file away; anybody else has one owner to see it with.
  const { getuid = () => 0, getgid = () => 0 } = process;
  const owners = getuid() === 0 ? [12345, 23456] : [getuid(), getuid()];
  const groups = getuid() === 0 ? [12346, 23457] : [getgid(), getgid()];
  const { chown } = await import('node:fs/promises');
  await chown(folder, owners[0] as number, groups[0] as number);
  await changeTokenFile(file, () => ({ next: seed, result: undefined }), { create: true });
  expect(await stat(file)).toMatchObject({ uid: owners[0], gid: groups[0] });
  await chown(file, owners[1] as number, groups[1] as number);
  await changeTokenFile(file, same);
  expect(await stat(file)).toMatchObject({ uid: owners[1], gid: groups[1] });
});

test('what a change throws, and a next state that is not valid, leave the file alone', async () => {
  await writeFile(file, JSON.stringify(seed));
  const no = () => {
    throw new Error('no');
  };
  await expect(changeTokenFile(file, no)).rejects.toThrow('no');
  const twice = { tokens: [...seed.tokens, ...seed.tokens] };
  await expect(changeTokenFile(file, () => ({ next: twice, result: 0 }))).rejects.toThrow();
  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(seed);
  expect(await readdir(folder)).toEqual(['tokens.json']);
});

test('through a symlink the file is changed, and the link stays', async () => {
  await mkdir(path.join(folder, 'real'));
  const real = path.join(folder, 'real', 'tokens.json');
  await writeFile(real, JSON.stringify(seed));
  await symlink(real, file);
  await changeTokenFile(file, (current) => ({ next: { ...current, changed: true }, result: undefined }));
  expect(JSON.parse(await readFile(real, 'utf8'))).toMatchObject({ changed: true });
});

test('changes at the same time lose nothing', async () => {
  await Promise.all(
    Array.from({ length: 20 }, (_, i) =>
      changeTokenFile(
        file,
        (current) => ({
          next: {
            tokens: [
              ...current.tokens,
              { ...seed.tokens[0], id: `t${i}`, hash, created_at: '2026-05-09T13:42:11Z', label: 'x' },
            ],
          },
          result: undefined,
        }),
        { create: true },
      ),
    ),
  );
  expect((await readTokenFile(file)).content.tokens).toHaveLength(20);
});

test.each<[string, (file: string) => Promise<unknown>, string]>([
  ['a missing file', async () => {}, 'token_file_missing'],
  ['a missing folder', async (target) => rm(path.dirname(target), { recursive: true }), 'token_file_missing'],
  ['a folder', (target) => mkdir(target), 'token_file_damaged'],
  ['an empty file', (target) => writeFile(target, ''), 'token_file_damaged'],
  ['a file cut off', (target) => writeFile(target, JSON.stringify(seed).slice(0, -9)), 'token_file_damaged'],
  ['a list', (target) => writeFile(target, '[]'), 'token_file_damaged'],
  ['5 MB', (target) => writeFile(target, ' '.repeat(5e6)), 'token_file_damaged'],
])('%s is told as what it is', async (_, make, code) => {
  await make(file);
  await expect(readTokenFile(file)).rejects.toMatchObject({ code, hint: expect.any(String) });
});

test.each([
  ['an id that breaks out of a terminal', { id: 'tok\u001b[2J' }],
  ['an empty id', { id: '' }],
  ['a hash in clear text', { hash: 'hmcp_secret' }],
  ['a hash that would take hours', { hash: hash.replace('$12$', '$31$') }],
  ['an expiry that is no time', { expires_at: 'tomorrow' }],
  ['an expiry that is a number', { expires_at: 1 }],
  ['a lookup of another length', { lookup: 'abc' }],
  ['scopes in one text', { scopes: 'content:read' }],
])('an entry with %s is damage, and the message does not show the value', (_, wrong) => {
  const result = tokenFileSchema.safeParse({ tokens: [{ ...seed.tokens[0], ...wrong }] });
  expect(result.success).toBe(false);
});

test('two entries with the same id or lookup are damage', () => {
  const a = { ...seed.tokens[0], lookup: '0'.repeat(16) };
  expect(tokenFileSchema.safeParse({ tokens: [a, { ...a, id: 'b' }] }).success).toBe(false);
  expect(tokenFileSchema.safeParse({ tokens: [a, { ...a, lookup: '1'.repeat(16) }] }).success).toBe(false);
});

test('times may have an offset, a fraction, or neither (then they are UTC)', () => {
  const expected = Date.UTC(2026, 4, 9, 13, 42, 11);
  for (const text of [
    '2026-05-09T13:42:11Z',
    '2026-05-09T15:42:11+02:00',
    '2026-05-09T13:42:11',
    '2026-05-09 13:42:11.000000',
  ]) {
    expect(parseTime(text)).toBe(expected);
  }
  for (const text of ['', '2026', '2026-05-09', '2026-13-09T13:42:11Z', 'now']) expect(parseTime(text)).toBeNaN();
});

const word = fc.stringMatching(/^[a-z0-9]{1,10}$/);
const known = new Set([
  'id',
  'hash',
  'created_at',
  'label',
  'lookup',
  'expires_at',
  'revoked_at',
  'scopes',
  'rotated_to',
]);
const entries = fc.uniqueArray(
  fc
    .record(
      {
        id: word,
        label: fc.string({ unit: 'grapheme', maxLength: 50 }),
        lookup: fc.stringMatching(/^[0-9a-f]{16}$/),
        expires_at: fc.constantFrom('2027-01-01T00:00:00Z', null),
        scopes: fc.array(word, { maxLength: 3 }),
        more: fc.dictionary(word, fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3 }),
      },
      { requiredKeys: ['id', 'label', 'more'] },
    )
    .map(({ more, ...entry }) => ({
      ...Object.fromEntries(Object.entries(more).filter(([key]) => !known.has(key))),
      hash,
      created_at: '2026-05-09T13:42:11Z',
      ...entry,
    })),
  { selector: ({ id }) => id, maxLength: 8 },
);

test('whatever a file holds, reading and writing it changes nothing', async () => {
  await fc.assert(
    fc.asyncProperty(entries, async (tokens) => {
      fc.pre(new Set(tokens.map(({ lookup }) => lookup ?? Math.random())).size === tokens.length);
      await writeFile(file, JSON.stringify({ tokens }));
      await changeTokenFile(file, same);
      expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(JSON.parse(JSON.stringify({ tokens })));
    }),
  );
});

test('no bytes make reading fail in any other way than by a named error', async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.json().map(Buffer.from)), async (bytes) => {
      await writeFile(file, bytes);
      await expect(readTokenFile(file)).rejects.toMatchObject({ code: 'token_file_damaged' });
    }),
  );
});

import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { listKeys, replaceKeys, rotateKeys } from './change-keys.ts';
import { openKeyFile } from './key-file.ts';
import { formatKeySet, makeKey } from './key-set.ts';
import type { KeyStore } from './key-store.ts';

const start = Date.parse('2026-11-21T10:00:00Z');
let folder: string;
let store: KeyStore;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'arleo-keys-'));
  store = openKeyFile(path.join(folder, 'state'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const file = () => path.join(folder, 'state', 'signing-keys.json');
const kids = async () => (await listKeys(store, start)).map(({ jwk }) => jwk.kid);

test('the file is readable by its owner alone, and nothing lies beside it', async () => {
  expect(await store.replace(undefined, formatKeySet([makeKey(0)]))).toBe(true);
  await rotateKeys(store, start);
  expect((await stat(file())).mode & 0o777).toBe(0o600);
  expect(await readdir(path.dirname(file()))).toEqual(['signing-keys.json']);
});

test('only who knows what is stored replaces it', async () => {
  const first = formatKeySet([makeKey(0)]);
  const all = await Promise.all([
    store.replace(undefined, first),
    store.replace(undefined, formatKeySet([makeKey(0)])),
  ]);
  expect(all.filter(Boolean)).toHaveLength(1);
  expect(await store.replace('something else', first)).toBe(false);
});

test('rotated twice at once, and once more: one new key', async () => {
  await store.replace(undefined, formatKeySet([makeKey(0)]));
  const both = await Promise.all([rotateKeys(store, start), rotateKeys(store, start)]);
  expect(both.map(({ state }) => state).sort()).toEqual(['begun', 'under_way']);
  const after = await readFile(file(), 'utf8');
  expect((await rotateKeys(store, start + 60_000)).state).toBe('under_way');
  expect(await readFile(file(), 'utf8')).toBe(after);
  expect(await kids()).toHaveLength(2);
});

test('replaced, no earlier key is left, also none that waited to sign', async () => {
  await store.replace(undefined, formatKeySet([makeKey(0)]));
  await rotateKeys(store, start);
  const before = await kids();
  const { keys, state } = await replaceKeys(store, start);
  expect({ state, phases: keys.map(({ phase }) => phase) }).toEqual({ state: 'replaced', phases: ['signing'] });
  expect(before).not.toContain(keys[0]?.jwk.kid);
  expect(await kids()).toEqual([keys[0]?.jwk.kid]);
});

test('what was left by a process that was killed in the middle is taken away, and is never read', async () => {
  await store.replace(undefined, formatKeySet([makeKey(0)]));
  await writeFile(path.join(folder, 'state', `.signing-keys.json.${'0'.repeat(16)}.tmp`), '{"keys":[');
  expect((await rotateKeys(store, start)).state).toBe('begun');
  expect(await readdir(path.dirname(file()))).toEqual(['signing-keys.json']);
});

test('where there are no keys none are made', async () => {
  await expect(rotateKeys(store, start)).rejects.toMatchObject({ code: 'state_missing' });
  await expect(replaceKeys(store, start)).rejects.toMatchObject({ code: 'state_missing' });
});

test('a damaged file stays as it is', async () => {
  await store.replace(undefined, 'nonsense');
  await expect(replaceKeys(store, start)).rejects.toMatchObject({ code: 'signing_keys_damaged' });
  expect(await readFile(file(), 'utf8')).toBe('nonsense');
});

test('gives up when others are always faster', async () => {
  const text = formatKeySet([makeKey(0)]);
  const busy: KeyStore = { where: 'there', read: async () => text, replace: async () => false, watch: () => () => {} };
  await expect(rotateKeys(busy, start)).rejects.toMatchObject({ code: 'signing_keys_busy' });
});

test('whoever watches is told of a change, and of the first look', async () => {
  await store.replace(undefined, formatKeySet([makeKey(0)]));
  let told = 0;
  let tell = () => {};
  const next = () => new Promise<void>((resolve) => (tell = resolve));
  const first = next();
  const stop = store.watch(() => {
    told += 1;
    tell();
  });
  await first;
  const second = next();
  await replaceKeys(store, start);
  await second;
  stop();
  expect(told).toBe(2);
});

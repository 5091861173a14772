import { replaceKeys, rotateKeys } from '@arleo/core/signing-keys/change-keys';
import { formatKeySet, makeKey, parseKeySet } from '@arleo/core/signing-keys/key-set';
import type { KeyStore } from '@arleo/core/signing-keys/key-store';
import { openSigningKeys, type SigningKeys } from './signing-keys.ts';

const start = Date.parse('2026-11-21T10:00:00Z');
const minute = 60_000;

/** A store in memory, the keys that follow it, and a clock. */
async function open(text?: string) {
  const world = {
    text,
    now: start,
    failing: undefined as Error | undefined,
    logged: [] as string[],
    events: [] as unknown[],
  };
  let changed = () => {};
  const store: KeyStore = {
    where: 'memory',
    async read() {
      if (world.failing) throw world.failing;
      return world.text;
    },
    async replace(expected, next) {
      if (world.text !== expected) return false;
      world.text = next;
      changed();
      return true;
    },
    watch(onChange) {
      changed = onChange;
      return () => {
        changed = () => {};
      };
    },
  };
  const keys = await openSigningKeys({
    store,
    audit: { record: (event: unknown) => world.events.push(event) } as never,
    log: { error: (message: string) => world.logged.push(message) } as never,
    now: () => world.now,
    everyMs: 5,
  });
  return {
    world,
    store,
    keys,
    put: (next: string | undefined) => {
      world.text = next;
      changed();
    },
  };
}

const kids = (keys: SigningKeys): string[] => keys.jwks.keys.map(({ kid }) => kid);

/** Waits until it is so; jest's own limit ends what never comes. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}
const someLooks = () => new Promise((resolve) => setTimeout(resolve, 50));

test('makes the first key, once, and finds it again', async () => {
  const { world, keys } = await open();
  keys.close();
  const again = await open(world.text);
  again.keys.close();
  expect(kids(again.keys)).toEqual(kids(keys));
  expect(keys.verificationKey(kids(keys)[0] ?? '')).toBeDefined();
  expect(keys.verificationKey('another')).toBeUndefined();
});

test('follows a rotation to its end: published, signing, dropped, and off the disk', async () => {
  const { world, store, keys } = await open();
  const seen: string[][] = [];
  keys.onChange(() => seen.push(kids(keys)));
  const [old = ''] = kids(keys);
  await rotateKeys(store, world.now);
  await until(() => seen.length === 1);
  const next = seen[0]?.[1] ?? '';
  expect(seen[0]).toEqual([old, next]);
  world.now += 15 * minute;
  await until(() => seen.length === 2);
  expect(seen[1]).toEqual([next, old]);
  expect(keys.verificationKey(old)).toBeDefined();
  world.now += 65 * minute;
  await until(() => seen.length === 3);
  expect(seen[2]).toEqual([next]);
  expect(keys.verificationKey(old)).toBeUndefined();
  await until(() => parseKeySet(world.text ?? '', '').length === 1);
  await someLooks();
  expect(seen).toHaveLength(3);
  expect(world.events).toEqual([
    { event_type: 'signing_keys.changed', result: 'success', resource: old, details: { published: 2 } },
    { event_type: 'signing_keys.changed', result: 'success', resource: next, details: { published: 2 } },
    { event_type: 'signing_keys.changed', result: 'success', resource: next, details: { published: 1 } },
  ]);
  keys.close();
});

test('a rotation of long ago, told to a service that was down, is over', async () => {
  const { store, world, keys } = await open();
  keys.close();
  await rotateKeys(store, start);
  const again = await open(world.text);
  expect(kids(again.keys)).toHaveLength(2);
  again.world.now += 81 * minute;
  await until(() => kids(again.keys).length === 1);
  again.keys.close();
});

test('a key that is known to others is dropped at once', async () => {
  const { store, keys } = await open();
  const [old = ''] = kids(keys);
  await replaceKeys(store, start);
  await until(() => keys.verificationKey(old) === undefined);
  expect(kids(keys)).toHaveLength(1);
  keys.close();
});

test('keeps the keys that it has while they cannot be read, says so once, and goes on after it', async () => {
  const { world, keys, put } = await open();
  const before = kids(keys);
  put('nonsense');
  await until(() => world.logged.length === 1);
  put(undefined);
  await until(() => world.logged.length === 2);
  world.failing = new Error('gone');
  await until(() => world.logged.length === 3);
  await someLooks();
  expect(world.logged).toHaveLength(3);
  expect(kids(keys)).toEqual(before);
  world.failing = undefined;
  put(formatKeySet([makeKey(start)]));
  await until(() => kids(keys)[0] !== before[0]);
  keys.close();
});

test('a damaged store keeps it from opening, and stays as it is', async () => {
  await expect(open('nonsense')).rejects.toMatchObject({ code: 'signing_keys_damaged' });
});

test('two that open at once share one first key', async () => {
  const shared: { text?: string } = {};
  const store: KeyStore = {
    where: 'memory',
    read: async () => shared.text,
    async replace(expected, next) {
      await undefined;
      if (shared.text !== expected) return false;
      shared.text = next;
      return true;
    },
    watch: () => () => {},
  };
  const options = { store, audit: {} as never, log: {} as never };
  const both = await Promise.all([openSigningKeys(options), openSigningKeys(options)]);
  expect(kids(both[0])).toEqual(kids(both[1]));
  for (const keys of both) keys.close();
});

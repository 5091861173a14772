import { setTimeout as sleep } from 'node:timers/promises';
import { type RedisServer, startRedis } from '../../../test/redis-server.ts';
import { type OpenRedis, openRedis } from './open-redis.ts';
import { openRedisKeyStore } from './redis-key-store.ts';

describe('signing keys in Redis', () => {
  const key = Buffer.alloc(32, 1);
  let server: RedisServer;
  let redis: OpenRedis;
  beforeAll(async () => {
    server = await startRedis();
    redis = await openRedis(server.url);
  });
  afterAll(async () => {
    redis.close();
    await server.dispose();
  });
  const open = (secret = key) => openRedisKeyStore(redis.ask, secret);
  const raw = () => redis.ask((one) => one.get('arleo:signing-keys'));

  it('are made by one of all who begin at once, and changed by one of all who change them', async () => {
    const stores = Array.from({ length: 5 }, () => open());
    expect(await stores[0]?.read()).toBeUndefined();
    for (const [expected, round] of [
      [undefined, 'first'],
      ['first', 'second'],
    ] as const) {
      const tries = await Promise.all(stores.map((store) => store.replace(expected, round)));
      expect(tries.filter((won) => won)).toHaveLength(1);
      expect(await open().read()).toBe(round);
    }
    expect(await open().replace('first', 'stale')).toBe(false);
    expect(await open().read()).toBe('second');
  });

  it('are encrypted: nothing of them shows, and nobody else can read or replace them', async () => {
    expect(await raw()).toMatch(/^sealed:v1:/);
    expect(await raw()).not.toContain('second');
    const other = open(Buffer.alloc(32, 2));
    await expect(other.read()).rejects.toMatchObject({ code: 'signing_keys_damaged' });
    await expect(other.replace(undefined, 'mine')).rejects.toMatchObject({ code: 'signing_keys_damaged' });
    expect(await open().read()).toBe('second');
  });

  it('are followed: who watches is told of a change, and nothing else', async () => {
    let told = 0;
    const unwatch = open().watch(() => {
      told += 1;
    });
    while (told === 0) await sleep(10);
    await sleep(1_100);
    expect(told).toBe(1);
    await open().replace('second', 'third');
    while (told === 1) await sleep(10);
    unwatch();
    expect(told).toBe(2);
  });
});

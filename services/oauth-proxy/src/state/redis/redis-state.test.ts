import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { REDIS_PASSWORD, type RedisServer, startRedis } from '../../../../../packages/core/test/redis-server.ts';
import type { State } from '../state.ts';
import { openRedisState } from './open-redis-state.ts';
import { openRedisLink, type RedisLink } from './redis-link.ts';

describe('the state in Redis', () => {
  let server: RedisServer;
  let look: Redis;
  const lines: string[] = [];
  const note = (message: string, fields: { error?: Error; policy?: string } = {}) =>
    void lines.push(`${message} ${fields.error?.message ?? ''} ${JSON.stringify(fields)}`);
  const log = { debug: note, info: note, warn: note, error: note };
  const links: RedisLink[] = [];
  const link = (secret = 1, url = server.url): RedisLink => {
    const opened = openRedisLink(url, Buffer.alloc(32, secret), log);
    links.push(opened);
    return opened;
  };
  const open = async (): Promise<State> => {
    const opened = link();
    await opened.connected();
    return openRedisState(opened);
  };
  beforeAll(async () => {
    server = await startRedis();
    look = server.client();
    await look.connect();
  });
  afterAll(async () => {
    for (const one of links) one.close();
    look.disconnect();
    await server.dispose();
  });

  it('goes away by itself: everything that ends has a time to live, also what is kept to find it', async () => {
    const state = await open();
    await state.adapter('Client').upsert('c', { client_id: 'c' });
    await state.adapter('Interaction').upsert('i', { params: { client_id: 'c' } }, 900);
    await state.adapter('Session').upsert('s', { uid: 'u', accountId: 'owner' }, 3600);
    await state.adapter('Grant').upsert('g', { clientId: 'unregistered' }, 600);
    await state.adapter('AuthorizationCode').upsert('a', { grantId: 'g' }, 60);
    await state.adapter('RefreshToken').upsert('r', { grantId: 'g', exp: 1 }, 1200);
    await state.revokeAccessToken('jti', 60);
    await state.claim('name', 60);
    state.noteUse('g');
    await state.problem();
    const lasting = ['arleo:grants', 'arleo:token-secret', 'arleo:unused-clients'];
    const keys = await look.keys('*');
    expect(keys.length).toBeGreaterThan(10);
    for (const key of keys) {
      const left = await look.pttl(key);
      expect([key, left > 0 || lasting.includes(key)]).toEqual([key, true]);
    }
    // As long as the refresh token, which came later.
    for (const key of ['Grant:g', 'grant-member:g', 'unused-refresh:g']) {
      expect(await look.pttl(`arleo:${key}`)).toBeGreaterThan(1_100_000);
    }
    await state.adapter('RefreshToken').revokeByGrantId('g');
    expect((await look.keys('*')).filter((key) => /:g$|Token|Code/.test(key))).toEqual([]);
    expect(await look.zrange('arleo:grants', 0, -1)).toEqual([]);
  });

  it('is one for all: what one has noted, taken or revoked counts for another', async () => {
    const [here, there] = [await open(), await open()];
    await here.adapter('Grant').upsert('shared', { clientId: 'c' }, 600);
    await here.adapter('AuthorizationCode').upsert('shared', { clientId: 'c', grantId: 'shared' }, 60);
    expect(await there.accessHolds('shared', 'jti-shared')).toBe(true);
    const uses = await Promise.allSettled(
      [here, there, here, there].map((one) => one.adapter('AuthorizationCode').consume('shared')),
    );
    expect(uses.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected', 'rejected', 'rejected']);
    expect(await here.accessHolds('shared', 'another')).toBe(false);
    const claims = await Promise.all([here, there, here, there].map((one) => one.claim('once', 60)));
    expect(claims.filter((won) => won)).toHaveLength(1);
  });

  it('lets a revocation act everywhere within a second', async () => {
    const [here, there] = [await open(), await open()];
    await here.adapter('Grant').upsert('ends', { clientId: 'c' }, 600);
    expect(await there.accessHolds('ends', 'jti-ends')).toBe(true);
    await here.adapter('RefreshToken').revokeByGrantId('ends');
    await sleep(1_001);
    expect(await there.accessHolds('ends', 'jti-ends')).toBe(false);
  });

  it('refuses another TOKEN_SECRET, with what to do, and whoever has it meets no open door', async () => {
    await link(1).connected();
    const other = link(2);
    await expect(other.connected()).rejects.toMatchObject({ code: 'token_secret_differs' });
    await expect(other.run((redis) => redis.ping())).rejects.toMatchObject({ code: 'state_unavailable' });
    expect(await other.problem()).toContain('TOKEN_SECRET');
  });

  it('fails at once while Redis is away, within seconds while it hangs, and is all well when it is back', async () => {
    const state = await open();
    const grants = state.adapter('Grant');
    await grants.upsert('outlives', { clientId: 'c' }, 600);
    await server.stop('SIGKILL');
    await expect(grants.find('outlives')).rejects.toMatchObject({ code: 'state_unavailable', statusCode: 503 });
    await expect((async () => state.accessHolds('outlives', 'jti'))()).rejects.toMatchObject({ statusCode: 503 });
    expect(await state.problem()).toContain('Redis');
    await server.start();
    while (await state.problem()) await sleep(20);
    expect(await grants.find('outlives')).toMatchObject({ clientId: 'c' });

    process.kill(server.pid, 'SIGSTOP');
    await expect(grants.find('outlives')).rejects.toMatchObject({ code: 'state_unavailable' });
    process.kill(server.pid, 'SIGCONT');
    while (await state.problem()) await sleep(20);
    expect(await grants.find('outlives')).toMatchObject({ clientId: 'c' });
  });

  it('warns of a Redis that forgets; one whose memory is full changes nothing, and still revokes', async () => {
    const small = await startRedis('--maxmemory-policy', 'allkeys-lru', '--appendonly', 'no');
    const full = link(1, small.url);
    await full.connected().catch(() => undefined);
    while (!lines.some((line) => line.includes('appendonly'))) await sleep(20);
    expect(lines.join('\n')).toContain('"policy":"allkeys-lru"');
    const state = openRedisState(full);
    const grants = state.adapter('Grant');
    await grants.upsert('g', { clientId: 'c' }, 60);
    const client = small.client();
    await client.connect();
    await client.config('SET', 'maxmemory-policy', 'noeviction');
    await client.config('SET', 'maxmemory', '1');
    client.disconnect();
    await expect(grants.upsert('g', { clientId: 'changed' }, 60)).rejects.toMatchObject({ statusCode: 503 });
    expect(await grants.find('g')).toMatchObject({ clientId: 'c' });
    await grants.revokeByGrantId('g');
    expect(await state.accessHolds('g', '')).toBe(false);
    full.close();
    await small.dispose();
  });

  it('tells no log its password, nor what was stored', async () => {
    const wrong = link(1, server.url.replace(REDIS_PASSWORD, 'wrong-password-of-somebody'));
    await expect(wrong.connected()).rejects.toMatchObject({ code: 'state_unavailable' });
    expect(lines.join('\n')).toContain('WRONGPASS');
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.join('\n')).not.toMatch(/redis-password|wrong-password|clientId/);
  });
});

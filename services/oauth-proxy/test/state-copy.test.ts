import { copyState } from '@arleo/core/oauth-state/copy-state';
import { openRedisConnections } from '@arleo/core/oauth-state/redis/redis-connections';
import { type RedisServer, startRedis } from '../../../packages/core/test/redis-server.ts';
import { callMcp, connect, register, requestToken } from './oauth-client.ts';
import { openService, type Service } from './open-service.ts';

describe('an owner who outgrows one machine', () => {
  const tokenSecret = 'the-same-on-all-replicas-'.repeat(2);
  let redis: RedisServer;
  let before: Service;
  let after: Service | undefined;
  beforeAll(async () => {
    redis = await startRedis();
    before = await openService({ TOKEN_SECRET: tokenSecret });
  });
  afterAll(async () => {
    await after?.close();
    await before.close();
    await redis.dispose();
  });
  const copy = (changes: Partial<Parameters<typeof copyState>[0]> = {}) =>
    copyState({ from: before.stateDir, toUrl: redis.url, tokenSecret, overwrite: false, ...changes });
  const everything = async () => {
    const look = redis.client();
    await look.connect();
    const all: Record<string, unknown> = {};
    for (const key of (await look.keys('*')).sort()) {
      const type = await look.type(key);
      const ends = (await look.pttl(key)) > 0;
      if (type === 'hash') all[key] = [ends, await look.hgetall(key)];
      else if (type === 'set') all[key] = [ends, (await look.smembers(key)).sort()];
      else if (type === 'zset') all[key] = [ends, await look.zrange(key, 0, -1, 'WITHSCORES')];
      // What is encrypted is so anew each time.
      else
        all[key] = [
          ends,
          key === 'arleo:signing-keys' ? '' : type === 'list' ? await look.lrange(key, 0, -1) : await look.get(key),
        ];
    }
    look.disconnect();
    return all;
  };

  it('takes everything along: every token goes on, without a new consent', async () => {
    const kept = await connect(before);
    const replayed = await connect(before);
    const ended = await connect(before);
    const { body: confidential } = await register(before, { token_endpoint_auth_method: 'client_secret_post' });
    const refreshed = await requestToken(before, {
      grant_type: 'refresh_token',
      client_id: replayed.clientId,
      refresh_token: replayed.tokens.refresh_token ?? '',
    });
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const revoke = new URLSearchParams({ client_id: ended.clientId, token: ended.tokens.access_token ?? '' });
    await fetch(`${before.issuer}/revoke`, { method: 'POST', headers: form, body: revoke });
    await callMcp(before, kept.tokens.access_token);
    await before.stop();

    expect(await copy()).toEqual({ connections: 3, entries: expect.any(Number), signingKeys: true });
    const once = await everything();
    await expect(copy()).rejects.toMatchObject({ code: 'state_not_empty' });
    await expect(copy({ tokenSecret: 'another'.repeat(8), overwrite: true })).rejects.toMatchObject({
      code: 'token_secret_differs',
    });
    await copy({ overwrite: true });
    expect(await everything()).toEqual(once);

    const { port } = new URL(before.issuer);
    after = await openService({
      TOKEN_SECRET: tokenSecret,
      PORT: port,
      PUBLIC_URL: before.issuer,
      STATE_URL: redis.url,
    });
    const refresh = (clientId: string, refreshToken = '') =>
      requestToken(before, { grant_type: 'refresh_token', client_id: clientId, refresh_token: refreshToken });
    expect((await callMcp(before, kept.tokens.access_token)).status).toBe(200);
    expect((await callMcp(before, ended.tokens.access_token)).status).toBe(401);
    const next = await refresh(kept.clientId, kept.tokens.refresh_token);
    expect(next.status).toBe(200);
    expect((await refresh(kept.clientId, next.body.refresh_token)).status).toBe(200);
    expect((await refresh(replayed.clientId, refreshed.body.refresh_token)).status).toBe(200);
    const wrong = { grant_type: 'refresh_token', client_id: confidential.client_id ?? '', refresh_token: 'none' };
    const known = await requestToken(before, { ...wrong, client_secret: confidential.client_secret ?? '' });
    expect([known.status, known.body.error]).toEqual([400, 'invalid_grant']);
    const unknown = await requestToken(before, { ...wrong, client_secret: 'x'.repeat(40) });
    expect([unknown.status, unknown.body.error]).toEqual([401, 'invalid_client']);

    const connections = await openRedisConnections(redis.url);
    const list = await connections.list();
    expect(list.map(({ id }) => id).sort()).toEqual([kept.clientId, replayed.clientId, ended.clientId].sort());
    expect(list.find(({ id }) => id === kept.clientId)?.last_used).not.toBeNull();
    await connections.close();
  });

  it('is told what is wrong with a folder or an address, and nothing is changed', async () => {
    await expect(copy({ from: '/nonexistent' })).rejects.toMatchObject({ code: 'state_missing' });
    await expect(copy({ toUrl: 'http://127.0.0.1' })).rejects.toMatchObject({ code: 'state_url_invalid' });
    await expect(copy({ toUrl: 'redis://127.0.0.1:9/0' })).rejects.toMatchObject({ code: 'state_unavailable' });
  });
});

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openStore, STATE_FILE } from '@arleo/core/oauth-state/lmdb/open-store';
import { openKeyFile } from '@arleo/core/signing-keys/key-file';
import { formatKeySet, makeKey } from '@arleo/core/signing-keys/key-set';
import { REDIS_PASSWORD, type RedisServer, startRedis } from '../../../core/test/redis-server.ts';
import { runArleo } from './run.ts';

describe('with the state in Redis', () => {
  let redis: RedisServer;
  let folder: string;
  let env: NodeJS.ProcessEnv;
  const run = (...args: string[]) => runArleo(args, env);
  beforeAll(async () => {
    redis = await startRedis();
    folder = await mkdtemp(path.join(tmpdir(), 'arleo-cli-redis-'));
    const store = openStore<object>(path.join(folder, STATE_FILE));
    await store.put('Client:c', { payload: { client_name: 'Claude', redirect_uris: ['https://claude.ai/cb'] } });
    await store.put('Grant:g', { payload: { clientId: 'c', iat: 1_790_000_000, resources: { m: 'content:read' } } });
    await store.close();
    await openKeyFile(folder).replace(undefined, formatKeySet([makeKey(Date.now())]));
    await writeFile(path.join(folder, 'url'), `${redis.url}\n`);
    env = { STATE_URL_FILE: path.join(folder, 'url'), TOKEN_SECRET: 's'.repeat(64) };
  });
  afterAll(async () => {
    await redis.dispose();
    await rm(folder, { recursive: true, force: true });
  });

  test('the state is copied once, and again only when asked to', async () => {
    expect(await run('state', 'copy', '--from', folder)).toMatchObject({
      exitCode: 0,
      stdout: 'Copied: 2 entries, among them 1 approval, and the signing keys.\n',
    });
    const again = await run('state', 'copy', '--from', folder, '--json');
    expect(JSON.parse(again.stderr).error).toMatchObject({ code: 'state_not_empty' });
    expect(await run('state', 'copy', '--from', folder, '--overwrite')).toMatchObject({ exitCode: 0 });
  });

  test('keys are shown and rotated, by whoever has the TOKEN_SECRET', async () => {
    const { keys } = JSON.parse((await run('keys', 'list', '--json')).stdout);
    expect(keys).toHaveLength(1);
    expect(JSON.parse((await run('keys', 'rotate', '--json')).stdout)).toMatchObject({ state: 'begun' });
    const without = await runArleo(['keys', 'list'], { STATE_URL: redis.url });
    expect(without).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('TOKEN_SECRET') });
    const other = await runArleo(['keys', 'list', '--json'], { ...env, TOKEN_SECRET: 'o'.repeat(64) });
    expect(JSON.parse(other.stderr).error).toMatchObject({ code: 'signing_keys_damaged' });
  });

  test('connections are listed and revoked, and the service is told once', async () => {
    expect((await run('connections', 'list')).stdout).toContain('"Claude" (its own claim)');
    expect((await runArleo(['connections', 'list', '--state-url', redis.url], {})).stdout).toContain('claude.ai');
    expect((await run('connections', 'revoke', 'c')).stdout).toContain('1 approval');
    expect((await run('connections', 'list')).stdout).toBe('No client has access.\n');
    expect(await run('connections', 'revoke', 'c')).toMatchObject({ exitCode: 1 });
    const look = redis.client();
    await look.connect();
    const notices = await look.lrange('arleo:revocation-notices', 0, -1);
    look.disconnect();
    expect(notices.map((notice) => JSON.parse(notice))).toEqual([
      { grantId: 'g', clientId: 'c', at: expect.any(Number) },
    ]);
  });

  test('what cannot be is said without the password', async () => {
    const failures = [
      await runArleo(['connections', 'list', '--state-url', `http://:${REDIS_PASSWORD}@x`], {}),
      await runArleo(['connections', 'list', '--state-url', `redis://:${REDIS_PASSWORD}@127.0.0.1:9`], {}),
      await runArleo(['connections', 'list', '--state-url', redis.url.replace('@', 'x@')], {}),
      await runArleo(['connections', 'list', '--state-url', redis.url, '--state', folder], {}),
      await runArleo(['connections', 'list'], { STATE_URL_FILE: '/nonexistent' }),
    ];
    expect(failures.map(({ exitCode }) => exitCode)).toEqual([1, 1, 1, 2, 2]);
    for (const { stderr } of failures) expect(stderr).not.toContain(REDIS_PASSWORD);
  });
});

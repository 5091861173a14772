import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openStore, STATE_FILE } from '@arleo/core/oauth-state/lmdb/open-store';
import { runArleo } from './run.ts';

describe('connections', () => {
  let folder: string;
  const run = (...args: string[]) => runArleo(['connections', ...args], { STATE_DIR: folder });
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'arleo-cli-connections-'));
    const store = openStore<object>(path.join(folder, STATE_FILE));
    const name = 'Claude\u001b[31m\u202Ered';
    await store.put('Client:c', { payload: { client_name: name, redirect_uris: ['https://claude.ai/cb'] } });
    await store.put('Grant:g', { payload: { clientId: 'c', iat: 1_790_000_000, resources: { m: 'content:read' } } });
    await store.close();
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  test('list shows each client, and nothing of its name that a terminal would obey', async () => {
    const { stdout, exitCode } = await run('list');
    expect(exitCode).toBe(0);
    expect(stdout).toBe(`c
  name       "Claude [31m red" (its own claim)
  hosts      claude.ai
  scopes     content:read
  approved   2026-09-21T14:13Z
  last used  never
  ends       never
`);
  });

  test('list says of a client without a registration whether the owner set it up', async () => {
    const store = openStore<object>(path.join(folder, STATE_FILE));
    for (const clientId of ['my-claude', 'client_0123', 'https://app.example/client.json']) {
      await store.put(`Grant:${clientId}`, { payload: { clientId, iat: 1_790_000_000 } });
    }
    await store.close();
    const hosts = [...(await run('list')).stdout.matchAll(/^(\S+)\n.*\n {2}hosts +(.+)$/gm)].map(([, id, host]) => [
      id,
      host,
    ]);
    expect(Object.fromEntries(hosts)).toEqual({
      c: 'claude.ai',
      'my-claude': '(set up by CLIENT_ID)',
      client_0123: '(not known any more)',
      'https://app.example/client.json': '(not known any more)',
    });
  });

  test('revoke ends the access of one, after which there is none', async () => {
    expect((await run('revoke', 'c')).stdout).toBe('Revoked: c has no access any more (1 approval).\n');
    expect((await run('list')).stdout).toBe('No client has access.\n');
    const again = await run('revoke', 'c');
    expect(again).toMatchObject({ exitCode: 1, stdout: '' });
    expect(again.stderr).toContain('arleo connections list');
  });

  test('revoke takes exactly one id', async () => {
    expect(await run('revoke')).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('ID is missing') });
    expect(await run('revoke', 'c', 'd')).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('"d"') });
    expect(await run('list', 'c')).toMatchObject({ exitCode: 2 });
  });
});

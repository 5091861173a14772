import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { keysUnder, type Store } from './entry.ts';
import { grantMembers, lastUse, unusedRefreshTokens } from './grants.ts';
import { openLmdbConnections, REVOCATION_NOTICES } from './lmdb-connections.ts';
import { openStore, STATE_FILE } from './open-store.ts';

const now = 1_800_000_000_000;
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'arleo-connections-'));
  const store: Store = openStore(path.join(folder, STATE_FILE));
  const client = (id: string, metadata: object) =>
    store.put(`Client:${id}`, { payload: { client_id: id, ...metadata } });
  const grant = async (id: string, clientId: string, minutesAgo: number, scope: string, expires = now + 60_000) => {
    const iat = now / 1000 - minutesAgo * 60;
    await store.put(`Grant:${id}`, {
      payload: { clientId, iat, resources: { 'https://x.example/mcp': scope } },
      expires,
    });
    await store.put(`${grantMembers(id)}RefreshToken:sha256:${id}`, { payload: {} });
    await store.put(`${unusedRefreshTokens(id)}RefreshToken:sha256:${id}`, { payload: {} });
    await store.put(`RefreshToken:sha256:${id}`, { payload: { grantId: id } });
  };
  await client('claude', { client_name: 'Claude', redirect_uris: ['https://claude.ai/api/mcp/auth_callback'] });
  await client('cursor', { redirect_uris: ['http://localhost:8787/callback', 'cursor://claude.ai/x'] });
  await client('unused', { client_name: 'Nobody', redirect_uris: ['https://nobody.example/'] });
  await grant('g1', 'claude', 50, 'content:read content:write');
  await grant('g2', 'claude', 10, 'site:admin content:read', now + 120_000);
  await grant('g3', 'cursor', 5, 'content:read');
  await grant('over', 'unused', 50, 'content:read', now);
  await store.put(lastUse('g1'), { payload: { last: now - 60_000 } });
  await store.close();
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('the connections of a site', () => {
  it('are the clients that hold a grant, the last used first', async () => {
    const connections = await openLmdbConnections(folder, () => now);
    expect(await connections.list()).toEqual([
      {
        id: 'claude',
        name: 'Claude',
        hosts: ['claude.ai'],
        scopes: ['content:read', 'content:write', 'site:admin'],
        first_approved: new Date(now - 50 * 60_000),
        last_approved: new Date(now - 10 * 60_000),
        last_used: new Date(now - 60_000),
        expires: new Date(now + 120_000),
      },
      {
        id: 'cursor',
        name: null,
        hosts: ['localhost:8787', 'cursor:'],
        scopes: ['content:read'],
        first_approved: new Date(now - 5 * 60_000),
        last_approved: new Date(now - 5 * 60_000),
        last_used: null,
        expires: new Date(now + 60_000),
      },
    ]);
    await connections.close();
  });

  it('end with everything that came from them, and nothing of another; the service is told', async () => {
    const connections = await openLmdbConnections(folder, () => now);
    expect(await connections.revoke('claude')).toBe(2);
    expect((await connections.list()).map(({ id }) => id)).toEqual(['cursor']);
    await expect(connections.revoke('claude')).rejects.toMatchObject({ code: 'connection_unknown' });
    await connections.close();
    const store: Store = openStore(path.join(folder, STATE_FILE));
    expect(keysUnder(store, 'RefreshToken:')).toEqual(['RefreshToken:sha256:g3', 'RefreshToken:sha256:over']);
    expect(keysUnder(store, 'grant-member:')).toHaveLength(2);
    expect(keysUnder(store, 'unused-refresh:')).toHaveLength(2);
    expect(keysUnder(store, 'last-use:')).toEqual([]);
    expect(store.doesExist('Client:claude')).toBe(true);
    const notices = keysUnder(store, REVOCATION_NOTICES).map((key) => store.get(key)?.payload);
    expect(notices).toEqual([
      { grantId: 'g1', clientId: 'claude', at: now },
      { grantId: 'g2', clientId: 'claude', at: now },
    ]);
    await store.close();
  });

  it('of a folder without state are an error, and none is made there', async () => {
    const empty = await mkdtemp(path.join(folder, 'empty-'));
    await expect(openLmdbConnections(empty)).rejects.toMatchObject({ code: 'state_missing' });
    expect(await readdir(empty)).toEqual([]);
    await writeFile(path.join(empty, STATE_FILE), 'hello');
    await expect(openLmdbConnections(empty)).rejects.toMatchObject({ code: 'state_damaged' });
  });
});

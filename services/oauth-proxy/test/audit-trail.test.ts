import path from 'node:path';
import { type Entry, keysUnder, type Store } from '@arleo/core/oauth-state/lmdb/entry';
import { openStore, STATE_FILE } from '@arleo/core/oauth-state/lmdb/open-store';
import { callMcp, connect, register, requestToken } from './oauth-client.ts';
import { openService, type Service } from './open-service.ts';

/** Makes every refresh token of a stopped service older. */
async function letTimePass(stateDir: string, seconds: number): Promise<void> {
  const store: Store = openStore(path.join(stateDir, STATE_FILE));
  const older = (key: string, member: string, by: number): void => {
    const entry = store.get(key) as Entry;
    const value = entry.payload[member];
    if (typeof value === 'number') store.put(key, { ...entry, payload: { ...entry.payload, [member]: value - by } });
  };
  await store.transaction(() => {
    for (const key of keysUnder(store, 'RefreshToken:')) older(key, 'consumed', seconds);
    for (const key of keysUnder(store, 'unused-refresh:')) older(key, 'issued', seconds * 1000);
  });
  await store.close();
}

describe('the audit trail of tokens', () => {
  let service: Service;
  beforeAll(async () => {
    service = await openService();
  });
  afterAll(() => service.close());

  const revoke = (clientId: string, token = '') =>
    fetch(`${service.issuer}/revoke`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ client_id: clientId, token }),
    });
  /** Events of that type that name that client; the log is read after what was recorded is on disk. */
  const events = async (type: string, clientId: string) => {
    await service.restart();
    return (await service.audit()).filter(
      ({ event_type, actor }) =>
        event_type === type && (actor as { client_id?: string } | null)?.client_id === clientId,
    );
  };

  it('names who revoked an access token, and records nothing for the token of another', async () => {
    const { clientId, tokens } = await connect(service);
    const { body: other } = await register(service);
    await revoke(other.client_id ?? '', tokens.access_token);
    await revoke(clientId, tokens.access_token);
    expect(await events('access_token.revoked', clientId)).toHaveLength(1);
    expect(await events('access_token.revoked', other.client_id ?? '')).toHaveLength(0);
  });

  it('tells that somebody came with a refresh token that was given up, and all of its grant is over', async () => {
    const { clientId, tokens } = await connect(service);
    const refresh = (token = '') =>
      requestToken(service, { grant_type: 'refresh_token', client_id: clientId, refresh_token: token });
    const [mine, theirs] = [await refresh(tokens.refresh_token), await refresh(tokens.refresh_token)];
    expect([mine.status, theirs.status]).toEqual([200, 200]);
    await service.stop();
    await letTimePass(service.stateDir, 3_000);
    await service.restart();
    const next = await refresh(mine.body.refresh_token);
    expect(next.status).toBe(200);
    expect((await callMcp(service, next.body.access_token)).status).toBe(200);

    expect(await refresh(theirs.body.refresh_token)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    expect((await callMcp(service, next.body.access_token)).status).toBe(401);
    expect((await refresh(next.body.refresh_token)).body.error).toBe('invalid_grant');
    expect(await events('grant.revoked', clientId)).toHaveLength(1);
    expect(await events('token.refused', clientId)).toContainEqual(
      expect.objectContaining({ reason: 'refresh token already used' }),
    );
  });

  it('names the grant that went with a refresh token', async () => {
    const { clientId, tokens } = await connect(service);
    await revoke(clientId, tokens.refresh_token);
    expect(await events('grant.revoked', clientId)).toHaveLength(1);
  });
});

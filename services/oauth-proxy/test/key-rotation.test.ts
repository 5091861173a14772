import { replaceKeys, rotateKeys } from '@arleo/core/signing-keys/change-keys';
import { openKeyFile } from '@arleo/core/signing-keys/key-file';
import { formatKeySet, type KeySet, parseKeySet, type SigningKey } from '@arleo/core/signing-keys/key-set';
import { decodeProtectedHeader } from 'jose';
import { callMcp, connect, requestToken } from './oauth-client.ts';
import { openService, type Service } from './open-service.ts';

describe('the keys of the access tokens', () => {
  let service: Service;
  beforeEach(async () => {
    service = await openService();
  });
  afterEach(() => service.close());

  const store = () => openKeyFile(service.stateDir);
  const published = async (): Promise<string[]> => {
    const { keys } = (await (await fetch(`${service.issuer}/jwks`)).json()) as { keys: Record<string, string>[] };
    for (const key of keys) expect(key).not.toHaveProperty('d');
    return keys.map(({ kid = '' }) => kid);
  };
  /** Waits until it is so; jest's own limit ends what never comes. */
  const until = async (holds: () => Promise<boolean>): Promise<void> => {
    while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 50));
  };
  const kid = (token = '') => decodeProtectedHeader(token).kid ?? '';
  const status = async (token = '') => (await callMcp(service, token)).status;
  const minute = 60_000;
  const changeStored = async (change: (keys: KeySet) => KeySet): Promise<void> => {
    const text = (await store().read()) ?? '';
    expect(await store().replace(text, formatKeySet(change(parseKeySet(text, 'the file'))))).toBe(true);
  };

  it('are published before they sign; what is signed by the one before stays good', async () => {
    const { tokens, clientId } = await connect(service);
    const before = tokens.access_token;
    await rotateKeys(store(), Date.now());
    await until(async () => (await published()).length === 2);
    const [signer, next] = await published();
    expect(kid(before)).toBe(signer);
    expect(kid((await connect(service)).tokens.access_token)).toBe(signer);
    expect(await status(before)).toBe(200);

    // The same as if it had begun a quarter of an hour ago.
    await changeStored(([old, added]) => [old, { ...(added as SigningKey), signsFrom: Date.now() }]);

    await until(async () => (await published())[0] === next);
    const refreshed = await requestToken(service, {
      grant_type: 'refresh_token',
      client_id: clientId,
      refresh_token: tokens.refresh_token ?? '',
    });
    expect(kid(refreshed.body.access_token)).toBe(next);
    expect([await status(before), await status(refreshed.body.access_token)]).toEqual([200, 200]);
    expect(kid((await connect(service)).tokens.access_token)).toBe(next);

    // The old one can still be revoked, and a restart changes nothing.
    await service.restart();
    expect(await published()).toEqual([next, signer]);
    expect([await status(before), await status(refreshed.body.access_token)]).toEqual([200, 200]);
    const revocation = new URLSearchParams({ client_id: clientId, token: before ?? '' });
    expect((await fetch(`${service.issuer}/revoke`, { method: 'POST', body: revocation })).status).toBe(200);
    expect(await status(before)).toBe(401);
  });

  it('are dropped when no token of theirs can be valid any more', async () => {
    const [old] = await published();
    await changeStored(([key]) => [{ ...key, signsFrom: 0 }]);
    await rotateKeys(store(), Date.now() - 81 * minute);
    await until(async () => (await published())[0] !== old);
    expect(await published()).toHaveLength(1);
  });

  it('that are known to others are dropped at once: access tokens die, also those seen before; refresh tokens do not', async () => {
    const { tokens, clientId } = await connect(service);
    expect(await status(tokens.access_token)).toBe(200);
    await replaceKeys(store(), Date.now());
    await until(async () => (await status(tokens.access_token)) === 401);
    expect(await published()).not.toContain(kid(tokens.access_token));
    const refreshed = await requestToken(service, {
      grant_type: 'refresh_token',
      client_id: clientId,
      refresh_token: tokens.refresh_token ?? '',
    });
    expect(await status(refreshed.body.access_token)).toBe(200);
    await service.stop();
    expect(await service.audit()).toContainEqual(
      expect.objectContaining({ event_type: 'signing_keys.changed', resource: kid(refreshed.body.access_token) }),
    );
  });
});

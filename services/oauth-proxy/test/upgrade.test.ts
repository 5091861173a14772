import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { deriveKey } from '@arleo/core/derive-key';
import { openClient } from '@arleo/core/oauth-state/client-secret';
import { type Entry, keysUnder, type Store } from '@arleo/core/oauth-state/lmdb/entry';
import { openStore, STATE_FILE } from '@arleo/core/oauth-state/lmdb/open-store';
import { approve, authorizeUrl, CALLBACK, callMcp, pkce, register, requestToken } from './oauth-client.ts';
import { openService, type Service } from './open-service.ts';

describe('the secrets of clients', () => {
  const tokenSecret = 'the-secret-of-the-upgrade-test'.repeat(2);
  let service: Service;
  let clientId = '';
  let secret = '';
  let refreshToken = '';
  let accessToken = '';
  beforeAll(async () => {
    service = await openService({ TOKEN_SECRET: tokenSecret });
    const { body } = await register(service, { token_endpoint_auth_method: 'client_secret_post' });
    clientId = body.client_id ?? '';
    secret = body.client_secret ?? '';
    const { verifier, challenge } = pkce();
    const callback = await approve(service, authorizeUrl(service, { client_id: clientId, code_challenge: challenge }));
    const { body: tokens } = await requestToken(service, {
      grant_type: 'authorization_code',
      client_id: clientId,
      client_secret: secret,
      code: callback.searchParams.get('code') ?? '',
      code_verifier: verifier,
      redirect_uri: CALLBACK,
    });
    refreshToken = tokens.refresh_token ?? '';
    accessToken = tokens.access_token ?? '';
  });
  afterAll(() => service.close());

  const bytes = async () => {
    const files = await readdir(service.stateDir);
    return (await Promise.all(files.map((file) => readFile(path.join(service.stateDir, file), 'latin1')))).join('');
  };
  const refresh = (clientSecret: string) =>
    requestToken(service, {
      grant_type: 'refresh_token',
      client_id: clientId,
      client_secret: clientSecret,
      refresh_token: refreshToken,
    });

  it('are not stored in clear', async () => {
    expect(secret.length).toBeGreaterThan(20);
    expect(await bytes()).not.toContain(secret);
    expect((await refresh('x'.repeat(secret.length))).status).toBe(401);
  });

  it('that a version before stored in clear are encrypted at the start, and every connection goes on', async () => {
    await service.stop();
    const store: Store<Record<string, unknown>> = openStore(path.join(service.stateDir, STATE_FILE));
    const key = deriveKey(tokenSecret, 'client secrets');
    for (const name of keysUnder(store, 'Client:')) {
      const { payload, ...rest } = store.get(name) as Entry;
      await store.put(name, { ...rest, payload: openClient(key, name.slice('Client:'.length), payload) });
    }
    await store.close();
    expect(await bytes()).toContain(secret);

    await service.restart();
    expect(await bytes()).not.toContain(secret);
    expect((await callMcp(service, accessToken)).status).toBe(200);
    const { status, body } = await refresh(secret);
    expect(status).toBe(200);
    refreshToken = body.refresh_token ?? '';
    expect((await refresh('x'.repeat(secret.length))).status).toBe(401);
  });

  it('cannot be opened with another TOKEN_SECRET: the client is told to register anew', async () => {
    await service.restart({ TOKEN_SECRET: 'another-secret-of-the-owner'.repeat(2) });
    const { status, body } = await refresh(secret);
    expect([status, body.error]).toEqual([401, 'invalid_client']);
  });
});

import { generateKeyPairSync } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { openStore, STATE_FILE } from '@arleo/core/oauth-state/lmdb/open-store';
import { decodeJwt, decodeProtectedHeader, SignJWT } from 'jose';
import { approve, authorizeUrl, CALLBACK, callMcp, connect, pkce, register, requestToken } from './oauth-client.ts';
import { openService, PASSPHRASE, type Service } from './open-service.ts';

describe('tokens', () => {
  let service: Service;
  beforeAll(async () => {
    service = await openService();
  });
  afterAll(() => service.close());

  const refresh = (clientId: string, token = '') =>
    requestToken(service, { grant_type: 'refresh_token', client_id: clientId, refresh_token: token });
  const revoke = (clientId: string, token = '') =>
    fetch(`${service.issuer}/revoke`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ client_id: clientId, token }),
    });

  it('issues a JWT access token (RFC 9068) for exactly the MCP URL, for one hour', async () => {
    const { tokens, status, clientId } = await connect(service);
    expect(status).toBe(200);
    expect(tokens).toMatchObject({ token_type: 'Bearer', expires_in: 3600 });
    const token = tokens.access_token ?? '';
    expect(decodeProtectedHeader(token)).toMatchObject({ alg: 'ES256', typ: 'at+jwt' });
    const claims = decodeJwt(token);
    expect(claims).toMatchObject({
      iss: service.issuer,
      aud: service.mcpUrl,
      sub: 'owner',
      client_id: clientId,
      scope: 'content:read content:write site:admin',
    });
    expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(3600);
    for (const name of ['grant_id', 'jti']) expect(typeof claims[name]).toBe('string');
  });

  it('refuses a wrong verifier, and the code is spent then', async () => {
    const { body: client } = await register(service);
    const { verifier, challenge } = pkce();
    const url = authorizeUrl(service, { client_id: client.client_id, code_challenge: challenge });
    const code = (await approve(service, url)).searchParams.get('code') ?? '';
    const ask = (code_verifier: string) =>
      requestToken(service, {
        grant_type: 'authorization_code',
        client_id: client.client_id ?? '',
        code,
        code_verifier,
        redirect_uri: CALLBACK,
      });
    expect(await ask(pkce().verifier)).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    expect((await ask(verifier)).status).toBeLessThanOrEqual(400);
  });

  it('refuses a code that is used twice, and revokes what it gave', async () => {
    const { clientId, code, verifier, tokens } = await connect(service);
    expect((await callMcp(service, tokens.access_token)).status).toBe(200);
    const again = await requestToken(service, {
      grant_type: 'authorization_code',
      client_id: clientId,
      code,
      code_verifier: verifier,
      redirect_uri: CALLBACK,
    });
    expect(again).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    expect((await callMcp(service, tokens.access_token)).status).toBe(401);
    expect(await refresh(clientId, tokens.refresh_token)).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    });
  });

  it('refuses the code of another client', async () => {
    const { code, verifier } = await connect(service);
    const { body: thief } = await register(service);
    const stolen = await requestToken(service, {
      grant_type: 'authorization_code',
      client_id: thief.client_id ?? '',
      code,
      code_verifier: verifier,
      redirect_uri: CALLBACK,
    });
    expect(stolen).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
  });

  it('rotates refresh tokens, and lets parallel refreshes with the same one succeed', async () => {
    const { clientId, tokens } = await connect(service);
    const results = await Promise.all([1, 2, 3].map(() => refresh(clientId, tokens.refresh_token)));
    for (const { status, body } of results) {
      expect(status).toBe(200);
      expect(body.refresh_token).not.toBe(tokens.refresh_token);
      expect((await callMcp(service, body.access_token)).status).toBe(200);
    }
  });

  it('lets a burst of twenty succeed, and whichever answer the client keeps goes on', async () => {
    const { clientId, tokens } = await connect(service);
    const burst = await Promise.all(Array.from({ length: 20 }, () => refresh(clientId, tokens.refresh_token)));
    expect(burst.map(({ status }) => status)).toEqual(Array(20).fill(200));
    const successors = burst.map(({ body }) => body.refresh_token ?? '');
    expect(new Set(successors).size).toBe(20);
    for (const successor of successors) expect((await refresh(clientId, successor)).status).toBe(200);
  });

  it('takes a replay after the grace for theft: all that came from the grant is over, and it is recorded', async () => {
    const { clientId, tokens } = await connect(service);
    const first = await refresh(clientId, tokens.refresh_token);
    expect(first.status).toBe(200);
    await service.stop();
    const store = openStore<{ consumed?: number }>(path.join(service.stateDir, STATE_FILE));
    for (const { key, value } of store.getRange({ start: 'RefreshToken:', end: 'RefreshToken;' })) {
      const { consumed } = value.payload;
      if (consumed !== undefined)
        await store.put(key, { ...value, payload: { ...value.payload, consumed: consumed - 60 } });
    }
    await store.close();
    await service.restart();
    expect((await callMcp(service, first.body.access_token)).status).toBe(200);
    expect(await refresh(clientId, tokens.refresh_token)).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    });
    expect((await callMcp(service, first.body.access_token)).status).toBe(401);
    expect(await refresh(clientId, first.body.refresh_token)).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    });
    await service.restart();
    const { grant_id } = decodeJwt(tokens.access_token ?? '');
    expect(await service.audit()).toContainEqual(
      expect.objectContaining({
        event_type: 'grant.revoked',
        resource: grant_id,
        actor: expect.objectContaining({ client_id: clientId }),
      }),
    );
  });

  it('stores no refresh token, code or session where it can be read', async () => {
    const { code, tokens } = await connect(service);
    await service.restart();
    for (const name of await readdir(service.stateDir)) {
      const bytes = await readFile(`${service.stateDir}/${name}`, 'latin1');
      for (const secret of [code, tokens.refresh_token]) expect(bytes).not.toContain(secret);
    }
  });

  it('keeps everything over a restart', async () => {
    const { clientId, tokens } = await connect(service);
    await service.restart();
    expect((await callMcp(service, tokens.access_token)).status).toBe(200);
    expect((await refresh(clientId, tokens.refresh_token)).status).toBe(200);
  });

  it('tells an unknown client 401 invalid_client, and a dead refresh token 400 invalid_grant', async () => {
    expect(await refresh('client_nobody', 'x')).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
    const { clientId } = await connect(service);
    expect(await refresh(clientId, 'no-such-token')).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
  });

  it('lets confidential clients in by secret, in the header or the body, and not by a wrong one', async () => {
    for (const method of ['client_secret_basic', 'client_secret_post']) {
      const { body: client } = await register(service, { token_endpoint_auth_method: method });
      const { verifier, challenge } = pkce();
      const url = authorizeUrl(service, { client_id: client.client_id, code_challenge: challenge });
      const code = (await approve(service, url)).searchParams.get('code') ?? '';
      const common = { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: CALLBACK };
      const id = client.client_id ?? '';
      const ask = (secret: string) =>
        method === 'client_secret_post'
          ? requestToken(service, { ...common, client_id: id, client_secret: secret })
          : requestToken(service, common, {
              authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
            });
      expect((await ask('wrong')).status).toBe(401);
      expect((await ask(client.client_secret ?? '')).status).toBe(200);
    }
  });

  it('revokes an access token at once', async () => {
    const { clientId, tokens } = await connect(service);
    expect((await callMcp(service, tokens.access_token)).status).toBe(200);
    expect((await revoke(clientId, tokens.access_token)).status).toBe(200);
    expect((await callMcp(service, tokens.access_token)).status).toBe(401);
  });

  it('revokes a refresh token together with all that came from it', async () => {
    const { clientId, tokens } = await connect(service);
    expect((await revoke(clientId, tokens.refresh_token)).status).toBe(200);
    expect((await callMcp(service, tokens.access_token)).status).toBe(401);
    expect((await refresh(clientId, tokens.refresh_token)).status).toBe(400);
  });

  it('does not let one client revoke the token of another', async () => {
    const { tokens } = await connect(service);
    const { body: other } = await register(service);
    expect((await revoke(other.client_id ?? '', tokens.access_token)).status).toBe(200);
    await revoke(other.client_id ?? '', tokens.refresh_token);
    expect((await callMcp(service, tokens.access_token)).status).toBe(200);
  });

  it('revoking a forged token changes nothing', async () => {
    const { clientId, tokens } = await connect(service);
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const forged = await new SignJWT(decodeJwt(tokens.access_token ?? ''))
      .setProtectedHeader({ ...decodeProtectedHeader(tokens.access_token ?? ''), alg: 'ES256' })
      .sign(privateKey);
    expect((await revoke(clientId, forged)).status).toBe(200);
    expect((await callMcp(service, tokens.access_token)).status).toBe(200);
  });

  it('records what happened, and no secret of it', async () => {
    const { clientId, code, verifier, tokens } = await connect(service);
    await refresh(clientId, tokens.refresh_token);
    // Closing the log writes what waits; the service goes on with the same one.
    await service.restart();
    const types = (await service.audit()).map((event) => event.event_type);
    for (const type of [
      'client.registered',
      'login.succeeded',
      'consent.approved',
      'token.issued',
      'token.refreshed',
    ]) {
      expect(types).toContain(type);
    }
    const text = await service.auditText();
    for (const secret of [code, verifier, tokens.access_token, tokens.refresh_token, PASSPHRASE, service.mcpToken]) {
      expect(text).not.toContain(secret);
    }
  });
});

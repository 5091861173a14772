import { approve, authorizeUrl, CALLBACK, callMcp, pkce, register, requestToken } from './oauth-client.ts';
import { openService, type Service } from './open-service.ts';

describe('authorization codes', () => {
  let service: Service;
  beforeAll(async () => {
    service = await openService();
  });
  afterAll(() => service.close());

  it('gives tokens once when a code is used several times at the same moment, and nothing that lasts', async () => {
    const { body } = await register(service);
    const client_id = body.client_id ?? '';
    const { verifier, challenge } = pkce();
    const callback = await approve(service, authorizeUrl(service, { client_id, code_challenge: challenge }));
    const answers = await Promise.all(
      Array.from({ length: 8 }, () =>
        requestToken(service, {
          grant_type: 'authorization_code',
          client_id,
          code: callback.searchParams.get('code') ?? '',
          code_verifier: verifier,
          redirect_uri: CALLBACK,
        }),
      ),
    );
    const given = answers.filter(({ status }) => status === 200);
    expect(given.length).toBeLessThanOrEqual(1);
    for (const { status, body: refused } of answers) {
      if (status !== 200) expect(refused.error).toBe('invalid_grant');
    }
    // Who used it twice is not known, so what it gave is taken back.
    for (const { body: tokens } of given) expect((await callMcp(service, tokens.access_token)).status).toBe(401);
    await service.stop();
    expect((await service.audit()).map((event) => event.event_type)).toContain('grant.revoked');
  });
});

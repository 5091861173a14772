import { connect, register } from './oauth-client.ts';
import { openService, type Service } from './open-service.ts';

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

  it('names the grant that went with a refresh token', async () => {
    const { clientId, tokens } = await connect(service);
    await revoke(clientId, tokens.refresh_token);
    expect(await events('grant.revoked', clientId)).toHaveLength(1);
  });
});

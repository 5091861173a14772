import { CALLBACK, callMcp, connect, register, requestToken } from './oauth-client.ts';
import { openService, type Service } from './open-service.ts';

/** One of the few addresses that all users of Claude come from. */
const CLAUDE = '160.79.104.9';

describe('limits, as they are if nothing is configured', () => {
  let service: Service;
  beforeEach(async () => {
    service = await openService({ RATE_LIMIT_PER_ADDRESS: '', RATE_LIMIT_PROGRAMS: '', RATE_LIMIT_REGISTRATIONS: '' });
  });
  afterEach(() => service.close());

  const documents = [
    '/.well-known/oauth-protected-resource/mcp',
    '/.well-known/oauth-protected-resource',
    '/.well-known/oauth-authorization-server',
    '/jwks',
  ];
  /** An access token that this service issued, and whose time is over. */
  const tokenOfYesterday = async (): Promise<string> => {
    const clock = Date.now;
    Date.now = () => clock() - 24 * 60 * 60 * 1000;
    try {
      return (await connect(service)).tokens.access_token ?? '';
    } finally {
      Date.now = clock;
    }
  };
  const from = (address: string) => ({ 'x-forwarded-for': address });
  const refresh = (clientId: string, token = '', address = CLAUDE) =>
    requestToken(service, { grant_type: 'refresh_token', client_id: clientId, refresh_token: token }, from(address));

  it('let a whole office connect at once from one address of Claude', async () => {
    const connecting = async () => {
      const statuses = [];
      for (const path of documents)
        statuses.push((await fetch(service.issuer + path, { headers: from(CLAUDE) })).status);
      const registered = await fetch(`${service.issuer}/register`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...from(CLAUDE) },
        body: JSON.stringify({ redirect_uris: [CALLBACK], token_endpoint_auth_method: 'none' }),
      });
      return [...statuses, registered.status];
    };
    const all = await Promise.all(Array.from({ length: 100 }, connecting));
    for (const statuses of all) expect(statuses).toEqual([200, 200, 200, 200, 201]);
  });

  it('let clients begin without a token, or with one of yesterday, while somebody at their address tries unknown ones', async () => {
    const expired = await tokenOfYesterday();
    const call = async (token?: string) => (await callMcp(service, token, { headers: from(CLAUDE) })).status;
    const unknown = await Promise.all(Array.from({ length: 61 }, () => call('unknown')));
    expect(unknown.filter((status) => status === 429)).toHaveLength(1);
    for (const token of [undefined, expired]) {
      const statuses = await Promise.all(Array.from({ length: 100 }, () => call(token)));
      expect(statuses).toEqual(Array(100).fill(401));
    }
  });

  it('hold who forges tokens of yesterday to as few as other forgers', async () => {
    const [header = '', payload = ''] = (await tokenOfYesterday()).split('.');
    const call = async () =>
      (await callMcp(service, `${header}.${payload}.${'x'.repeat(86)}`, { headers: from(CLAUDE) })).status;
    const statuses = await Promise.all(Array.from({ length: 61 }, call));
    expect(statuses.filter((status) => status === 429)).toHaveLength(1);
  });

  it('let one client refresh as often at once as clients were seen to', async () => {
    const { clientId, tokens } = await connect(service);
    const burst = await Promise.all(Array.from({ length: 76 }, () => refresh(clientId, tokens.refresh_token)));
    expect(new Set(burst.map(({ status }) => status))).toEqual(new Set([200]));
  });

  it('turn away a client that fails all the time, and no other at its address', async () => {
    const [stuck, good] = [await connect(service), await connect(service)];
    for (let count = 0; count < 60; count += 1) {
      expect((await refresh(stuck.clientId, 'unknown')).body.error).toBe('invalid_grant');
    }
    const limited = await refresh(stuck.clientId, 'unknown');
    expect(limited).toMatchObject({ status: 429, body: { error: 'temporarily_unavailable' } });
    expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(0);
    await refresh(stuck.clientId, 'unknown');

    expect((await refresh(good.clientId, good.tokens.refresh_token)).status).toBe(200);
    expect((await refresh(good.clientId, 'unknown')).body.error).toBe('invalid_grant');
    expect((await refresh('client_gone', 'unknown')).body.error).toBe('invalid_client');
    expect((await refresh(stuck.clientId, 'unknown', '203.0.113.9')).body.error).toBe('invalid_grant');
    // It is its failures that are turned away.
    expect((await refresh(stuck.clientId, stuck.tokens.refresh_token)).status).toBe(200);

    await service.stop();
    const refused = (await service.audit()).filter(
      ({ event_type, actor }) =>
        event_type === 'token.refused' && (actor as { client_id?: string } | null)?.client_id === stuck.clientId,
    );
    expect(refused.filter(({ client_ip }) => client_ip === CLAUDE)).toHaveLength(61);
    expect(refused.at(60)).toMatchObject({ reason: 'rate_limited' });
  });

  it('hold who guesses tokens and secrets of unknown clients to sixty a minute', async () => {
    for (let count = 0; count < 60; count += 1) {
      expect((await refresh(`client_${count}`, 'x')).body.error).toBe('invalid_client');
    }
    expect((await refresh('client_60', 'x')).status).toBe(429);
  });

  it('hold one address to fewer registrations than there are places', async () => {
    const all = await Promise.all(Array.from({ length: 200 }, () => register(service)));
    expect(all.map(({ status }) => status)).toEqual(Array(200).fill(201));
    expect((await register(service)).status).toBe(429);
  });

  it('cannot be dodged by saying to come from elsewhere, where nobody is trusted to say so', async () => {
    const exposed = await openService({ TRUST_PROXY: '10.9.9.9', RATE_LIMIT_PROGRAMS: '3' });
    const get = (headers: Record<string, string>) => fetch(`${exposed.issuer}/jwks`, { headers });
    const statuses = [];
    for (const n of [1, 2, 3, 4]) {
      statuses.push((await get({ 'x-forwarded-for': `10.0.0.${n}`, 'cf-connecting-ip': `10.0.1.${n}` })).status);
    }
    expect(statuses).toEqual([200, 200, 200, 429]);
    await exposed.close();
  });
});

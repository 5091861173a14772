import { authorizeUrl, pkce, register } from './oauth-client.ts';
import { openService, type Service } from './open-service.ts';

describe('response modes', () => {
  let service: Service;
  let clientId: string;
  const ask = (parameters: Record<string, string>) => {
    const known = { client_id: clientId, code_challenge: pkce().challenge, prompt: 'none' };
    return fetch(authorizeUrl(service, { ...known, ...parameters }), { redirect: 'manual' });
  };
  beforeAll(async () => {
    service = await openService();
    clientId = (await register(service)).body.client_id ?? '';
  });
  afterAll(() => service.close());

  it('are the query and the fragment', async () => {
    const metadata = (await (await fetch(`${service.issuer}/.well-known/oauth-authorization-server`)).json()) as Record<
      string,
      unknown
    >;
    expect(metadata.response_modes_supported).toEqual(['query', 'fragment']);
    for (const [response_mode, separator] of [
      ['query', '?'],
      ['fragment', '#'],
      ['', '?'],
    ] as const) {
      const { status, headers } = await ask({ response_mode });
      expect(status).toBe(303);
      expect(headers.get('location')).toContain(`/callback${separator}error=login_required`);
    }
  });

  it.each(['form_post', 'web_message', 'jwt', 'x'])(
    'are not %j: the client is told, and no page is shown',
    async (response_mode) => {
      const answer = await ask({ response_mode });
      expect(answer.status).toBe(303);
      expect(answer.headers.get('location')).toContain('/callback?error=unsupported_response_mode');
      expect(await answer.text()).not.toContain('<script');
    },
  );
});

import { callMcp, connect } from './oauth-client.ts';
import { openService, type Service } from './open-service.ts';

describe('a page of an allowed origin', () => {
  const origin = 'https://inspector.example.org';
  let service: Service;
  let token: string;
  beforeAll(async () => {
    service = await openService({ ALLOWED_ORIGINS: `${origin}, https://other.example.org` });
    token = (await connect(service)).tokens.access_token ?? '';
  });
  afterAll(() => service.close());
  const preflight = (from: string, asked = 'authorization,content-type,mcp-protocol-version,mcp-param-region') =>
    fetch(service.mcpUrl, {
      method: 'OPTIONS',
      headers: { origin: from, 'access-control-request-method': 'POST', 'access-control-request-headers': asked },
    });

  it('is told that it may call /mcp with the headers of the protocol, and without cookies', async () => {
    const answer = await preflight(origin);
    expect(answer.status).toBe(204);
    expect(answer.headers.get('access-control-allow-origin')).toBe(origin);
    expect(answer.headers.get('vary')).toBe('Origin');
    expect(answer.headers.get('access-control-allow-methods')).toContain('POST');
    const allowed = (answer.headers.get('access-control-allow-headers') ?? '').split(', ');
    expect(allowed).toEqual(
      expect.arrayContaining([
        'authorization',
        'content-type',
        'mcp-protocol-version',
        'mcp-session-id',
        'mcp-method',
        'mcp-name',
        'mcp-param-region',
      ]),
    );
    expect(answer.headers.has('access-control-allow-credentials')).toBe(false);
    expect((await preflight(origin, 'cookie, x-evil')).headers.get('access-control-allow-headers')).not.toMatch(
      /evil|cookie/,
    );
  });

  it('can read the answer: of a call, of a refused one, and of an error of this hop', async () => {
    service.answer = (_request, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json', 'Mcp-Session-Id': 's' }).end('{}');
    };
    const good = await callMcp(service, token, { headers: { origin } });
    expect([good.status, good.headers.get('mcp-session-id')]).toEqual([200, 's']);
    const refused = await callMcp(service, undefined, { headers: { origin } });
    expect(refused.status).toBe(401);
    const wrongType = await callMcp(service, token, { headers: { origin, 'content-type': 'text/plain' } });
    expect(wrongType.status).toBe(415);
    for (const { headers } of [good, refused, wrongType]) {
      expect(headers.get('access-control-allow-origin')).toBe(origin);
      const exposed = headers.get('access-control-expose-headers')?.toLowerCase().split(', ');
      expect(exposed).toEqual(
        expect.arrayContaining([
          'www-authenticate',
          'mcp-session-id',
          'mcp-protocol-version',
          'x-request-id',
          'retry-after',
        ]),
      );
      expect(headers.get('x-request-id')).toBeTruthy();
    }
  });

  it('is the only one: another origin is refused and may read nothing, a program is told nothing of origins', async () => {
    for (const answer of [
      await preflight('https://evil.example'),
      await preflight('null'),
      await callMcp(service, token, { headers: { origin: 'https://evil.example' } }),
    ]) {
      expect(answer.status).toBe(403);
      expect(answer.headers.has('access-control-allow-origin')).toBe(false);
    }
    const program = await callMcp(service, token);
    expect(program.status).toBe(200);
    expect(program.headers.has('access-control-allow-origin')).toBe(false);
    expect((await fetch(service.mcpUrl, { method: 'OPTIONS' })).status).toBe(405);
  });
});

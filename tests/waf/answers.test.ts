import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isReason, REASONS } from '@arleo/core/reasons';
import { type Edge, type EdgeAnswer, startEdge } from './edge.ts';
import { ERAS, type Request, toolCall } from './frames.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const call = toolCall(ERAS[0], 'get_page', { route: 'posts/a' });
const get = (path: string): Request => ({
  method: 'GET',
  path,
  headers: { 'user-agent': 'Claude-User', accept: '*/*' },
});

function expectNamed({ status, headers, text }: EdgeAnswer, hop: string, reason: keyof typeof REASONS): void {
  const body = JSON.parse(text);
  expect([status, body.error.data.reason, body.error.data.hop]).toEqual([REASONS[reason].status, reason, hop]);
  expect(body.error.message).toBe(REASONS[reason].message);
  expect(body).toMatchObject({ jsonrpc: '2.0', id: null, error: { code: -32000 } });
  expect(headers['content-type']).toBe('application/json');
  expect(body.error.data.request_id).toMatch(UUID);
  expect(headers['x-request-id']).toBe(body.error.data.request_id);
}

describe('what nginx itself answers', () => {
  let edge: Edge;
  beforeAll(async () => {
    edge = await startEdge();
  });
  afterAll(() => edge?.dispose());

  it('[R-WAF-ANSWER] names the firewall and the request id, by which the rule is found in the log', async () => {
    const answer = await edge.ask(toolCall(ERAS[1], 'get_page', { route: '../../etc/passwd' }));
    expectNamed(answer, 'waf', 'waf_blocked');
    const log = await edge.log();
    const lines = log.split('\n').filter((line) => line.includes(String(answer.headers['x-request-id'])));
    expect(lines.join('\n')).toMatch(/930\d{3}.*ARGS:json\.params\.arguments\.route/);
  });

  it.each(['PUT', 'PATCH', 'TRACE', 'PROPFIND'])('refuses %s on /mcp', async (method) => {
    const answer = await edge.ask({ ...get('/mcp'), method });
    expect([403, 405]).toContain(answer.status);
    expect(['nginx', 'waf']).toContain(JSON.parse(answer.text).error.data.hop);
  });

  it('lets HEAD not pass on /mcp, and GET, DELETE and OPTIONS be answered as MCP has it, by the service', async () => {
    const head = await edge.ask({ ...get('/mcp'), method: 'HEAD' });
    expect([head.status, head.headers.allow]).toEqual([405, 'POST']);
    for (const method of ['GET', 'DELETE', 'OPTIONS']) {
      expect((await edge.ask({ ...get('/mcp'), method })).status).toBe(200);
    }
  });

  it.each(['text/plain', 'application/jsonx', 'multipart/form-data; boundary=x', 'application/xml', ''])(
    'refuses a POST of the type "%s" on /mcp',
    async (type) => {
      const answer = await edge.ask({ ...call, headers: { ...call.headers, 'content-type': type } });
      expect([403, 415]).toContain(answer.status);
      if (type === 'text/plain' || type === '') expectNamed(answer, 'nginx', 'unsupported_media_type');
    },
  );

  it('takes application/json however it is written', async () => {
    for (const type of ['application/json', 'application/json; charset=utf-8', 'Application/JSON']) {
      expect((await edge.ask({ ...call, headers: { ...call.headers, 'content-type': type } })).status).toBe(200);
    }
  });

  it('refuses what is no JSON, and what is too large', async () => {
    expectNamed(await edge.ask({ ...call, body: '{"jsonrpc":' }), 'nginx', 'bad_request');
    expectNamed(await edge.ask({ ...call, body: ' '.repeat(16 * 1024 * 1024 + 1) }), 'nginx', 'body_too_large');
    expectNamed(await edge.ask({ ...call, path: '/register', body: ' '.repeat(65 * 1024) }), 'nginx', 'body_too_large');
  });

  it.each(['/', '/metrics', '/readyz', '/introspect', '/internal/site-pull', '/webhook/x', '/MCP', '/Metrics'])(
    'has nothing at %s',
    async (path) => expectNamed(await edge.ask(get(path)), 'nginx', 'not_found'),
  );

  it('hides what is behind it, and makes the request id that goes there', async () => {
    const mine = '0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d';
    const answer = await edge.ask({ ...call, headers: { ...call.headers, 'x-request-id': mine } });
    expect(answer.headers).toMatchObject({ server: 'nginx' });
    expect(answer.headers).not.toHaveProperty('x-powered-by');
    expect(edge.seen()['x-request-id']).toMatch(UUID);
    expect(edge.seen()['x-request-id']).not.toBe(mine);
  });
});

describe('nginx, set up otherwise', () => {
  const withEdge = async (change: (file: string, text: string) => string, test: (edge: Edge) => Promise<void>) => {
    const edge = await startEdge(change);
    await test(edge).finally(() => edge.dispose());
  };

  it('says that a service is not there', () =>
    withEdge(
      (file, text) =>
        file === 'nginx/mcp.conf' ? text.replaceAll('http://arleo_oauth_proxy', 'http://127.0.0.1:1') : text,
      async (edge) => expectNamed(await edge.ask(call), 'nginx', 'upstream_unreachable'),
    ));

  it('with callers-listed.conf lets only the listed ones call, and everybody see the pages', () => {
    const listed = readFileSync(new URL('../../infra/nginx/arleo/callers-listed.conf', import.meta.url), 'utf8');
    return withEdge(
      (file, text) => (file === 'nginx/arleo/callers.conf' ? listed.replaceAll('127.0.0.0/8 1;', '') : text),
      async (edge) => {
        expectNamed(await edge.ask(call), 'nginx', 'caller_not_allowed');
        expectNamed(await edge.ask({ ...call, path: '/webhook/github' }), 'nginx', 'caller_not_allowed');
        expectNamed(await edge.ask({ ...call, path: '/register' }), 'nginx', 'caller_not_allowed');
        expect((await edge.ask(get('/authorize?client_id=x'))).status).toBe(200);
      },
    );
  });

  it('tells an address that asks too much to wait', () =>
    withEdge(
      (file, text) =>
        file === 'nginx/mcp.conf' ? text.replace('rate=100r/s', 'rate=1r/m').replace('burst=400', 'burst=2') : text,
      async (edge) => {
        const answers = await edge.askAll(Array.from({ length: 6 }, () => call));
        const limited = answers.filter(({ status }) => status !== 200);
        expect(limited.length).toBeGreaterThan(0);
        for (const answer of limited) expectNamed(answer, 'nginx', 'rate_limited');
      },
    ));
});

it('gives every answer of errors.conf a documented reason and its words', () => {
  const text = readFileSync(new URL('../../infra/nginx/arleo/errors.conf', import.meta.url), 'utf8');
  const answers = [...text.matchAll(/return (\d+) '(\{.*\})';/g)];
  expect(answers).toHaveLength([...text.matchAll(/^location /gm)].length);
  for (const [, status, json = ''] of answers) {
    const { message, data } = JSON.parse(json).error;
    expect(isReason(data.reason)).toBe(true);
    expect({ status: Number(status), message }).toEqual({
      status: REASONS[data.reason as keyof typeof REASONS].status,
      message: REASONS[data.reason as keyof typeof REASONS].message,
    });
  }
});

it('loads every file of infra/modsecurity', () => {
  const folder = fileURLToPath(new URL('../../infra/', import.meta.url));
  const text = readdirSync(`${folder}nginx/arleo`)
    .map((file) => readFileSync(`${folder}nginx/arleo/${file}`, 'utf8'))
    .join();
  const rules = readdirSync(`${folder}modsecurity`).filter((file) => file !== 'base.conf');
  for (const file of rules) expect(text).toContain(`/modsecurity/${file};`);
});

import { type Answer, startService, type TestService } from './testing/service-fixture.ts';

let service: TestService;
beforeAll(async () => {
  service = await startService({});
});
afterAll(() => service.dispose());

/** What an error body must say, whichever layer of this hop made it. */
function expectNamed(answer: Answer, reason: string): void {
  expect(answer.json.error.data).toMatchObject({
    hop: 'hugo-mcp-server',
    reason,
    request_id: answer.headers['x-request-id'],
  });
  expect(answer.headers['server-timing']).toMatch(/^hugo-mcp-server;dur=/);
}

const list = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}';
const legacy = { 'mcp-protocol-version': '2025-11-25' };

test.each<[string, () => Promise<Answer>, number, string]>([
  ['no JSON', () => service.send({ body: '{' }), 400, 'bad_json'],
  ['no JSON-RPC', () => service.send({ body: '{}', headers: legacy }), 400, 'invalid_request'],
  ['a GET', () => service.send({ method: 'GET' }), 405, 'method_not_allowed'],
  [
    'text',
    () => service.send({ body: list, headers: { 'content-type': 'text/plain' } }),
    415,
    'unsupported_media_type',
  ],
  [
    'Accept without event streams',
    () => service.send({ body: list, headers: { ...legacy, accept: 'application/json' } }),
    406,
    'protocol_error',
  ],
  [
    'a revision that nobody speaks',
    () => service.send({ body: list, headers: { 'mcp-protocol-version': '2020-01-01' } }),
    400,
    'protocol_error',
  ],
  ['an unknown method', () => service.modern('tools/forget'), 404, 'method_not_found'],
  ['an unknown tool', () => service.modern('tools/call', { name: 'rm_rf', arguments: {} }), 200, 'invalid_params'],
  ['an unknown tool, 2025', () => service.rpc('tools/call', { name: 'rm_rf', arguments: {} }), 200, 'invalid_params'],
  [
    'a tool outside the scopes',
    () => service.call('build_site', {}, { scope: 'content:read' }),
    403,
    'insufficient_scope',
  ],
])('%s: the error names this hop, its reason and the request', async (_, send, status, reason) => {
  const answer = await send();
  expect(answer.status).toBe(status);
  expectNamed(answer, reason);
});

test('a revision that is not spoken is still answered with those that are', async () => {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2030-01-01',
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const answer = await service.send({
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: { _meta: meta } }),
    headers: { 'mcp-protocol-version': '2030-01-01', 'mcp-method': 'tools/list' },
  });
  expect(answer.json.error).toMatchObject({ code: -32022, data: { supported: expect.any(Array) } });
  expectNamed(answer, 'version_unsupported');
});

test('a tool outside the scopes is recorded with its name, and where the client is', async () => {
  const options = { scope: 'content:read', actor: { client_ip: '203.0.113.9' } };
  const answer = await service.call('delete_page', { route: 'about', lang: 'en' }, options);
  expect(await service.auditOf(answer)).toMatchObject({
    event_type: 'tool.delete_page',
    result: 'denied',
    reason: 'insufficient_scope',
    client_ip: '203.0.113.9',
    actor: { sub: expect.any(String), client_id: expect.any(String), token_id: expect.any(String) },
  });
});

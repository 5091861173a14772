import fc from 'fast-check';
import { believeBody } from './mcp/believe-body.ts';
import { startService, type TestService } from './testing/service-fixture.ts';

let service: TestService;
beforeAll(async () => {
  service = await startService({});
});
afterAll(() => service.dispose());

/** The headers of an earlier revision around a body of 2026-07-28, as Claude was seen to send them. */
const older = { 'mcp-protocol-version': '2025-11-25' };
const oldest = { ...older, 'mcp-method': undefined, 'mcp-name': undefined };

test('headers of another revision than the body names are refused', async () => {
  const answer = await service.modern('tools/list', {}, { headers: older });
  expect(answer).toMatchObject({ status: 400, json: { error: { code: -32020 } } });
});

describe('with TOLERANT_PROTOCOL_HEADER', () => {
  beforeAll(() => service.restart({ TOLERANT_PROTOCOL_HEADER: 'true' }));

  test.each([
    ['of an earlier revision', older],
    ['of an earlier revision, without those of the new one', oldest],
    ['missing', { ...oldest, 'mcp-protocol-version': undefined }],
    ['as they should be', {}],
  ])('headers %s: the body is believed', async (_, headers) => {
    const listed = await service.modern('tools/list', {}, { headers });
    expect(listed).toMatchObject({ status: 200, json: { result: { resultType: 'complete', cacheScope: 'private' } } });
    const called = await service.modern('tools/call', { name: 'site_info', arguments: {} }, { headers });
    expect(called).toMatchObject({ status: 200, json: { result: { structuredContent: { title: 'Test' } } } });
    const read = await service.modern('resources/read', { uri: 'hugo://fr/à-propos' }, { headers });
    // There is no such page: the question came through.
    expect(read.json.error.code).not.toBe(-32020);
  });

  test('headers that contradict the call itself are still refused', async () => {
    for (const wrong of [{ 'mcp-method': 'tools/call' }, { ...older, 'mcp-method': 'tools/call' }]) {
      const answer = await service.modern('tools/list', {}, { headers: wrong });
      expect(answer).toMatchObject({ status: 400, json: { error: { code: -32020 } } });
    }
    const name = await service.modern(
      'tools/call',
      { name: 'site_info', arguments: {} },
      { headers: { ...older, 'mcp-name': 'delete_page' } },
    );
    expect(name).toMatchObject({ status: 400, json: { error: { code: -32020 } } });
  });

  test('a revision that nobody speaks is answered with those that are', async () => {
    const meta = { _meta: { 'io.modelcontextprotocol/protocolVersion': '2030-01-01' } };
    const answer = await service.modern('tools/list', meta, { headers: older });
    expect(answer).toMatchObject({ status: 400, json: { error: { code: -32022 } } });
  });

  test('a body of the earlier revisions is taken as before', async () => {
    const answer = await service.rpc('tools/list', {}, { headers: older });
    expect(answer).toMatchObject({ status: 200, json: { result: { tools: expect.any(Array) } } });
    expect(answer.json.result).not.toHaveProperty('resultType');
  });

  test('scopes are asked as before', async () => {
    const args = { name: 'build_site', arguments: {} };
    const answer = await service.modern('tools/call', args, { headers: oldest, scope: 'content:read' });
    expect(answer.status).toBe(403);
  });
});

test('no body makes it throw, and no header is other than a header may be', () => {
  const member = fc.oneof(fc.string({ unit: 'binary' }), fc.constant(null), fc.integer(), fc.constant({}));
  const message = fc.record({
    method: fc.oneof(fc.constantFrom('tools/call', 'resources/read', 'constructor'), member),
    params: fc.oneof(
      member,
      fc.record({
        name: member,
        uri: member,
        _meta: fc.oneof(
          member,
          fc.record({
            'io.modelcontextprotocol/protocolVersion': fc.oneof(fc.constant('2026-07-28'), member),
          }),
        ),
      }),
    ),
  });
  fc.assert(
    fc.property(message, (body) => {
      const headers = new Headers();
      believeBody(body, headers);
      for (const [, value] of headers) expect(value).toMatch(/^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$|^$/);
    }),
  );
});

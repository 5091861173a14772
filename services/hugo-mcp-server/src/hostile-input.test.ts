import { generateKeyPairSync } from 'node:crypto';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { importActorKey, signActor } from '@arleo/core/actor';
import { openBcrypt } from '@arleo/core/tokens/bcrypt';
import { createToken, revokeToken } from '@arleo/core/tokens/manage';
import { SignJWT } from 'jose';
import { type Answer, startService, structured, type TestService } from './testing/service-fixture.ts';

let service: TestService;
let outside: string;

beforeAll(async () => {
  service = await startService({
    async prepare(dir) {
      outside = path.join(dir.path, 'outside');
      await mkdir(path.join(outside, 'page'), { recursive: true });
      await writeFile(path.join(outside, 'page/index.en.md'), '---\ntitle: Outside\n---\noutside words\n');
      await mkdir(path.join(dir.path, 'site/content/posts/filelink'), { recursive: true });
      await symlink(outside, path.join(dir.path, 'site/content/leak'));
      await symlink(
        path.join(outside, 'page/index.en.md'),
        path.join(dir.path, 'site/content/posts/filelink/index.en.md'),
      );
    },
  });
});
afterAll(() => service?.dispose());

const page = { lang: 'en', title: 'Title', content: 'Text' };

function expectRefusal(answer: Answer, code: string, says?: RegExp): void {
  expect({ status: answer.status, text: answer.text }).toEqual({
    status: 200,
    text: expect.stringContaining(`[${code}]`),
  });
  expect(answer.json.result.isError).toBe(true);
  expect(answer.json.result._meta).toMatchObject({ 'arleo/error': { code } });
  if (says) expect(answer.json.result.content[0].text).toMatch(says);
}

function expectError(answer: Answer, status: number, reason: string): void {
  expect({ status: answer.status, data: answer.json?.error?.data }).toEqual({
    status,
    data: expect.objectContaining({ hop: 'hugo-mcp-server', reason, request_id: answer.headers['x-request-id'] }),
  });
}

describe('the request', () => {
  test('must be one JSON object of bounded size', async () => {
    const malformed = await service.send({ body: '{"jsonrpc":"2.0",' });
    expectError(malformed, 400, 'bad_json');
    expect(malformed.json.error.code).toBe(-32700);
    expectError(await service.send({ body: '' }), 400, 'bad_json');
    expectError(await service.send({ body: '"text"' }), 400, 'bad_json');
    const batch = await service.send({ body: '[{"jsonrpc":"2.0","id":1,"method":"tools/list"}]' });
    expectError(batch, 400, 'batch_refused');
    expect(batch.json.error.code).toBe(-32600);
    expectError(await service.send({ body: '[]' }), 400, 'batch_refused');
    expectError(
      await service.send({ body: '{}', headers: { 'content-type': 'text/plain' } }),
      415,
      'unsupported_media_type',
    );
    expectError(
      await service.send({ body: '{}', headers: { 'content-type': undefined } }),
      415,
      'unsupported_media_type',
    );
    expectError(
      await service.send({ body: JSON.stringify({ x: 'x'.repeat(17 * 1024 * 1024) }) }),
      413,
      'body_too_large',
    );
    const chunked = await service.send({
      body: 'x'.repeat(17 * 1024 * 1024),
      headers: { 'transfer-encoding': 'chunked' },
    });
    expectError(chunked, 413, 'body_too_large');
    expect((await service.send({ body: '{"jsonrpc":"2.0"}' })).status).toBe(400);
  });

  test('must be a POST', async () => {
    for (const method of ['GET', 'DELETE', 'PUT']) {
      const answer = await service.send({ method });
      expectError(answer, 405, 'method_not_allowed');
      expect(answer.headers.allow).toBe('POST');
    }
  });

  test('carries no Origin', async () => {
    expectError(await service.send({ body: '{}', headers: { origin: 'https://evil.example' } }), 403, 'bad_origin');
  });

  test('must name its era as the revision asks', async () => {
    const mismatch = await service.modern('tools/list', {}, { headers: { 'mcp-method': 'tools/call' } });
    expect({ status: mismatch.status, code: mismatch.json.error.code }).toEqual({ status: 400, code: -32020 });
    const params = { _meta: { 'io.modelcontextprotocol/protocolVersion': '2099-01-01' } };
    const unknown = await service.modern('tools/list', params, { headers: { 'mcp-protocol-version': '2099-01-01' } });
    expect({ status: unknown.status, code: unknown.json.error.code }).toEqual({ status: 400, code: -32022 });
    expect((await service.rpc('tools/list', {}, { headers: { 'mcp-protocol-version': '1999-01-01' } })).status).toBe(
      400,
    );
  });
});

describe('who calls', () => {
  const list = (headers: Record<string, string | undefined>, actor = {}) =>
    service.rpc('tools/list', {}, { headers, actor });

  test('needs a token of the store, and is told the same whatever is wrong with it', async () => {
    expectError(await list({ authorization: undefined }), 401, 'token_missing');
    const bcrypt = openBcrypt();
    const tools = { bcrypt, now: Date.now };
    const expired = await createToken(
      service.tokensFile,
      { label: 'x', expiresInMs: 1 },
      { bcrypt, now: () => Date.now() - 5000 },
    );
    const revoked = await createToken(service.tokensFile, { label: 'y' }, tools);
    await revokeToken(service.tokensFile, revoked.id, Date.now());
    await bcrypt.close();
    const other = service.token.endsWith('0') ? '1' : '0';
    for (const [token, reason] of [
      [service.token.slice(0, -1), 'malformed'],
      ['', 'malformed'],
      [`hmcp_${'0'.repeat(16)}_${'0'.repeat(64)}`, 'unknown'],
      [service.token.slice(0, -1) + other, 'mismatch'],
      [expired.token, 'expired'],
      [revoked.token, 'revoked'],
    ] as const) {
      const answer = await list({ authorization: `Bearer ${token}` });
      expectError(answer, 401, 'token_invalid');
      expect(answer.headers['www-authenticate']).toBe('Bearer');
      expect(await service.auditOf(answer)).toMatchObject({ event_type: 'caller.refused', reason, result: 'denied' });
      expect(answer.text).not.toContain(reason);
    }
  });

  test('needs an actor assertion that is ours, for this service, for this request and of this minute', async () => {
    expectError(await list({ 'arleo-actor': undefined }), 401, 'actor_missing');
    expectError(await list({ 'arleo-actor': 'nonsense' }), 401, 'actor_invalid');
    expectError(await list({}, { aud: 'another' as 'hugo-mcp-server' }), 401, 'actor_invalid');
    const replayed = await list({}, { request_id: 'another-request' });
    expectError(replayed, 401, 'actor_invalid');
    expect(await service.auditOf(replayed)).toMatchObject({ reason: 'actor_of_another_request' });

    const requestId = '00000000-0000-4000-8000-000000000001';
    const claims = {
      sub: 'o',
      client_id: 'c',
      scope: 'content:read',
      request_id: requestId,
      aud: 'hugo-mcp-server',
    } as const;
    const withActor = (jwt: string) => list({ 'arleo-actor': jwt, 'x-request-id': requestId });
    const mine = await importActorKey(service.actorKey);
    expectError(await withActor(await signActor(mine, claims, Date.now() - 120_000)), 401, 'actor_expired');
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
    const foreign = await importActorKey(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
    expectError(await withActor(await signActor(foreign, claims)), 401, 'actor_invalid');
    const payload = { ...claims, iss: 'oauth-proxy', jti: requestId };
    const now = Math.floor(Date.now() / 1000);
    const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
    const none = `${encode({ alg: 'none', typ: 'arleo-actor+jwt' })}.${encode({ ...payload, iat: now, exp: now + 60 })}.`;
    expectError(await withActor(none), 401, 'actor_invalid');
    const hmac = await new SignJWT(payload)
      .setProtectedHeader({ alg: 'HS256', typ: 'arleo-actor+jwt' })
      .setIssuedAt()
      .setExpirationTime('60s')
      .sign(Buffer.from(service.cert));
    expectError(await withActor(hmac), 401, 'actor_invalid');
    expect((await withActor(await signActor(mine, claims))).status).toBe(200);
  });
});

describe('what the caller may do', () => {
  /** The names of the tools that a caller is shown, who may only read. */
  const readOnly = (answer: Answer): string[] => {
    const { tools } = answer.json.result;
    for (const tool of tools) expect(tool).toMatchObject({ annotations: { readOnlyHint: true } });
    return tools.map(({ name }: { name: string }) => name);
  };

  test('is what token and actor both allow: other tools are not listed, and answer 403 in both eras', async () => {
    const scope = 'content:read';
    const legacy = await service.rpc('tools/list', {}, { scope });
    expect(readOnly(legacy)).toContain('get_page');
    const modern = await service.modern('tools/list', {}, { scope });
    expect(readOnly(modern)).toEqual(readOnly(legacy));
    expect(modern.json.result).toMatchObject({ cacheScope: 'private', ttlMs: 0 });
    for (const send of [service.rpc, service.modern]) {
      const answer = await send(
        'tools/call',
        { name: 'create_page', arguments: { ...page, route: 'posts/x' } },
        { scope },
      );
      expectError(answer, 403, 'insufficient_scope');
      expect(answer.headers['www-authenticate']).toBe(
        'Bearer error="insufficient_scope", scope="content:read content:write"',
      );
      expect(answer.json.id).toBe(1);
    }
    const build = await service.call('build_site', {}, { scope: 'mcp' });
    expectError(build, 403, 'insufficient_scope');
  });

  test('a token with fewer scopes than the actor narrows the actor', async () => {
    const narrow = await startService({ tokenScopes: ['content:read'] });
    expect(readOnly(await narrow.rpc('tools/list'))).toContain('get_page');
    await narrow.dispose();
  });
});

describe('tools and arguments', () => {
  test('an unknown tool is a protocol error in both eras', async () => {
    for (const send of [service.rpc, service.modern]) {
      const answer = await send('tools/call', { name: 'rm_rf', arguments: {} });
      expect(answer.json.error).toMatchObject({ code: -32602, message: expect.stringContaining('rm_rf') });
    }
  });

  test.each([
    ['a route of another type', { ...page, route: 5 }, /route/],
    ['no route', page, /route/],
    ['an empty title', { ...page, route: 'posts/x', title: '' }, /title/],
    ['a title that is too long', { ...page, route: 'posts/x', title: 'x'.repeat(501) }, /title/],
    ['content over 512 KiB', { ...page, route: 'posts/x', content: 'x'.repeat(512 * 1024 + 1) }, /content/],
    ['content over 512 KiB in bytes', { ...page, route: 'posts/x', content: 'é'.repeat(300 * 1024) }, /content/],
    ['51 tags', { ...page, route: 'posts/x', tags: Array(51).fill('t') }, /tags/],
    [
      'an extra argument',
      { ...page, route: 'posts/x', overwrite: true },
      /Unknown: "overwrite".*The arguments are: route/,
    ],
    ['a field that is refused', { ...page, route: 'posts/x', front_matter: { aliases: ['/a'] } }, /aliases/],
    ['a title given twice', { ...page, route: 'posts/x', front_matter: { title: 'y' } }, /twice/],
    ['a bidi override in the title', { ...page, route: 'posts/x', title: 'a\u202eb' }, /U\+202E/],
    ['a line break in the title', { ...page, route: 'posts/x', title: 'a\nb' }, /U\+000A/],
    ['Unicode tag characters in the title', { ...page, route: 'posts/x', title: 'a\u{e0041}' }, /U\+E0041/],
    ['NUL in the content', { ...page, route: 'posts/x', content: 'a\0b' }, /U\+0000/],
  ])('%s', async (_, args, says) => {
    expectRefusal(
      await service.modern('tools/call', { name: 'create_page', arguments: args }),
      'arguments_invalid',
      says,
    );
    const answer = await service.call('create_page', args);
    expectRefusal(answer, 'arguments_invalid', says);
    expect(await service.auditOf(answer)).toMatchObject({
      event_type: 'tool.create_page',
      result: 'failure',
      reason: 'arguments_invalid',
    });
  });

  test('arguments that are no object are a protocol error', async () => {
    for (const send of [service.rpc, service.modern]) {
      const answer = await send('tools/call', { name: 'create_page', arguments: [] });
      expect(answer.json.error).toMatchObject({ code: -32602, message: expect.stringContaining('arguments') });
    }
  });

  test.each([
    '../outside',
    'posts/../../outside/page',
    'posts/..',
    '/etc/passwd',
    'posts/a\0b',
    'posts/%2e%2e/%2e%2e/outside',
    'posts/%252e%252e/outside',
    'posts\\..\\outside',
    'posts//x',
    'posts/.git/x',
    './posts/x',
    'C:/x',
    '..',
    'posts/x/',
    '~root/x/../../..',
  ])('the route %j is refused by every tool', async (route) => {
    expectRefusal(await service.call('create_page', { ...page, route }), 'arguments_invalid', /route/i);
    expectRefusal(await service.call('get_page', { route, lang: 'en' }), 'arguments_invalid', /route/i);
    expectRefusal(
      await service.call('update_page', { route, lang: 'en', content: 'x' }),
      'arguments_invalid',
      /route/i,
    );
    expectRefusal(await service.call('delete_page', { route, lang: 'en' }), 'arguments_invalid', /route/i);
  });

  test('a folder that is a symlink is not entered, a file that is one is not opened', async () => {
    for (const route of ['leak/page', 'posts/filelink']) {
      const read = await service.call('get_page', { route, lang: 'en' });
      expectRefusal(read, 'symlink_refused');
      expect(read.text).not.toContain('outside words');
      expectRefusal(await service.call('create_page', { ...page, route }), 'symlink_refused');
      expectRefusal(await service.call('update_page', { route, lang: 'en', content: 'changed' }), 'symlink_refused');
      expectRefusal(await service.call('delete_page', { route, lang: 'en' }), 'symlink_refused');
    }
    expectRefusal(await service.call('create_page', { ...page, route: 'leak/new' }), 'symlink_refused');
    expect(await readFile(path.join(outside, 'page/index.en.md'), 'utf8')).toContain('outside words');
    const listed = await service.call('list_pages', {});
    expect(listed.text).not.toContain('leak');
    expect(listed.text).not.toContain('filelink');
  });

  test('a language that the site has not, a page that is there, a page that is not', async () => {
    expectRefusal(
      await service.call('create_page', { ...page, lang: 'de', route: 'posts/x' }),
      'lang_unknown',
      /fr, en/,
    );
    expectRefusal(await service.call('create_page', { ...page, route: 'posts/hello' }), 'page_exists', /update_page/);
    expectRefusal(await service.call('create_page', { ...page, route: 'Posts/HELLO' }), 'page_exists');
    expectRefusal(await service.call('create_page', { ...page, route: 'posts/hello/inside' }), 'inside_bundle');
    expectRefusal(await service.call('get_page', { route: 'posts/none' }), 'page_not_found');
    expectRefusal(await service.call('list_pages', { cursor: 'nonsense' }), 'cursor_invalid');
  });

  test('nothing of all this changed the site', async () => {
    await structured(service, 'build_site', {});
    expect(await service.git('log', '--format=%s')).toBe('Content as it was found\n');
    expect(await service.live('en/posts/x/index.html')).toBeUndefined();
  });
});

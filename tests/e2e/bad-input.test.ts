import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { callTool, mcpHeaders, modernRpc, rpc } from './mcp.ts';
import { grant } from './oauth.ts';
import { type Answer, send } from './send.ts';
import { startTestStack, type TestStack } from './start.ts';
import { expectNoSecrets, expectWholeChains } from './trail.ts';

const LIMIT = 16 * 1024 * 1024;

let stack: TestStack;
let mcp: string;
let token: string;
let hugoBin: string;

beforeAll(async () => {
  stack = await startTestStack();
  mcp = stack.addresses.mcpUrl;
  token = (await grant(stack.addresses.issuer, { passphrase: stack.state.passphrase })).accessToken;
  hugoBin = path.join(stack.layout.root, 'hugo');
});
afterAll(() => stack?.dispose());

const post = (body: string | Buffer, headers: Record<string, string> = {}, method = 'POST') =>
  send(mcp, { method, body, headers: { ...mcpHeaders(token), ...headers } });

const create = (args: object) =>
  callTool(mcp, token, 'create_page', { lang: 'en', title: 'Title', content: 'Text', ...args });

/** A tool call that was understood and refused: by the protocol, or by the tool itself. */
function expectToolRefusal(answer: Answer, says?: RegExp): void {
  expect(answer.status).toBeLessThan(500);
  const { result, error } = answer.json;
  const text = error?.message ?? result.content.map((part: { text: string }) => part.text).join(' ');
  expect({ text, refused: error !== undefined || result.isError === true }).toEqual({ text, refused: true });
  if (says) expect(text).toMatch(says);
}

async function siteStatus(pathname: string): Promise<number> {
  return (await fetch(new URL(pathname, stack.addresses.siteUrl))).status;
}

test.each([
  ['malformed JSON [R-BAD-JSON]', '{"jsonrpc":"2.0",', {}, 400, 'bad_json'],
  ['JSON that is no object [R-BAD-JSON]', '"text"', {}, 400, undefined],
  ['an empty body [R-BAD-JSON]', '', {}, 400, undefined],
  ['another content type [R-BAD-TYPE]', '{}', { 'content-type': 'text/plain' }, 415, 'unsupported_media_type'],
  [
    'a form [R-BAD-TYPE]',
    'a=1',
    { 'content-type': 'application/x-www-form-urlencoded' },
    415,
    'unsupported_media_type',
  ],
  ['a foreign Origin [R-BAD-ORIGIN]', '{}', { origin: 'https://evil.example' }, 403, 'bad_origin'],
  ['the Origin "null" [R-BAD-ORIGIN]', '{}', { origin: 'null' }, 403, 'bad_origin'],
  ['a foreign Host [R-BAD-HOST]', '{}', { host: 'evil.example' }, 403, 'bad_host'],
])('%s', async (_, body, headers, status, reason) => {
  const answer = await post(body, headers);
  expect(answer.status).toBe(status);
  expect(answer.headers['x-request-id']).toBeDefined();
  if (reason) expect(answer.json.error.data.reason).toBe(reason);
});

test.each([
  [
    'of two requests',
    '[{"jsonrpc":"2.0","id":1,"method":"tools/list"},{"jsonrpc":"2.0","id":2,"method":"tools/list"}]',
  ],
  ['that is empty', '[]'],
])('[R-BAD-BATCH] a batch %s is refused', async (_, body) => {
  const answer = await post(body);
  expect(answer.status).toBe(400);
  expect(answer.json.error).toBeDefined();
});

test('[R-BAD-SIZE] a body over the limit gets 413, with and without Content-Length', async () => {
  const big = Buffer.alloc(LIMIT + 1, 0x20);
  const declared = await post(big).catch((error: NodeJS.ErrnoException) => error);
  expect(declared).toMatchObject({
    status: 413,
    json: { error: { data: { reason: 'body_too_large', hop: 'oauth-proxy' } } },
  });
  const chunked = await sendChunked(big);
  expect(chunked).toBe(413);
});

test('the largest upload that is allowed passes every hop, and is what the site serves', async () => {
  const head = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptV', 'base64');
  const picture = Buffer.concat([head, Buffer.alloc(10 * 1024 * 1024 - head.length, 1)]);
  const upload = { name: 'large.png', content_type: 'image/png', data: picture.toString('base64') };
  const answer = await callTool(mcp, token, 'upload_asset', upload);
  expect(answer.json.result.structuredContent).toMatchObject({ written: true, live: true });
  const served = await fetch(new URL('/large.png', stack.addresses.siteUrl));
  expect(Buffer.from(await served.arrayBuffer()).equals(picture)).toBe(true);
});

async function sendChunked(body: Buffer): Promise<number> {
  const answer = await fetch(mcp, {
    method: 'POST',
    headers: mcpHeaders(token),
    body: new Blob([new Uint8Array(body)]).stream(),
    duplex: 'half',
  } as RequestInit);
  await answer.text();
  return answer.status;
}

test('GET, DELETE and other methods are answered as the revisions ask', async () => {
  for (const method of ['GET', 'DELETE', 'PUT']) {
    const answer = await send(mcp, { method, headers: mcpHeaders(token) });
    expect({ method, status: answer.status }).toEqual({ method, status: 405 });
    expect(answer.headers.allow).toContain('POST');
  }
});

test('[R-BAD-TOOL] an unknown tool', async () => {
  expectToolRefusal(await callTool(mcp, token, 'rm_rf', {}), /rm_rf/);
  const modern = await modernRpc(mcp, token, 'tools/call', { name: 'rm_rf', arguments: {} });
  expect(modern.json.error ?? modern.json.result.isError).toBeTruthy();
});

test.each([
  ['a route of another type', { route: 5 }],
  ['no route', { route: undefined }],
  ['an empty title', { route: 'posts/x', title: '' }],
  ['a title of 501 characters', { route: 'posts/x', title: 'x'.repeat(501) }],
  ['a route of 501 characters', { route: 'x'.repeat(501) }],
  ['content over 512 KiB', { route: 'posts/x', content: 'x'.repeat(512 * 1024 + 1) }],
  ['a language that is none', { route: 'posts/x', lang: '../' }],
  ['51 tags', { route: 'posts/x', tags: Array.from({ length: 51 }, (_, index) => `t${index}`) }],
  ['tags of another type', { route: 'posts/x', tags: 'one' }],
])('[R-BAD-ARGS] %s', async (_, args) => {
  expectToolRefusal(await create(args));
});

test('[R-BAD-EXTRA] an argument that the tool does not know', async () => {
  expectToolRefusal(await create({ route: 'posts/extra', overwrite: true }), /overwrite/);
  expect(await siteStatus('/en/posts/extra/')).toBe(404);
});

test.each([
  '../outside',
  'posts/../../outside',
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
])('[R-BAD-ROUTE] the route %j', async (route) => {
  expectToolRefusal(await create({ route }));
  expectToolRefusal(await callTool(mcp, token, 'get_page', { route, lang: 'en' }));
  expectToolRefusal(await callTool(mcp, token, 'delete_page', { route, lang: 'en' }));
});

test('[R-BAD-SYMLINK] a symlink that leads out of the site is not followed', async () => {
  const outside = path.join(stack.layout.root, 'outside');
  await mkdir(path.join(outside, 'page'), { recursive: true });
  await writeFile(path.join(outside, 'page/index.en.md'), '---\ntitle: Outside\n---\noutside words\n');
  await symlink(outside, path.join(stack.state.site, 'content/leak'));

  const read = await callTool(mcp, token, 'get_page', { route: 'leak/page', lang: 'en' });
  expectToolRefusal(read);
  expect(read.text).not.toContain('outside words');
  expectToolRefusal(await create({ route: 'leak/new' }));
  expectToolRefusal(await callTool(mcp, token, 'update_page', { route: 'leak/page', lang: 'en', content: 'changed' }));
  expectToolRefusal(await callTool(mcp, token, 'delete_page', { route: 'leak/page', lang: 'en' }));
  expect(await readFile(path.join(outside, 'page/index.en.md'), 'utf8')).toContain('outside words');
});

test.each([
  ['a line break', 'One\nTwo'],
  ['NUL', 'One\0Two'],
  ['an escape sequence', 'One\u001b[31mTwo'],
  ['a bidi override', 'One\u202eTwo'],
  ['a bidi isolate', 'One\u2066Two'],
  ['Unicode tag characters', 'One\u{e0041}\u{e0042}Two'],
])('[R-BAD-TITLE] a title with %s', async (_, title) => {
  expectToolRefusal(await create({ route: 'posts/title', title }), /title/);
  expect(await siteStatus('/en/posts/title/')).toBe(404);
});

test('[R-BAD-HUGO] a page that Hugo cannot build is taken back, and the answer says why', async () => {
  const route = 'posts/broken';
  const before = await (await fetch(stack.addresses.siteUrl)).text();
  const answer = await create({ route, content: 'See {{< no-such-shortcode >}} here.\n' });
  expectToolRefusal(answer, /no-such-shortcode/);
  expect(await siteStatus(`/en/${route}/`)).toBe(404);
  expect(await (await fetch(stack.addresses.siteUrl)).text()).toBe(before);
  expectToolRefusal(await callTool(mcp, token, 'get_page', { route, lang: 'en' }));

  const live = await create({ route, content: 'Whole again.\n' });
  expect(live.json.result.isError ?? false).toBe(false);
  const update = await callTool(mcp, token, 'update_page', {
    route,
    lang: 'en',
    content: 'Unclosed {{< highlight go >}}\n',
  });
  expectToolRefusal(update, /highlight|unclosed|shortcode/i);
  expect(await (await fetch(new URL(`/en/${route}/`, stack.addresses.siteUrl))).text()).toContain('Whole again.');
});

test('[R-BAD-NOHUGO] without Hugo a write is refused with a clear answer and changes nothing', async () => {
  await writeFile(hugoBin, '#!/bin/sh\nexec hugo "$@"\n', { mode: 0o755 });
  await stack.service('hugo-mcp-server').stop();
  await stack.restart('hugo-mcp-server', { HUGO_BIN: hugoBin });
  await writeFile(hugoBin, '#!/no/such/interpreter\n');
  const answer = await create({ route: 'posts/no-hugo' });
  expectToolRefusal(answer, /hugo/i);
  expect(await siteStatus('/en/posts/no-hugo/')).toBe(404);
  expect(await siteStatus('/')).toBe(200);

  await writeFile(hugoBin, '#!/bin/sh\nexec hugo "$@"\n');
  const again = await create({ route: 'posts/no-hugo' });
  expect(again.json.result.isError ?? false).toBe(false);
  expect(await siteStatus('/en/posts/no-hugo/')).toBe(200);
});

test('[R-BAD-ARGS] nothing of all this has made a secret show up, or broken an audit chain', async () => {
  await rpc(mcp, token, 'tools/list');
  await expectNoSecrets(stack, [token]);
  await expectWholeChains(stack);
});

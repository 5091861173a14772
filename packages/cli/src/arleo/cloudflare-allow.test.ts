import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { KNOWN_RANGES } from '../address-ranges/known-ranges.ts';
import { formatRanges } from '../address-ranges/stored-ranges.ts';
import { runArleo } from './run.ts';

const ZONE = '023e105f4ecef8ad9ca31a8372d0c353';
const RULESET = '2f2feab2026849078ba485f918791bdc';
const TOKEN = 'Sn3lZJTBX6kkg7OdcBUAxOO963GEIyGQqnFTOFYY';
const PHASE = 'http_request_firewall_custom';

type Rule = Record<string, unknown> & { id: string; ref?: string };

/** Cloudflare's API as it is on the wire, for one zone. */
let server: Server;
let rules: Rule[] | undefined;
let bots: { status: number; fight_mode?: boolean; [more: string]: unknown };
let asked: string[];
let mayWrite: boolean;

const success = (result: unknown) => ({ status: 200, body: { result, success: true, errors: [], messages: [] } });
const refusal = (status: number, code: number, message: string) => ({
  status,
  body: { result: null, success: false, errors: [{ code, message }], messages: null },
});

let serial = 0;
const stored = (rule: Record<string, unknown>): Rule => {
  serial += 1;
  const id = serial.toString(16).padStart(32, '0');
  const { position: _where, ...rest } = rule;
  return { ref: id, ...rest, id, version: '1', last_updated: '2026-11-21T12:00:00Z' };
};
const ruleset = () => ({
  id: RULESET,
  name: 'default',
  description: '',
  kind: 'zone',
  version: '3',
  phase: PHASE,
  last_updated: '2026-11-21T12:00:00Z',
  ...(rules?.length ? { rules } : {}),
});
function place(rule: Rule, { position }: { position?: { index: number } }): void {
  rules = (rules ?? []).filter(({ id }) => id !== rule.id);
  rules.splice(position ? position.index - 1 : rules.length, 0, rule);
}

function answer(method: string, url: string, body: never): { status: number; body: unknown } {
  const at = `/client/v4/zones/${ZONE}`;
  if (!url.startsWith(`${at}/`)) return refusal(404, 7003, 'Could not route to the path');
  const where = `${method} ${url.slice(at.length)}`;
  if (method !== 'GET' && !mayWrite) return refusal(403, 10000, 'Authentication error');
  if (where === `GET /rulesets/phases/${PHASE}/entrypoint`) {
    return rules ? success(ruleset()) : refusal(404, 10003, `could not find entrypoint ruleset in the ${PHASE} phase`);
  }
  if (where === 'POST /rulesets') {
    expect(body).toMatchObject({ kind: 'zone', phase: PHASE, name: expect.any(String) });
    rules = (body as { rules: object[] }).rules.map((rule) => stored({ ...rule }));
    return success(ruleset());
  }
  if (where === `POST /rulesets/${RULESET}/rules`) {
    place(stored(body), body);
    return success(ruleset());
  }
  const [, id] = new RegExp(`^PATCH /rulesets/${RULESET}/rules/([0-9a-f]{32})$`).exec(where) ?? [];
  const present = rules?.find((rule) => rule.id === id);
  if (present) {
    place({ ...stored(body), id: present.id }, body);
    return success(ruleset());
  }
  const { status, ...settings } = bots;
  if (where === 'GET /bot_management')
    return status === 200 ? success(settings) : refusal(status, 10000, 'Authentication error');
  if (where === 'PUT /bot_management') {
    Object.assign(bots, body);
    return success(body);
  }
  return refusal(404, 7003, 'Could not route to the path');
}

let folder: string;
let tokenFile: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'arleo-cloudflare-'));
  tokenFile = path.join(folder, 'token');
  await writeFile(tokenFile, `${TOKEN}\n`, { mode: 0o600 });
  [rules, bots, asked, mayWrite] = [undefined, { status: 200, fight_mode: false, enable_js: true }, [], true];
  server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (part) => {
      text += part;
    });
    request.on('end', () => {
      asked.push(`${request.method} ${request.url?.replace(/^.*zones\/[0-9a-f]+/, '')}`);
      const known = request.headers.authorization === `Bearer ${TOKEN}`;
      const said = known
        ? answer(request.method ?? '', request.url ?? '', (text === '' ? undefined : JSON.parse(text)) as never)
        : refusal(400, 6003, 'Invalid request headers');
      response.writeHead(said.status, { 'content-type': 'application/json' }).end(JSON.stringify(said.body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true, force: true });
});

const run = (...more: string[]) =>
  runArleo(
    [
      'cloudflare',
      'allow',
      '--host',
      'mcp.example.org',
      '--zone',
      ZONE,
      '--token-file',
      tokenFile,
      '--etc',
      folder,
      ...more,
    ],
    { CLOUDFLARE_API_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/client/v4` },
  );
const refs = () => rules?.map(({ ref }) => ref);
const writes = () => asked.filter((one) => !one.startsWith('GET '));
const own = (description: string) =>
  stored({
    action: 'managed_challenge',
    expression: '(not cf.client.bot)',
    description,
    enabled: true,
    ref: description,
  });

test('a zone without custom rules gets exactly these two, and none twice', async () => {
  const { exitCode, stdout } = await run();
  expect(exitCode).toBe(0);
  expect(rules).toMatchObject([
    {
      ref: 'arleo_claude',
      description: 'Arleo: Claude calls the MCP endpoint and its OAuth endpoints',
      expression:
        '(http.host eq "mcp.example.org" and http.request.uri.path in {"/mcp" "/mcp/" "/register" "/token" "/revoke" "/jwks"' +
        ' "/.well-known/oauth-protected-resource" "/.well-known/oauth-protected-resource/mcp" "/.well-known/oauth-authorization-server"' +
        ' "/.well-known/oauth-authorization-server/mcp" "/.well-known/openid-configuration" "/.well-known/openid-configuration/mcp"' +
        ' "/mcp/.well-known/openid-configuration"} and ip.src in {160.79.104.0/21})',
      action: 'skip',
      action_parameters: {
        ruleset: 'current',
        phases: ['http_ratelimit', 'http_request_sbfm', 'http_request_firewall_managed'],
        products: ['bic', 'rateLimit', 'securityLevel', 'uaBlock', 'waf'],
      },
      enabled: true,
      logging: { enabled: true },
    },
    {
      ref: 'arleo_github',
      expression: `(http.host eq "mcp.example.org" and http.request.method eq "POST" and http.request.uri.path eq "/webhook/github" and ip.src in {${KNOWN_RANGES['github.hooks'].join(' ')}})`,
      action: 'skip',
    },
  ]);
  expect(stdout).toContain('Arleo: GitHub delivers webhooks: created\n');
  expect(stdout).toContain('Bot Fight Mode is off.\n');
  asked.length = 0;
  expect((await run()).stdout).toContain('Arleo: GitHub delivers webhooks: is as it should be\n');
  expect(writes()).toEqual([]);
});

test('--dry-run shows the rules and changes nothing', async () => {
  bots.fight_mode = true;
  const { stdout } = await run('--dry-run', '--bot-fight-mode-off');
  expect(stdout).toContain('would be: create\n  if    (http.host eq "mcp.example.org" and ');
  expect(stdout).toContain('Bot Fight Mode would be turned off.\n');
  expect({ writes: writes(), rules, bots }).toEqual({
    writes: [],
    rules: undefined,
    bots: { status: 200, fight_mode: true, enable_js: true },
  });
});

test("the owner's own rules stay as they are, behind", async () => {
  rules = [own('mine 1'), own('mine 2')];
  const before = structuredClone(rules);
  await run();
  expect(refs()).toEqual(['arleo_claude', 'arleo_github', 'mine 1', 'mine 2']);
  expect(rules.slice(2)).toEqual(before);
});

test('an empty ruleset is used as it is', async () => {
  rules = [];
  await run();
  expect(refs()).toEqual(['arleo_claude', 'arleo_github']);
  expect(writes()).toEqual([`POST /rulesets/${RULESET}/rules`, `POST /rulesets/${RULESET}/rules`]);
});

test('what was changed or moved by hand is put right, and nothing else is written', async () => {
  await run();
  rules = [own('mine'), ...(rules ?? [])];
  const second = rules[2] as Rule;
  second.enabled = false;
  asked.length = 0;
  const { stdout } = await run();
  expect(stdout).toContain('endpoints: moved\n');
  expect(stdout).toContain('webhooks: changed\n');
  expect(refs()).toEqual(['arleo_claude', 'arleo_github', 'mine']);
  expect(rules?.[1]?.enabled).toBe(true);
  expect(writes().every((one) => one.startsWith('PATCH '))).toBe(true);
  asked.length = 0;
  await run();
  expect(writes()).toEqual([]);
});

test('the lists of this host count', async () => {
  await run();
  await mkdir(path.join(folder, 'arleo'));
  const newer = { ...KNOWN_RANGES, anthropic: ['160.79.104.0/22'] };
  await writeFile(path.join(folder, 'arleo/address-ranges.json'), formatRanges(newer));
  asked.length = 0;
  expect(JSON.parse((await run('--json')).stdout).rules.map(({ state }: { state: string }) => state)).toEqual([
    'changed',
    'same',
  ]);
  expect(rules?.[0]?.expression).toContain('ip.src in {160.79.104.0/22}');
  expect(writes()).toHaveLength(1);
});

test('Bot Fight Mode, which no rule can leave out, is told loudly, and turned off when that is asked for', async () => {
  bots.fight_mode = true;
  const told = await run();
  expect(told).toMatchObject({ exitCode: 1, stdout: expect.stringContaining('Bot Fight Mode is ON') });
  expect(refs()).toHaveLength(2);
  expect(bots.fight_mode).toBe(true);
  expect(await run('--bot-fight-mode-off')).toMatchObject({ exitCode: 0 });
  expect(bots).toEqual({ status: 200, fight_mode: false, enable_js: true });
  asked.length = 0;
  await run('--bot-fight-mode-off');
  expect(writes()).toEqual([]);
  bots = { status: 403 };
  expect(await run()).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('could not be read') });
});

test('a refusal is told in the words of Cloudflare, without the token', async () => {
  mayWrite = false;
  const told = await run('--json');
  expect(told).toMatchObject({ exitCode: 1, stdout: '' });
  expect(JSON.parse(told.stderr).error).toMatchObject({
    code: 'cloudflare_refused',
    message: 'Cloudflare did not create the custom rules: 10000 Authentication error.',
    hint: expect.stringContaining('Zone WAF'),
  });
  await writeFile(tokenFile, 'x'.repeat(40));
  const other = await run();
  expect(other.stderr).toContain('6003 Invalid request headers');
  expect(other.stderr + told.stderr).not.toContain(TOKEN);
  expect(other.stderr).not.toContain('xxxx');
});

test('no answer is told', async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  const closed = server.address() as AddressInfo | null;
  expect(closed).toBeNull();
  const told = await runArleo(
    ['cloudflare', 'allow', '--host', 'a.example', '--zone', ZONE, '--token-file', tokenFile, '--json'],
    {
      CLOUDFLARE_API_URL: 'http://127.0.0.1:1',
    },
  );
  expect(told.stderr).toContain('"code":"cloudflare_unreachable"');
});

test.each([
  ['a host that is none', ['--host', 'mcp.example.org" or true']],
  ['a zone that is none', ['--zone', '../accounts']],
  ['no token file', ['--token-file', '']],
])('refuses %s', async (_what, args) => {
  expect(await run(...args)).toMatchObject({ exitCode: 2 });
  expect(asked).toEqual([]);
});

test('refuses a token that others can read, and what is none', async () => {
  await chmod(tokenFile, 0o640);
  expect((await run()).stderr).toContain('can be read by others');
  await chmod(tokenFile, 0o600);
  await writeFile(tokenFile, 'two words are no token');
  expect((await run()).stderr).toContain('holds no API token');
  expect(asked).toEqual([]);
});

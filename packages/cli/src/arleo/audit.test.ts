import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { AuditInput } from '@arleo/core/audit/event';
import type { Hop } from '@arleo/core/errors';
import { type AuditLog, openAuditLog } from '@arleo/runtime/logging/audit-log';
import { AUDIT_LOGS } from '../audit/logs.ts';
import { runArleo } from './run.ts';

let folder: string;
let files: Record<Hop, string>;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'arleo-cli-audit-'));
  const at = (name: string) => path.join(folder, `${name}.audit.jsonl`);
  files = {
    'oauth-proxy': at('oauth-proxy'),
    'hugo-mcp-proxy': at('hugo-mcp-proxy'),
    'hugo-mcp-server': at('hugo-mcp-server'),
  };
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const log = { debug() {}, info() {}, warn() {}, error() {} };
const open = (hop: Hop, bytes = 1_000_000) =>
  openAuditLog({ file: files[hop], hop, log, rotation: { bytes, files: 100 } });
async function write(hop: Hop, ...events: AuditInput[]): Promise<void> {
  const audit = await open(hop);
  for (const event of events) audit.record(event);
  await audit.close();
}

const run = (...args: string[]) =>
  runArleo(['audit', ...args, ...Object.values(files).map((file) => `--file=${file}`)], {});
const only = (hop: Hop, ...args: string[]) => runArleo(['audit', ...args, '--file', files[hop]], {});

const call: AuditInput = {
  event_type: 'call.forwarded',
  result: 'success',
  actor: { sub: 'owner', client_id: 'claude' },
  request_id: 'r1',
  client_ip: '192.0.2.1',
  duration_ms: 12,
};
const tool: AuditInput = { ...call, event_type: 'tool.create_page', resource: 'posts/a (en)' };

/** One request that failed before, one through all hops, its log written inside out as it really is. */
async function writeAll(): Promise<void> {
  await write('hugo-mcp-server', { ...tool, result: 'failure', reason: 'route_invalid', request_id: 'r0' }, tool);
  await write('hugo-mcp-proxy', call);
  await write('oauth-proxy', call, { event_type: 'login.failed', result: 'denied', reason: 'wrong_passphrase' });
}

const events = ({ stdout }: { stdout: string }) =>
  JSON.parse(stdout).events.map(({ hop, event_type }: { hop: string; event_type: string }) => `${hop} ${event_type}`);

test('the end of a log with more lines than a call may have arguments', async () => {
  await writeFile(files['oauth-proxy'], Array.from({ length: 300_000 }, (_, index) => `${index}\n`).join(''));
  const { exitCode, stdout } = await only('oauth-proxy', 'tail', '--lines', '2');
  expect([exitCode, stdout]).toEqual([0, '(no audit event) 299998\n(no audit event) 299999\n']);
});

describe('audit search', () => {
  test('[R-AUDIT-REQUEST] shows the way of one request through the hops, in their order', async () => {
    await writeAll();
    expect(events(await run('search', '--request=r1', '--json'))).toEqual([
      'oauth-proxy call.forwarded',
      'hugo-mcp-proxy call.forwarded',
      'hugo-mcp-server tool.create_page',
    ]);
    const { stdout } = await run('search', '--request=r1');
    expect(stdout.split('\n').at(-2)).toMatch(
      /^\d{4}-\d\d-\d\d [\d:.]+Z {2}hugo-mcp-server {2}success {2}tool\.create_page {2}"posts\/a \(en\)" {2}actor=owner {2}client=claude {2}from=192\.0\.2\.1 {2}ms=12 {2}request=r1$/,
    );
  });

  test.each([
    [['--event=login.'], ['oauth-proxy login.failed']],
    [['--event=login'], []],
    [['--event=tool.create_page', '--result=failure'], ['hugo-mcp-server tool.create_page']],
    [['--page=/posts/a/', '--result=success'], ['hugo-mcp-server tool.create_page']],
    [['--page=posts'], []],
    [
      ['--client=claude', '--event=call.forwarded'],
      ['hugo-mcp-proxy call.forwarded', 'oauth-proxy call.forwarded'],
    ],
    [['--actor=owner', '--from=192.0.2.1', '--request=r0'], ['hugo-mcp-server tool.create_page']],
    [['--since=1h', '--result=denied'], ['oauth-proxy login.failed']],
    [['--until=1h'], []],
    [['--until=2000-01-01T10:00+02:00'], []],
  ])('by %j', async (args, found) => {
    await writeAll();
    expect(events(await run('search', ...args, '--json')).sort()).toEqual(found);
  });

  test('shows the last ones and tells how many there are, and of lines that are none', async () => {
    await writeAll();
    await writeFile(files['oauth-proxy'], 'broken\n', { flag: 'a' });
    const { stdout, stderr } = await run('search', '--limit=1', '--event=call.forwarded');
    expect(stdout.trim().split('\n')).toHaveLength(1);
    expect(stderr).toBe(
      'The last 1 of 2 events; more with --limit.\nLines that are no audit events: 1. See: arleo audit verify\n',
    );
  });

  test.each([['--since=yesterday'], ['--until=2026-13-01'], ['--result=ok'], ['--limit=0'], ['--page=']])(
    'refuses %s',
    async (arg) => {
      expect(await run('search', arg)).toMatchObject({ exitCode: 2, stdout: '' });
    },
  );
});

describe('what callers wrote', () => {
  const hostile = '\u001b]0;owned\u0007\u001b[2Jx\u202Ey\u0085\u2028z"=\u{e0041}\r\nforged line';

  test.each([['search'], ['tail'], ['tail', '--json'], ['search', '--json']])(
    'does nothing to a terminal: %s %s',
    async (...args) => {
      const event: AuditInput = {
        event_type: 'caller.refused',
        result: 'denied',
        reason: hostile,
        resource: hostile,
        user_agent: hostile,
        client_ip: hostile,
        request_id: hostile,
        actor: { sub: hostile, client_id: hostile },
        details: { [hostile]: hostile },
      };
      await write('oauth-proxy', event);
      const { stdout } = await only('oauth-proxy', ...args);
      expect(stdout.replaceAll('\n', '')).not.toMatch(/[\p{C}\u2028\u2029]/u);
      expect(stdout.trim().split('\n')).toHaveLength(1);
      if (!args.includes('--json')) return;
      const value = JSON.parse(stdout);
      expect((value.events ?? [value])[0].reason).toBe(hostile);
    },
  );

  test('nor does a line that is no event', async () => {
    await writeFile(files['oauth-proxy'], `${hostile.replaceAll('\n', '')}\n`);
    for (const args of [['tail'], ['tail', '--json'], ['verify'], ['verify', '--json']]) {
      const { stdout, stderr } = await only('oauth-proxy', ...args);
      expect((stdout + stderr).replaceAll('\n', '')).not.toMatch(/[\p{C}\u2028\u2029]/u);
    }
  });
});

describe('audit verify', () => {
  test('tells of whole logs, and gives hashes that it finds again', async () => {
    await writeAll();
    const first = await run('verify', '--json');
    const { ok, logs } = JSON.parse(first.stdout);
    expect({ ok, exitCode: first.exitCode, logs: logs.length }).toEqual({ ok: true, exitCode: 0, logs: 3 });
    expect(await run('verify', `--expect=${logs[1].last}`)).toMatchObject({ exitCode: 0 });
    const lost = await run('verify', `--expect=${'0'.repeat(64)}`);
    expect(lost).toMatchObject({
      exitCode: 1,
      stdout: expect.stringContaining('The expected hash is in none of them'),
    });
    expect(await run('verify', '--expect=x')).toMatchObject({ exitCode: 2 });
  });

  test('names the file, the line and what happened to it, and ends with 1', async () => {
    await writeAll();
    const text = await readFile(files['hugo-mcp-server'], 'utf8');
    await writeFile(files['hugo-mcp-server'], text.replace('posts/a', 'posts/b'));
    const { stdout, exitCode } = await run('verify');
    expect(exitCode).toBe(1);
    expect(stdout).toContain(`${files['oauth-proxy']}: whole, 2 lines in 1 file, from `);
    expect(stdout).toContain(`${files['hugo-mcp-server']}: 1 fault, 2 lines in 1 file`);
    expect(stdout).toContain(`${files['hugo-mcp-server']}, line 2: it does not continue the line before`);
  });

  test('says how to be allowed to read', async () => {
    await writeAll();
    await chmod(files['oauth-proxy'], 0o000);
    const root = process.getuid?.() === 0;
    if (root) process.seteuid?.(65_534);
    const told = await run('verify').finally(() => root && process.seteuid?.(0));
    expect(told).toMatchObject({ exitCode: 1, stderr: expect.stringMatching(/You may not read .*sudo/) });
  });

  test('without --file it looks where the units write', async () => {
    expect(AUDIT_LOGS[2]).toBe('/var/log/hugo-mcp/audit.jsonl');
    const told = await runArleo(['audit', 'verify', '--json', '--file', path.join(folder, 'absent')], {});
    expect(told).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('"code":"audit_missing"') });
  });
});

describe('audit tail', () => {
  test('shows the last events of all logs in the order of time', async () => {
    await writeAll();
    const { stdout } = await run('tail', '-n', '2');
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => line.split(/ {2,}/)[3]),
    ).toEqual(['call.forwarded', 'login.failed']);
    expect((await run('tail', '-n0')).stdout).toBe('');
    expect(await run('tail', '-n', 'x')).toMatchObject({ exitCode: 2 });
  });

  test('[R-AUDIT-FOLLOW] -f shows every event once, through rotations and a restart', async () => {
    let audit: AuditLog = await open('oauth-proxy', 3000);
    const record = async (from: number, to: number) => {
      for (let id = from; id < to; id += 1) {
        audit.record({ ...call, request_id: `q${id}` });
        await audit.flush();
      }
    };
    await record(0, 15);
    const { stdout, more } = await only('oauth-proxy', 'tail', '-f', '-n', '12', '--json');
    const seen = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).request_id);
    const writing = record(15, 60)
      .then(() => audit.close())
      .then(async () => {
        audit = await open('oauth-proxy', 3000);
        await record(60, 90);
        await audit.close();
      });
    for await (const line of more ?? []) {
      const id = JSON.parse(line).request_id;
      if (id !== null) seen.push(id);
      if (id === 'q89') break;
    }
    await writing;
    expect(seen).toEqual(Array.from({ length: 87 }, (_, index) => `q${index + 3}`));
  });
});

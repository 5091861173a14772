import { X509Certificate } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { certificateSha256 } from '@arleo/core/certificates/certificate';
import { makeIdentity } from '@arleo/core/certificates/make-identity';
import { writePins } from '@arleo/core/certificates/pin-state';
import { writeRenewalState } from '@arleo/core/certificates/renewal-state';
import { runArleo } from './run.ts';

const DAY_MS = 24 * 3600 * 1000;

let folder: string;
let env: Record<string, string>;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'arleo-cli-cert-'));
  for (const name of ['etc', 'state', 'proxy']) await mkdir(path.join(folder, name));
  env = {
    TLS_KEY_FILE: at('etc/server.key'),
    TLS_CERT_FILE: at('etc/server.crt'),
    STATE_DIR: at('state'),
    UPSTREAM_CERT_FILE: at('proxy/server.crt'),
    PROXY_STATE_DIR: at('proxy'),
  };
});
afterEach(() => rm(folder, { recursive: true }));

const at = (name: string) => path.join(folder, name);
const run = (...args: string[]) => runArleo(['cert', ...args], env);
const json = async (...args: string[]) => {
  const { stdout, stderr } = await run(...args, '--json');
  return JSON.parse(stdout || stderr);
};
const pair = async () => (await readdir(at('etc'))).sort();
/** As the running service does when every caller uses the next certificate. */
const nextIsInUse = async () => {
  const [present = '', next = ''] = await Promise.all(
    ['server.crt', 'next.crt'].map(async (name) => certificateSha256(await readFile(at(`etc/${name}`), 'utf8'))),
  );
  const now = new Date().toISOString();
  const clients = [{ address: '192.168.122.1', by: next, pins: [present, next], since: now }];
  await writeRenewalState(env.STATE_DIR ?? '', { present, next, next_in_use_since: now, clients });
};
/** A pair that ends in so many days. */
const endingIn = async (days: number) => {
  const made = await makeIdentity({
    names: ['IP:127.0.0.1'],
    from: Date.now() - 400 * DAY_MS,
    to: Date.now() + days * DAY_MS,
  });
  await writeFile(at('etc/server.key'), made.key);
  await writeFile(at('etc/server.crt'), made.certificate);
};

test('create makes the pair once', async () => {
  const made = await json('create', '--names', '192.168.122.69,site.example.org');
  expect(made).toMatchObject({ state: 'created', file: at('etc/server.crt') });
  expect(made.names).toEqual(expect.arrayContaining(['IP:192.168.122.69', 'DNS:site.example.org']));
  expect(await json('create')).toEqual({ ...made, state: 'kept' });
  expect((await run('create')).stdout).toMatch(/^Kept .*server\.crt, valid until \S+Z\nSHA-256 [0-9a-f]{64}\n$/);
  expect(await pair()).toEqual(['server.crt', 'server.key']);
});

test('renew puts the next pair in its place when the service says that it is in use, and not before', async () => {
  const first = await json('create');
  expect(await json('renew', '--wait', '0')).toMatchObject({
    error: { code: 'certificate_not_in_use', hint: expect.stringContaining('arleo cert renew') },
  });
  expect(await pair()).toEqual(['next.crt', 'next.key', 'server.crt', 'server.key']);
  expect(certificateSha256(await readFile(at('etc/server.crt'), 'utf8'))).toBe(first.sha256);

  const waiting = json('renew', '--if-due');
  await nextIsInUse();
  const renewed = await waiting;
  expect(renewed).toMatchObject({ state: 'renewed' });
  expect(renewed.sha256).not.toBe(first.sha256);
  expect(await pair()).toEqual(['server.crt', 'server.key']);
  expect(certificateSha256(await readFile(at('etc/server.crt'), 'utf8'))).toBe(renewed.sha256);
});

test('renew does not believe what was said of another certificate', async () => {
  await json('create');
  await run('renew', '--wait', '0');
  await nextIsInUse();
  await rm(at('etc/next.crt'));
  expect((await run('renew', '--wait', '0')).exitCode).toBe(1);
});

test.each([
  [31, 'not_due'],
  [29, undefined],
])('renew --if-due, %i days before the end: %s', async (days, state) => {
  await endingIn(days);
  expect((await json('renew', '--if-due', '--wait', '0')).state).toBe(state);
  expect(await pair()).toHaveLength(state === 'not_due' ? 2 : 4);
});

test('the timer does not drop one that has ended by a clock that may be wrong', async () => {
  await endingIn(-1);
  const before = await readFile(at('etc/server.crt'), 'utf8');
  expect(await json('renew', '--if-due')).toMatchObject({
    error: { code: 'certificate_not_in_use', hint: expect.stringMatching(/clock.*arleo cert renew.*copy/) },
  });
  expect(await readFile(at('etc/server.crt'), 'utf8')).toBe(before);
  expect(await pair()).toHaveLength(4);
});

test('renew by hand waits for nobody where the old one has ended', async () => {
  await endingIn(-1);
  expect((await json('renew')).state).toBe('renewed');
  const now = new X509Certificate(await readFile(at('etc/server.crt')));
  expect([Date.parse(now.validTo) > Date.now(), await pair()]).toEqual([true, ['server.crt', 'server.key']]);
});

test('show tells both sides, and no key', async () => {
  const first = await json('create');
  await copyFile(at('etc/server.crt'), at('proxy/server.crt'));
  await run('renew', '--wait', '0');
  await nextIsInUse();
  const [present, next] = await Promise.all(
    ['server.crt', 'next.crt'].map((name) => readFile(at(`etc/${name}`), 'utf8')),
  );
  await writePins(at('proxy'), present ?? '', { present: present ?? '', next: next ?? '' });
  const { server, proxy } = await json('show');
  expect(server).toMatchObject({
    in_force: { sha256: first.sha256, not_after: first.not_after },
    due: false,
    next: { sha256: certificateSha256(next ?? '') },
    next_in_use_since: expect.stringMatching(/Z$/),
    clients: [{ address: '192.168.122.1' }],
  });
  expect(proxy).toMatchObject({
    configured: { sha256: first.sha256 },
    present: { sha256: first.sha256 },
    next: server.next,
  });
  const { stdout } = await run('show');
  expect(stdout).toMatch(/^hugo-mcp-server\n {2}in force {2}[0-9a-f]{64}\n {12}until \S+Z\n/);
  expect(stdout).toMatch(/caller +192\.168\.122\.1 by [0-9a-f]{16}, has pinned [0-9a-f]{16} and [0-9a-f]{16}/);
  expect(stdout).not.toContain('PRIVATE');

  await rm(at('etc'), { recursive: true });
  expect(await json('show')).toMatchObject({ server: null, proxy: { present: { sha256: first.sha256 } } });
});

test.each<[string, string[], RegExp, number]>([
  ['nothing anywhere', ['show'], /There is neither .*arleo cert create/, 1],
  ['nothing to renew', ['renew'], /certificate.*arleo cert create/, 1],
  ['a folder that is not there', ['create', '--key', '/none/server.key'], /Run as root/, 1],
  ['a name that is none', ['create', '--names', 'a_b'], /no host name or address/, 1],
  ['no name', ['create', '--names', ','], /--names is empty/, 2],
  ['an endless wait', ['renew', '--wait', 'long'], /--wait is not a number/, 2],
  ['no file', ['show', '--cert', ''], /--cert is empty/, 2],
])('%s: one line that says so', async (_, args, message, exitCode) => {
  const { stdout, stderr, exitCode: code } = await run(...args);
  expect({ stdout, code }).toEqual({ stdout: '', code: exitCode });
  expect(stderr).toMatch(message);
  expect(stderr).toMatch(/^arleo: [^\n]+\n$/);
});

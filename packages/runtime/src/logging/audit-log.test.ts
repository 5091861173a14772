import { mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { verifyChain } from '@arleo/core/audit/chain';
import { type AuditLog, openAuditLog } from './audit-log.ts';
import type { Log } from './log.ts';

let folder: string;
let file: string;
let logged: string[];
const opened: AuditLog[] = [];
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'arleo-audit-'));
  file = path.join(folder, 'log', 'audit.jsonl');
  logged = [];
});
afterEach(async () => {
  for (const audit of opened.splice(0)) await audit.close();
  await rm(folder, { recursive: true, force: true });
});

const log: Log = {
  debug: (message) => void logged.push(message),
  info: (message) => void logged.push(message),
  warn: (message) => void logged.push(message),
  error: (message) => void logged.push(message),
};

async function open(at = file): Promise<AuditLog> {
  const audit = await openAuditLog({ file: at, hop: 'hugo-mcp-proxy', log });
  opened.push(audit);
  return audit;
}

async function lines(): Promise<string[]> {
  const text = await readFile(file, 'utf8');
  expect(text.endsWith('\n')).toBe(true);
  return text.slice(0, -1).split('\n');
}

const event = (request_id: string) => ({ event_type: 'caller.refused', result: 'denied' as const, request_id });

test('events are written in their order, as one whole chain', async () => {
  const audit = await open();
  const ids = Array.from({ length: 1000 }, (_, index) => `r${index}`);
  for (const id of ids) audit.record(event(id));
  await audit.flush();
  const written = await lines();
  expect(written.map((line) => JSON.parse(line).request_id)).toEqual(ids);
  expect(await verifyChain(written)).toMatchObject({ ok: true, count: 1000 });
});

test.each(['success', 'denied', 'failure'] as const)('a %s is written without being asked for', async (result) => {
  const audit = await open();
  for (let round = 1; round <= 3; round += 1) {
    audit.record({ ...event('r'), result });
    while ((await readFile(file, 'utf8')).split('\n').length !== round + 1) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
});

test('what is recorded right before closing is written', async () => {
  const audit = await open();
  audit.record(event('last'));
  await audit.close();
  expect(await lines()).toHaveLength(1);
});

test('the chain goes on after a restart', async () => {
  for (const id of ['a', 'b', 'c']) {
    const audit = await open();
    audit.record(event(id));
    await audit.close();
  }
  expect(await verifyChain(await lines())).toMatchObject({ ok: true, count: 3 });
});

test('the file is for its owner and group, whatever else the folder holds', async () => {
  await open();
  expect((await stat(file)).mode & 0o777).toBe(0o640);
  expect((await stat(path.dirname(file))).mode & 0o777).toBe(0o750);
});

test('a last line longer than a block is found whole', async () => {
  const details = Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`k${index}`, 'é'.repeat(1000)]));
  const first = await open();
  first.record(event('before'));
  first.record({ ...event('long'), details });
  await first.close();
  const second = await open();
  second.record(event('after'));
  await second.close();
  expect(await verifyChain(await lines())).toMatchObject({ ok: true, count: 3 });
});

describe('a last line that a crash tore', () => {
  async function torn(cut: (size: number, last: number) => number): Promise<void> {
    const audit = await open();
    audit.record(event('a'));
    audit.record(event('torn'));
    await audit.close();
    const [, last = ''] = await lines();
    const { size } = await stat(file);
    await truncate(file, cut(size, Buffer.byteLength(last)));
    const next = await open();
    next.record(event('b'));
    await next.close();
  }

  test('is what verify reports, and the events after it stand on lines of their own', async () => {
    await torn((size) => size - 20);
    const all = await lines();
    expect(all.map((line) => /"event_type":"([a-z_.]+)"/.exec(line)?.[1])).toEqual([
      'caller.refused',
      'caller.refused',
      'audit.torn_line',
      'caller.refused',
    ]);
    expect(await verifyChain(all)).toEqual({ ok: false, line: 2, problem: 'the line is not JSON' });
    // From the line after it on, everything is whole again.
    const { prev } = JSON.parse(all[2] ?? '');
    expect(await verifyChain(all.slice(2), prev)).toMatchObject({ ok: true, count: 2 });
    expect(logged).toContain('the last line of the audit log was torn by a crash');
  });

  test('in the middle of a character', async () => {
    const audit = await open();
    audit.record({ ...event('a'), user_agent: 'é' });
    await audit.close();
    const text = await readFile(file);
    await truncate(file, text.indexOf('é') + 1);
    const next = await open();
    next.record(event('b'));
    await next.close();
    const all = await lines();
    const { prev } = JSON.parse(all[1] ?? '');
    expect(await verifyChain(all.slice(1), prev)).toMatchObject({ ok: true, count: 2 });
  });

  test('is no fault when nothing but its line feed is missing', async () => {
    await torn((size) => size - 1);
    expect(await verifyChain(await lines())).toMatchObject({ ok: true, count: 3 });
    expect(logged).toEqual([]);
  });

  test('may be torn to nothing', async () => {
    await torn((size, last) => size - last - 1);
    expect(await verifyChain(await lines())).toMatchObject({ ok: true, count: 2 });
  });
});

test('a changed line stays reported after a restart', async () => {
  const audit = await open();
  for (const id of ['a', 'b', 'c']) audit.record(event(id));
  await audit.close();
  await writeFile(file, (await readFile(file, 'utf8')).replace('"request_id":"b"', '"request_id":"x"'));
  const next = await open();
  next.record(event('d'));
  await next.close();
  expect(await verifyChain(await lines())).toMatchObject({ ok: false, line: 3 });
});

test('a disk that takes nothing: nothing throws, what is too much is dropped, and closing ends', async () => {
  // Every write to it fails with ENOSPC.
  const audit = await openAuditLog({ file: '/dev/full', hop: 'oauth-proxy', log });
  for (let count = 0; count < 10_500; count += 1) audit.record(event('x'));
  await audit.close();
  expect(logged).toContain('the audit log cannot be written: its events wait');
  expect(logged).toContain('too many audit events wait for the disk: further ones are dropped');
});

test('a file that cannot be opened is an error of the start', async () => {
  await expect(open(folder)).rejects.toMatchObject({ code: 'EISDIR' });
});

test('an event recorded after closing is ignored', async () => {
  const audit = await open();
  audit.record(event('a'));
  await audit.close();
  audit.record(event('b'));
  await audit.flush();
  expect(await lines()).toHaveLength(1);
});

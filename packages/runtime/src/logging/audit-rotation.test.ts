import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { rotatedPath } from '@arleo/core/audit/log-files';
import { openTrail } from '@arleo/core/audit/open-trail';
import { trailLines } from '@arleo/core/audit/trail-lines';
import { verifyTrail } from '@arleo/core/audit/verify-trail';
import { type AuditLog, openAuditLog } from './audit-log.ts';
import type { Log } from './log.ts';

let folder: string;
let file: string;
let warned: string[];
const opened: AuditLog[] = [];
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'arleo-rotation-'));
  file = path.join(folder, 'audit.jsonl');
  warned = [];
});
afterEach(async () => {
  for (const audit of opened.splice(0)) await audit.close();
  await rm(folder, { recursive: true, force: true });
});

const tell = (message: string) => void warned.push(message);
const log: Log = { debug: tell, info: tell, warn: tell, error: tell };

async function open(files = 100, bytes = 4000): Promise<AuditLog> {
  const audit = await openAuditLog({ file, hop: 'oauth-proxy', log, rotation: { bytes, files } });
  opened.push(audit);
  return audit;
}

/** Events that are written one by one, so that a new file begins after each few of them. */
async function record(audit: AuditLog, count: number, from = 0): Promise<void> {
  for (let id = from; id < from + count; id += 1) {
    audit.record({ event_type: 'caller.refused', result: 'denied', request_id: `r${id}` });
    await audit.flush();
  }
}

/** The ids of all events, and what verify says. */
async function trail() {
  const opened = await openTrail(file);
  try {
    const ids: string[] = [];
    for await (const { text, ended } of trailLines(opened)) {
      if (!ended) continue;
      const { request_id } = JSON.parse(text);
      if (request_id !== null) ids.push(request_id);
    }
    return { ids, verdict: await verifyTrail(opened) };
  } finally {
    await opened.close();
  }
}

const ids = (count: number, from = 0) => Array.from({ length: count }, (_, index) => `r${from + index}`);
const names = async () => (await readdir(folder)).sort();

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
}

test('a full file is numbered and compressed, and the chain goes on in the next, for the group to read', async () => {
  const before = process.umask(0o077);
  try {
    await rotatesWell();
  } finally {
    process.umask(before);
  }
});

async function rotatesWell(): Promise<void> {
  const audit = await open();
  await record(audit, 60);
  await until(async () => (await names()).every((name) => name === 'audit.jsonl' || name.endsWith('.gz')));
  const { ids: found, verdict } = await trail();
  expect(found).toEqual(ids(60));
  expect(verdict).toMatchObject({ ok: true, removedThrough: null });
  expect(verdict.files).toBeGreaterThan(4);
  expect((await names()).slice(0, 2)).toEqual(['audit.000001.jsonl.gz', 'audit.000002.jsonl.gz']);
  for (const name of await names()) expect((await stat(path.join(folder, name))).mode & 0o777).toBe(0o640);
  expect(warned).toEqual([]);
}

test('[R-AUDIT-ROTATE] a reader sees every line once and a whole chain, whatever is rotated and compressed meanwhile', async () => {
  const audit = await open();
  let writing = true;
  const writer = record(audit, 300).finally(() => {
    writing = false;
  });
  let looks = 0;
  while (writing) {
    if (await stat(file).catch(() => undefined)) {
      const { ids: found, verdict } = await trail();
      // The line that is being written at this moment may be there in part.
      const faults = verdict.faults.filter(({ file: name, line }) => name !== file || line < verdict.lines);
      expect(faults.filter(({ problem }) => !/not JSON|line feed/.test(problem))).toEqual([]);
      expect(found).toEqual(ids(found.length));
      looks += 1;
    }
  }
  await writer;
  expect(looks).toBeGreaterThan(0);
  expect((await trail()).ids).toEqual(ids(300));
});

test('as many files are kept as are wanted, and the log says which went', async () => {
  const audit = await open(2);
  await record(audit, 100);
  await until(
    async () => (await names()).length === 3 && (await names()).every((name) => !/\d\.jsonl$|half/.test(name)),
  );
  const { ids: found, verdict } = await trail();
  expect(found).toEqual(ids(found.length, 100 - found.length));
  expect(verdict).toMatchObject({ ok: true, removedThrough: expect.any(Number) });
  await rm(path.join(folder, (await names())[0] ?? ''));
  expect((await trail()).verdict).toMatchObject({ ok: false });
});

test('the chain goes on over a restart, also right behind a rotation', async () => {
  const first = await open();
  await record(first, 5);
  await first.close();
  // Stopped between the two steps of a rotation, with a compression half done.
  await rename(file, rotatedPath(file, 1));
  await writeFile(`${file}.next`, 'left over');
  await writeFile(`${rotatedPath(file, 1)}.gz.half`, 'half');
  const second = await open();
  await record(second, 40, 5);
  await until(async () => !(await names()).some((name) => name.endsWith('.half') || /\d\.jsonl$/.test(name)));
  const { ids: found, verdict } = await trail();
  expect(found).toEqual(ids(45));
  expect(verdict).toMatchObject({ ok: true });
});

test('a log that was too large before it was rotated goes on in a new file at once', async () => {
  const before = await open(100, 1_000_000);
  await record(before, 30);
  await before.close();
  await record(await open(), 1, 30);
  expect((await trail()).verdict).toMatchObject({ ok: true, files: 2, lines: 31 });
});

test('where no new file can be begun, the old one goes on and nothing is lost', async () => {
  await mkdir(path.join(`${file}.next`, 'in the way'), { recursive: true });
  const audit = await open();
  await record(audit, 30);
  expect((await trail()).ids).toEqual(ids(30));
  expect(await names()).toEqual(['audit.jsonl', 'audit.jsonl.next']);
  expect(warned).toContain('the audit log stays in one file for now: a new one cannot be begun');
  await rm(`${file}.next`, { recursive: true });
  await record(audit, 30, 30);
  expect((await trail()).verdict).toMatchObject({ ok: true, lines: 60 });
  expect((await trail()).verdict.files).toBeGreaterThan(1);
});

test('a symlink stays: its target is rotated, beside where it is', async () => {
  const { symlink } = await import('node:fs/promises');
  await mkdir(path.join(folder, 'real'));
  await symlink('real/audit.jsonl', file);
  await record(await open(), 30);
  expect(await readFile(file, 'utf8')).toContain('"r29"');
  expect((await readdir(path.join(folder, 'real'))).length).toBeGreaterThan(1);
});

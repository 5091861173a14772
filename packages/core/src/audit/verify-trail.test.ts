import { chmod, mkdtemp, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { CHAIN_START, chainLine, lineHash } from './chain.ts';
import { type AuditInput, auditEvent } from './event.ts';
import { listRotated, rotatedPath } from './log-files.ts';
import { openTrail } from './open-trail.ts';
import { verifyTrail } from './verify-trail.ts';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'arleo-trail-'));
  file = path.join(folder, 'audit.jsonl');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Twelve lines in three files, the first one compressed. */
async function write(more: AuditInput[] = []): Promise<string[]> {
  const inputs = [
    ...Array.from(
      { length: 12 },
      (_, index): AuditInput => ({ event_type: 'page.read', result: 'success', resource: `p${index}` }),
    ),
    ...more,
  ];
  let prev = CHAIN_START;
  const lines = inputs.map((input) => {
    const { line, hash } = chainLine(auditEvent(input, 'hugo-mcp-server', new Date(0)), prev);
    prev = hash;
    return line;
  });
  const text = (from: number, to?: number) => `${lines.slice(from, to).join('\n')}\n`;
  await writeFile(`${rotatedPath(file, 1)}.gz`, gzipSync(text(0, 4)));
  await writeFile(rotatedPath(file, 2), text(4, 8));
  await writeFile(file, text(8));
  return lines;
}

async function verify(expected?: string) {
  const trail = await openTrail(file);
  return verifyTrail(trail, expected).finally(() => trail.close());
}

const where = ({ faults }: { faults: { file: string; line: number }[] }) =>
  faults.map(({ file: name, line }) => `${path.basename(name)}:${line}`);

async function change(name: string, edit: (lines: string[]) => string[]): Promise<void> {
  const lines = (await readFile(name, 'utf8')).slice(0, -1).split('\n');
  await writeFile(name, `${edit(lines).join('\n')}\n`);
}

test('an untouched log is whole across its files, packed or not', async () => {
  const lines = await write();
  const last = lineHash(lines.at(-1) ?? '');
  expect(await verify(lineHash(lines[5] ?? ''))).toEqual({
    ok: true,
    files: 3,
    lines: 12,
    from: '1970-01-01T00:00:00.000Z',
    to: '1970-01-01T00:00:00.000Z',
    last,
    faultCount: 0,
    faults: [],
    lastLineOpen: false,
    torn: [],
    removedThrough: null,
    expectedFound: true,
  });
});

test.each<[string, (lines: string[]) => string[], string[], RegExp]>([
  ['changed', (lines) => lines.with(1, (lines[1] ?? '').replace('p5', 'p6')), ['audit.000002.jsonl:3'], /was changed/],
  ['removed', (lines) => lines.toSpliced(1, 1), ['audit.000002.jsonl:2'], /removed/],
  ['removed at the end', (lines) => lines.slice(0, -1), ['audit.jsonl:1'], /continue the file before/],
  ['removed at the start', (lines) => lines.slice(1), ['audit.000002.jsonl:1'], /continue the file before/],
  [
    'exchanged',
    (lines) => lines.with(1, lines[2] ?? '').with(2, lines[1] ?? ''),
    ['audit.000002.jsonl:2', 'audit.000002.jsonl:3', 'audit.000002.jsonl:4'],
    /continues line \d of .*: lines were moved/,
  ],
  ['written twice', (lines) => lines.toSpliced(1, 0, lines[1] ?? ''), ['audit.000002.jsonl:3'], /written twice/],
  ['no JSON', (lines) => lines.with(1, '{"timestamp'), ['audit.000002.jsonl:2'], /not JSON/],
  ['empty', (lines) => lines.toSpliced(1, 0, ''), ['audit.000002.jsonl:2'], /not JSON/],
])('a line that is %s is found, and all after it is read', async (_what, edit, places, problem) => {
  await write();
  await change(rotatedPath(file, 2), edit);
  const verdict = await verify();
  expect({ ok: verdict.ok, at: where(verdict) }).toEqual({ ok: false, at: places });
  expect(verdict.faults[0]?.problem).toMatch(problem);
  expect(verdict.to).not.toBeNull();
});

test('a file that is missing is found, in the middle, at the start and at the end', async () => {
  await write();
  await rename(rotatedPath(file, 2), path.join(folder, 'kept'));
  expect(where(await verify())).toEqual(['audit.jsonl:1']);
  await rename(path.join(folder, 'kept'), rotatedPath(file, 2));
  await rename(`${rotatedPath(file, 1)}.gz`, path.join(folder, 'kept'));
  expect(await verify()).toMatchObject({ ok: false, faults: [{ line: 1, problem: expect.stringMatching(/missing/) }] });
  await rename(path.join(folder, 'kept'), `${rotatedPath(file, 1)}.gz`);
  await rm(file);
  const { ok, faults } = await verify();
  expect({ ok, faults }).toMatchObject({ ok: false, faults: [{ problem: expect.stringMatching(/no file follows/) }] });
});

test('files that rotation removed are no fault, if the log says so about exactly these', async () => {
  const prev = lineHash((await write())[3] ?? '');
  const removed = (details: Record<string, string | number>): AuditInput => ({
    event_type: 'audit.files_removed',
    result: 'success',
    details,
  });
  await write([removed({ through: 1, prev })]);
  await rm(`${rotatedPath(file, 1)}.gz`);
  expect(await verify()).toMatchObject({ ok: true, files: 2, removedThrough: 1 });
  await rm(rotatedPath(file, 2));
  expect(await verify()).toMatchObject({ ok: false, removedThrough: null });
});

test('lines cut off at the end show by the hash that was kept', async () => {
  const lines = await write();
  const kept = lineHash(lines.at(-1) ?? '');
  await change(file, (all) => all.slice(0, -1));
  expect(await verify()).toMatchObject({ ok: true, lines: 11 });
  expect(await verify(kept)).toMatchObject({ ok: false, faultCount: 0, expectedFound: false });
});

test('a file that was cut off in a line, or damaged in its packing, is found', async () => {
  await write();
  await truncate(file, 1000);
  expect(await verify()).toMatchObject({ ok: false, faultCount: 1 });
  await write();
  const packed = await readFile(`${rotatedPath(file, 1)}.gz`);
  await writeFile(`${rotatedPath(file, 1)}.gz`, packed.subarray(0, -20));
  expect(where(await verify())[0]).toMatch(/^audit\.000001\.jsonl\.gz:/);
});

test('a line that a crash tore is told apart, where the log says so', async () => {
  const lines = await write();
  const torn = '{"timestamp":"2026-';
  const note = (bytes: number) =>
    chainLine(
      auditEvent({ event_type: 'audit.torn_line', result: 'failure', details: { bytes } }, 'oauth-proxy', new Date(0)),
      lineHash(torn),
    ).line;
  await writeFile(file, `${lines.slice(8).join('\n')}\n${torn}\n${note(Buffer.byteLength(torn))}\n`);
  expect(await verify()).toMatchObject({ ok: true, torn: [{ line: 5, problem: 'the line is not JSON' }] });
  await writeFile(file, `${lines.slice(8).join('\n')}\n${torn}\n${note(1)}\n`);
  expect(await verify()).toMatchObject({ ok: false, torn: [] });
});

test('of many faults the first hundred are told, and their number', async () => {
  await writeFile(file, '{}\n'.repeat(150));
  const { faultCount, faults } = await verify();
  expect([faultCount, faults.length]).toEqual([150, 100]);
});

test('names that are no files of this log are left alone', async () => {
  for (const name of ['audit.jsonl.lock', 'audit.12.jsonl', 'audit.000001.jsonl.gz.half', 'other.000001.jsonl']) {
    await writeFile(path.join(folder, name), '');
  }
  expect(await listRotated(file)).toEqual([]);
  expect(await listRotated(path.join(folder, 'absent', 'audit.jsonl'))).toEqual([]);
});

test('a log that is not there, or may not be read, is said so', async () => {
  await expect(openTrail(file)).rejects.toMatchObject({ code: 'audit_missing' });
  await write();
  await chmod(file, 0o000);
  // Root may read everything, so that it has to be somebody else for a moment.
  const root = process.getuid?.() === 0;
  if (root) process.seteuid?.(65_534);
  try {
    await expect(openTrail(file)).rejects.toMatchObject({
      code: 'audit_unreadable',
      hint: expect.stringContaining('sudo'),
    });
  } finally {
    if (root) process.seteuid?.(0);
  }
});

test('a crash in the middle of a letter is no fault either, if the log says how many bytes it left', async () => {
  const whole = Buffer.from(
    chainLine(
      auditEvent({ event_type: 'page.created', result: 'success', resource: 'été' }, 'hugo-mcp-server', new Date(0)),
      CHAIN_START,
    ).line,
  );
  const torn = whole.subarray(0, whole.indexOf(Buffer.from('é')) + 1);
  const told = auditEvent(
    { event_type: 'audit.torn_line', result: 'failure', details: { bytes: torn.length } },
    'hugo-mcp-server',
    new Date(0),
  );
  const { line } = chainLine(told, lineHash(torn.toString('utf8')));
  await writeFile(file, Buffer.concat([torn, Buffer.from(`\n${line}\n`)]));
  const verdict = await verify();
  expect([verdict.faults, where({ faults: verdict.torn })]).toEqual([[], ['audit.jsonl:1']]);
});

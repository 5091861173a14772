import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { verifyChain } from '@arleo/core/audit/chain';
import { recordOnce } from './record-once.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'arleo-record-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('events of programs that run at the same time stand in one chain', async () => {
  const file = path.join(folder, 'log/audit.jsonl');
  const archives = Array.from({ length: 5 }, (_, i) => `archive ${i}`);
  await Promise.all(
    archives.map((resource) => recordOnce({ event_type: 'backup.made', result: 'success', resource }, file)),
  );
  const lines = (await readFile(file, 'utf8')).trimEnd().split('\n');
  await expect(verifyChain(lines)).resolves.toMatchObject({ ok: true, count: 5 });
  const events = lines.map((line) => JSON.parse(line));
  expect(events.map(({ resource }) => resource).sort()).toEqual(archives);
  expect(events[0]).toMatchObject({ hop: 'arleo', event_type: 'backup.made' });
});

test('what cannot be written is an error', async () => {
  await expect(recordOnce({ event_type: 'backup.made', result: 'success' }, '/dev/full')).rejects.toThrow();
});

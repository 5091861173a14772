import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type BackupSuccess, judgeBackup, readBackupStatus, recordBackup } from './backup-status.ts';

const now = Date.parse('2026-11-21T12:00:00Z');
const success: BackupSuccess = {
  at: '2026-11-21T03:00:00Z',
  archive: '/var/backups/arleo/arleo-nuc-20261121T030000Z.tar.gpg',
  sha256: 'a'.repeat(64),
  bytes: 1000,
  files: 10,
  oauth_state: 'lmdb',
};
const failure = { at: '2026-11-21T03:00:00Z', reason: 'the disk is full' };

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'arleo-backup-status-'));
  file = path.join(folder, 'backup.json');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('a host without backups is told from one with them', async () => {
  expect(judgeBackup(await readBackupStatus(file), now)).toEqual({ state: 'never' });
  await recordBackup({ last_success: success }, file);
  expect(judgeBackup(await readBackupStatus(file), now)).toEqual({ state: 'ok', last: success });
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});

test('a failure keeps the last good one in sight, and the next success ends it', async () => {
  await recordBackup({ last_failure: failure }, file);
  expect(judgeBackup(await readBackupStatus(file), now)).toEqual({ state: 'failed', reason: failure.reason });
  await recordBackup({ last_success: success }, file);
  await recordBackup({ last_failure: failure }, file);
  expect(judgeBackup(await readBackupStatus(file), now)).toMatchObject({ state: 'failed', last: success });
  await recordBackup({ last_success: success }, file);
  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({ last_success: success });
});

test.each([
  ['36 hours old', 36 * 3_600_000 - 9 * 3_600_000, 'ok'],
  ['older than 36 hours', 36 * 3_600_000 - 9 * 3_600_000 + 1, 'stale'],
  ['an hour ahead of the clock', -10 * 3_600_000, 'ok'],
  ['further ahead of the clock', -10 * 3_600_000 - 1, 'stale'],
])('one that is %s', (_, later, state) => {
  expect(judgeBackup({ last_success: success }, now + later)).toEqual({ state, last: success });
});

test.each(['', 'x', '[]', '{"last_success":{}}'])('a file that says %j says nothing', async (text) => {
  await writeFile(file, text);
  expect(await readBackupStatus(file)).toEqual({});
});

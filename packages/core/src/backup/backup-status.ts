import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { atomicWrite } from '../fs/atomic-write.ts';

/** Where `backup.sh` says how its last runs ended, on every host that it runs on. */
export const BACKUP_STATUS_FILE = '/var/lib/arleo/backup.json';

/** What is written down of a backup that was made. */
export const successSchema = z.object({
  at: z.iso.datetime(),
  /** Path of the archive. */
  archive: z.string(),
  /** SHA-256 of the archive, lower-case hex. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.number().int().positive(),
  files: z.number().int().positive(),
  /** Where the OAuth state is: `lmdb` is in the archive, `redis` is not, `none` is a host without oauth-proxy. */
  oauth_state: z.enum(['lmdb', 'redis', 'none']),
});

const failureSchema = z.object({ at: z.iso.datetime(), reason: z.string() });

const statusSchema = z.object({ last_success: successSchema.optional(), last_failure: failureSchema.optional() });

/** A backup that was written and checked. */
export type BackupSuccess = z.infer<typeof successSchema>;

/** How the last backups ended. */
export type BackupStatus = z.infer<typeof statusSchema>;

/** What to think of them. */
export type BackupVerdict =
  | { state: 'ok'; last: BackupSuccess }
  /** None was made here, or nothing that can be understood says so. */
  | { state: 'never' }
  /** The last one failed; `last` is what there is. */
  | { state: 'failed'; reason: string; last?: BackupSuccess }
  /** The last one is old, or of a time that has not come: nobody makes them any more, or the clock is wrong. */
  | { state: 'stale'; last: BackupSuccess };

const hours = 3_600_000;

/** The timer is daily, and late by an hour or two at most. */
const staleMs = 36 * hours;

/** By this much a clock may have been set back since. */
const aheadMs = 1 * hours;

/** How the last backups on this host ended; nothing in it if none was made, or if the file cannot be understood. */
export async function readBackupStatus(file = BACKUP_STATUS_FILE): Promise<BackupStatus> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return '{}';
  });
  try {
    return statusSchema.parse(JSON.parse(text));
  } catch {
    return {};
  }
}

/** Writes down how a backup ended beside how the ones before did. A success ends a failure before it. */
export async function recordBackup(end: BackupStatus, file = BACKUP_STATUS_FILE): Promise<void> {
  const before = await readBackupStatus(file);
  const after = end.last_success === undefined ? { ...before, ...end } : end;
  await atomicWrite(file, `${JSON.stringify(after)}\n`);
}

/** @param now milliseconds since 1970 */
export function judgeBackup({ last_success: last, last_failure: failure }: BackupStatus, now: number): BackupVerdict {
  if (failure !== undefined) return { state: 'failed', reason: failure.reason, ...(last && { last }) };
  if (last === undefined) return { state: 'never' };
  const age = now - Date.parse(last.at);
  return { state: age > staleMs || age < -aheadMs ? 'stale' : 'ok', last };
}

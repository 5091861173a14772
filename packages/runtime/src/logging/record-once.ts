import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { AuditInput } from '@arleo/core/audit/event';
import { holdLock } from '@arleo/core/fs/hold-lock';
import { openAuditLog } from './audit-log.ts';

/** What programs that run on a host now and then have done: backups and the like. */
export const HOST_AUDIT_LOG = '/var/log/arleo/audit.jsonl';

/**
 * Appends one event to the audit log of the host, for a program that ends then. Several may want to at the same time:
 * each waits for its turn.
 *
 * @throws {@link ArleoError} `lock_held` after 5 s; Error when the file cannot be opened or written
 */
export async function recordOnce(event: AuditInput, file = HOST_AUDIT_LOG): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true, mode: 0o750 });
  const release = await holdLock(`${file}.lock`);
  try {
    let problem: unknown;
    const silent = () => {};
    const error = (message: string, fields?: Readonly<Record<string, unknown>>) => {
      problem ??= fields?.error ?? new Error(message);
    };
    const log = { debug: silent, info: silent, warn: silent, error };
    const audit = await openAuditLog({ file, hop: 'arleo', log });
    audit.record(event);
    await audit.close();
    if (problem !== undefined) throw problem;
  } finally {
    await release();
  }
}

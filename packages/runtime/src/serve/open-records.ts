import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Hop } from '@arleo/core/errors';
import { holdLock } from '@arleo/core/fs/hold-lock';
import { type AuditLog, openAuditLog } from '../logging/audit-log.ts';
import { type Log, openLog } from '../logging/log.ts';
import type { Lifecycle } from './lifecycle.ts';

/** Where a service says what it does. */
export interface Records {
  /** For whoever runs the service. */
  log: Log;
  /** For whoever asks later who did what. */
  audit: AuditLog;
}

/** The variables of {@link openRecords}. */
export interface RecordsConfig {
  LOG_LEVEL: string;
  AUDIT_LOG: string;
  AUDIT_LOG_BYTES: number;
  AUDIT_LOG_FILES: number;
}

/**
 * Opens the log and the audit log of a service, before everything else: what is opened after them is closed before the
 * audit log records the stop, so that the calls in flight stand before it.
 *
 * @throws {@link ArleoError} `lock_held` when another process writes this audit log; Error when it cannot be opened
 */
export async function openRecords(
  hop: Hop,
  { LOG_LEVEL, AUDIT_LOG, AUDIT_LOG_BYTES, AUDIT_LOG_FILES }: RecordsConfig,
  lifecycle: Lifecycle,
): Promise<Records> {
  const log = openLog({ service: hop, level: LOG_LEVEL });
  // Two that write would each chain to a line that is not the last one: the log could never be verified again.
  await mkdir(path.dirname(AUDIT_LOG), { recursive: true, mode: 0o750 });
  lifecycle.onClose('lock of the audit log', await holdLock(`${AUDIT_LOG}.lock`));
  const audit = await openAuditLog({
    file: AUDIT_LOG,
    hop,
    log,
    rotation: { bytes: AUDIT_LOG_BYTES, files: AUDIT_LOG_FILES },
  });
  lifecycle.onClose('audit log', () => audit.close());
  lifecycle.onClose('audit trail', () => audit.record({ event_type: 'service.stopped', result: 'success' }));
  return { log, audit };
}

import type { Hop } from '@arleo/core/errors';
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

/**
 * Opens the log and the audit log of a service, before everything else: what is opened after them is closed before the
 * audit log records the stop, so that the calls in flight stand before it.
 *
 * @throws Error when the audit log cannot be opened
 */
export async function openRecords(
  hop: Hop,
  { LOG_LEVEL, AUDIT_LOG }: { LOG_LEVEL: string; AUDIT_LOG: string },
  lifecycle: Lifecycle,
): Promise<Records> {
  const log = openLog({ service: hop, level: LOG_LEVEL });
  const audit = await openAuditLog({ file: AUDIT_LOG, hop, log });
  lifecycle.onClose('audit log', () => audit.close());
  lifecycle.onClose('audit trail', () => audit.record({ event_type: 'service.stopped', result: 'success' }));
  return { log, audit };
}

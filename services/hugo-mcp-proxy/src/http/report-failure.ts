import type { AuditLog } from '@arleo/runtime/logging/audit-log';
import type { Log } from '@arleo/runtime/logging/log';
import type { ForwarderOptions } from '@arleo/runtime/proxy/forward';

/** Failures that mean that somebody else may stand at the server's address. */
const pinFailures: ReadonlySet<string> = new Set(['pin_mismatch', 'cert_expired', 'cert_host_mismatch', 'tls_failed']);

/** Logs every call that could not be completed; what the pinned certificate refused goes to the audit log too. */
export function createFailureReport({ audit, log }: { audit: AuditLog; log: Log }): ForwarderOptions['onFailure'] {
  return (reason, error, { requestId, clientAddress }) => {
    log.warn('the call could not be completed', { reason, request_id: requestId, ...(error && { error }) });
    if (!pinFailures.has(reason)) return;
    audit.record({
      event_type: 'upstream.refused',
      level: 'error',
      result: 'failure',
      reason,
      client_ip: clientAddress,
      request_id: requestId,
    });
  };
}

import type { AuditLog } from '@arleo/runtime/logging/audit-log';
import type { Log } from '@arleo/runtime/logging/log';
import type { State } from '../state/state.ts';
import { StateUnavailable } from '../state/state-unavailable.ts';

/**
 * Puts what the owner revoked with `arleo connections revoke` into the audit log, which only this process may write. The
 * revocation itself does not wait for that.
 *
 * @returns how to stop
 */
export function recordOwnerRevocations(state: State, audit: AuditLog, log: Log, everyMs = 1_000): () => void {
  const look = async (): Promise<void> => {
    for (const { grantId, clientId } of await state.takeRevocationNotices()) {
      audit.record({
        event_type: 'grant.revoked',
        result: 'success',
        reason: 'by_owner',
        resource: grantId,
        actor: { client_id: clientId },
      });
    }
  };
  const timer = setInterval(() => {
    look().catch((error: unknown) => {
      // That the state cannot be reached is said elsewhere, once; they wait there.
      if (!(error instanceof StateUnavailable)) log.error('revocations could not be recorded', { error });
    });
  }, everyMs).unref();
  return () => clearInterval(timer);
}

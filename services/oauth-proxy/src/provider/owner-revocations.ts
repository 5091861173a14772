import type { AuditLog } from '@arleo/runtime/logging/audit-log';
import type { Log } from '@arleo/runtime/logging/log';
import type { State } from '../state/state.ts';
import { StateUnavailable } from '../state/state-unavailable.ts';

/** Seconds after which a revocation is recorded by another service, if the one that was about to is gone. */
export const CLAIM_SECONDS = 10;

/**
 * Puts what the owner revoked with `arleo connections revoke` into the audit log, which only this process may write. The
 * revocation itself does not wait for that. A notice stays until the record was handed to the system: a crash may double it,
 * and never loses it.
 *
 * @returns how to stop
 */
export function recordOwnerRevocations(state: State, audit: AuditLog, log: Log, everyMs = 1_000): () => void {
  let looking = false;
  const look = async (): Promise<void> => {
    for (const { grantId, clientId } of await state.revocationNotices()) {
      if (!(await state.claim(`revocation-notice:${grantId}`, CLAIM_SECONDS))) continue;
      audit.record({
        event_type: 'grant.revoked',
        result: 'success',
        reason: 'by_owner',
        resource: grantId,
        actor: { client_id: clientId },
      });
      await audit.flush();
      await state.removeRevocationNotice(grantId);
    }
  };
  const timer = setInterval(() => {
    if (looking) return;
    looking = true;
    look()
      .catch((error: unknown) => {
        // That the state cannot be reached is said elsewhere, once; they wait there.
        if (!(error instanceof StateUnavailable)) log.error('revocations could not be recorded', { error });
      })
      .finally(() => {
        looking = false;
      });
  }, everyMs).unref();
  return () => clearInterval(timer);
}

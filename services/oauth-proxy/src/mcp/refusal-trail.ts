import type { AuditLog } from '@arleo/runtime/logging/audit-log';

/** One refused request, as far as it is recorded. */
export interface RefusedRequest {
  /** The precise reason, which the caller is not told. */
  reason: string;
  clientAddress: string;
  userAgent: string | null;
  requestId: string;
}

/** Records who was refused, so that a flood neither fills the disk nor hides what else happened. */
export interface RefusalTrail {
  /** Records one refusal with a line of its own, or counts it when this minute has had lines enough. */
  record(refused: RefusedRequest): void;
  /** Counts a refusal of an address that is over its limit; its count is recorded once a minute. */
  count(clientAddress: string): void;
  /** Records what was counted and not yet recorded. */
  close(): void;
}

/** Lines of single refusals in a minute, whatever addresses they come from: whoever has many addresses gets no more. */
const maxLines = 1_000;
/** Addresses that are counted one by one; those beyond are counted together, without an address. */
const maxAddresses = 1_000;

/**
 * Opens the trail of the requests without a good token: `access_token.refused`, at first one by one, beyond that with
 * `details.requests`, the number of requests since the last such line of that address.
 *
 * @param everyMs how often counts are recorded
 */
export function openRefusalTrail(audit: AuditLog, everyMs = 60_000): RefusalTrail {
  const counts = new Map<string, number>();
  let lines = 0;
  let timer: NodeJS.Timeout | undefined;

  const add = (clientAddress: string): void => {
    const known = counts.get(clientAddress);
    const key = known !== undefined || counts.size < maxAddresses ? clientAddress : '';
    counts.set(key, (counts.get(key) ?? 0) + 1);
  };
  const settle = (): void => {
    clearTimeout(timer);
    timer = undefined;
    lines = 0;
    for (const [clientAddress, requests] of counts) {
      audit.record({
        event_type: 'access_token.refused',
        result: 'denied',
        reason: 'rate_limited',
        client_ip: clientAddress === '' ? null : clientAddress,
        details: { requests },
      });
    }
    counts.clear();
  };
  const arm = (): void => {
    timer ??= setTimeout(settle, everyMs).unref();
  };

  return {
    record({ reason, clientAddress, userAgent, requestId }) {
      arm();
      if (lines >= maxLines) {
        add(clientAddress);
        return;
      }
      lines += 1;
      audit.record({
        event_type: 'access_token.refused',
        result: 'denied',
        reason,
        client_ip: clientAddress,
        user_agent: userAgent,
        request_id: requestId,
      });
    },
    count(clientAddress) {
      arm();
      add(clientAddress);
    },
    close: settle,
  };
}

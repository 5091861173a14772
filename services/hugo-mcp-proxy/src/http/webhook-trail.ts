import type { IncomingMessage } from 'node:http';
import type { RequestContext } from '@arleo/runtime/http/request-context';
import type { LimitReached, MinuteLimit } from '@arleo/runtime/limits/minute-limit';
import type { AuditLog } from '@arleo/runtime/logging/audit-log';
import type { Log } from '@arleo/runtime/logging/log';
import type { RebuildEvents } from '../webhook/rebuilds.ts';

/** What is recorded of the webhook. */
export interface WebhookTrail extends RebuildEvents {
  /**
   * A delivery whose signature is not right: `why` stands in the audit log alone. Gives the limit once the address has
   * reached it; from then on the flood is not written line by line.
   */
  refused(why: string, request: IncomingMessage, context: RequestContext): LimitReached | undefined;
  /** A delivery whose signature is right. */
  received(request: IncomingMessage, context: RequestContext, details: Record<string, string>): void;
}

/** What {@link createWebhookTrail} works with. */
export interface WebhookTrailOptions {
  audit: AuditLog;
  log: Log;
  /** Refusals by address. */
  perAddress: MinuteLimit;
  /** Refusals of all addresses together that are recorded: addresses cost an attacker little. */
  total: MinuteLimit;
  branch: string;
}

/** @see {@link WebhookTrail} */
export function createWebhookTrail({ audit, log, perAddress, total, branch }: WebhookTrailOptions): WebhookTrail {
  /** The reason that was recorded last while one rebuild is asked for again and again. */
  let waitingFor: string | undefined;

  const about = (request: IncomingMessage, { clientAddress, requestId, path }: RequestContext) => ({
    resource: path,
    client_ip: clientAddress,
    user_agent: request.headers['user-agent'] ?? null,
    request_id: requestId,
  });

  return {
    refused(why, request, context) {
      const limited = perAddress.count(context.clientAddress);
      if (limited && !limited.first) return limited;
      const flood = total.count('');
      if (!flood || flood.first) {
        const reason = limited || flood ? 'rate_limited' : why;
        audit.record({ event_type: 'webhook.refused', result: 'denied', reason, ...about(request, context) });
      }
      return limited;
    },

    received(request, context, details) {
      audit.record({
        event_type: 'webhook.received',
        result: 'success',
        ...about(request, context),
        duration_ms: performance.now() - context.startedAt,
        details,
      });
    },

    told({ result, code, message, commit, release }, { requestId, pushes, durationMs }) {
      waitingFor = undefined;
      const well = result === 'live' || result === 'unchanged';
      audit.record({
        event_type: 'webhook.rebuild',
        result: well ? 'success' : 'failure',
        ...(code === undefined ? {} : { reason: code }),
        resource: branch,
        request_id: requestId,
        duration_ms: durationMs,
        details: {
          outcome: result,
          pushes,
          ...(commit && { commit }),
          ...(release && { release }),
          ...(message && { message }),
        },
      });
      log[well ? 'info' : 'warn']('a push was acted on', { outcome: result, code, commit, request_id: requestId });
    },

    failed(reason, { requestId, attempt, retryMs, error }) {
      log.warn('hugo-mcp-server could not act on a push: it is asked again', {
        reason,
        attempt,
        retry_ms: retryMs,
        request_id: requestId,
        ...(error === undefined ? {} : { error }),
      });
      if (waitingFor === reason) return;
      waitingFor = reason;
      audit.record({
        event_type: 'webhook.waiting',
        result: 'failure',
        reason,
        resource: branch,
        request_id: requestId,
        details: { attempt, retry_ms: retryMs },
      });
    },
  };
}

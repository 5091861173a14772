import type { IncomingMessage, ServerResponse } from 'node:http';
import { ArleoError, isArleoError } from '@arleo/core/errors';
import { isReason } from '@arleo/core/reasons';
import { PULL_SCOPE } from '@arleo/core/scopes';
import type { TokenStore } from '@arleo/core/tokens/token-store';
import { discardBody } from '@arleo/runtime/http/discard-body';
import type { EdgeHandler } from '@arleo/runtime/http/edge';
import type { RequestContext } from '@arleo/runtime/http/request-context';
import { sendError, sendJson } from '@arleo/runtime/http/respond';
import type { AuditLog } from '@arleo/runtime/logging/audit-log';
import type { Log } from '@arleo/runtime/logging/log';
import * as z from 'zod';
import type { SitePull } from '../webhook/pull-site.ts';
import type { PullOutcome } from '../webhook/pull-state.ts';
import { checkToken, type HopToken } from './check-token.ts';
import { readMessage } from './read-message.ts';
import type { RefuseCaller } from './refuse-caller.ts';

/** What the endpoint is made of. */
export interface SitePullOptions {
  tokens: TokenStore;
  refuseCaller: RefuseCaller;
  pull: SitePull['pull'];
  audit: AuditLog;
  log: Log;
}

const hop = 'hugo-mcp-server';
const maxBodyBytes = 4096;
const bodySchema = z.strictObject({ branch: z.string().min(1).max(200) });

/**
 * `POST /internal/site-pull`, by which hugo-mcp-proxy says that there was a push: `{"branch":"main"}`. It needs a hop
 * token with the scope `site:pull` and no actor, for nobody acts here: what is pulled, and from where, stands in the
 * site's own repository. Answers when all is over, 200 with the outcome, also one that is a refusal; any other answer
 * means that nothing is known to have happened, and that the caller should ask again.
 */
export function createSitePullEndpoint(options: SitePullOptions): EdgeHandler {
  const { tokens, refuseCaller, pull, audit, log } = options;

  const answer = async (request: IncomingMessage, response: ServerResponse, context: RequestContext): Promise<void> => {
    const { requestId } = context;
    if (context.path !== '/internal/site-pull') {
      return sendError(response, hop, 'not_found', { requestId });
    }
    const token = await checkToken(tokens, request, context);
    if ('reason' in token) return refuseCaller(token, request, response, context);
    if (!token.scopes.has(PULL_SCOPE)) return refuseScope(token, response, context);
    if (request.method !== 'POST') {
      return sendError(response, hop, 'method_not_allowed', { requestId, headers: { Allow: 'POST' } });
    }
    const body = bodySchema.safeParse(await readMessage(request, maxBodyBytes));
    if (!body.success) throw new ArleoError('bad_request', 'The body must be {"branch":"…"}.');
    const outcome = await pull({ branch: body.data.branch, requestId });
    record(outcome, token, context);
    sendJson(response, 200, requestId, outcome);
  };

  function refuseScope(token: HopToken, response: ServerResponse, { requestId, clientAddress }: RequestContext): void {
    audit.record({
      event_type: 'caller.refused',
      result: 'denied',
      reason: 'insufficient_scope',
      actor: { token_id: token.id },
      client_ip: clientAddress,
      request_id: requestId,
    });
    const headers = { 'WWW-Authenticate': `Bearer error="insufficient_scope", scope="${PULL_SCOPE}"` };
    sendError(response, hop, 'insufficient_scope', { requestId, headers });
  }

  function record(outcome: PullOutcome, token: HopToken, context: RequestContext): void {
    const { result, branch, commit, from, code, release, kept } = outcome;
    const well = result === 'live' || result === 'unchanged';
    audit.record({
      event_type: 'site.pulled',
      result: well ? 'success' : 'failure',
      ...(code === undefined ? {} : { reason: code }),
      actor: { token_id: token.id },
      resource: branch,
      client_ip: context.clientAddress,
      request_id: context.requestId,
      duration_ms: performance.now() - context.startedAt,
      details: { outcome: result, commit, from, ...(release && { release }), ...(kept && { kept }) },
    });
    log[well ? 'info' : 'warn']('the site was pulled', { ...outcome });
  }

  return (request, response, context) => {
    const { requestId } = context;
    answer(request, response, context)
      .catch((error: unknown) => {
        if (isArleoError(error) && isReason(error.code)) {
          return sendError(response, hop, error.code, { requestId, message: error.message });
        }
        log.error('a pull could not be answered', { error, request_id: requestId });
        sendError(response, hop, 'internal', { requestId });
      })
      .finally(() => discardBody(request, maxBodyBytes));
  };
}

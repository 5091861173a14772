import type { EventEmitter } from 'node:events';
import type { AuditInput } from '@arleo/core/audit/event';
import type { AuditLog } from '@arleo/runtime/logging/audit-log';
import type { Log } from '@arleo/runtime/logging/log';
import type { KoaContextWithOIDC, Provider } from 'oidc-provider';
import { Reused } from '../state/reused.ts';
import type { LimitFailure } from './failure-limit.ts';
import { requestFacts } from './request-facts.ts';
import { ACCESS_TOKEN_REVOKED } from './revoke-access-token.ts';

/**
 * Records what the authorization server does: registrations, tokens, replays, revocations. Never a token or code. Who fails
 * too often is turned away here, where failures are known, and recorded once a minute.
 */
export function recordProviderEvents(provider: Provider, audit: AuditLog, log: Log, limitFailure: LimitFailure): void {
  const record = (
    ctx: KoaContextWithOIDC,
    event: Pick<AuditInput, 'event_type' | 'result' | 'reason' | 'resource'>,
  ) => {
    if (event.result === 'denied' && isOutage(ctx)) return;
    const clientId = ctx.oidc?.client?.clientId ?? ctx.oidc?.entities.Client?.clientId;
    audit.record({
      ...event,
      ...requestFacts(ctx.req),
      actor: clientId === undefined ? null : { client_id: clientId },
    });
  };
  provider.on('registration_create.success', (ctx, client) =>
    record(ctx, { event_type: 'client.registered', result: 'success', resource: client.clientId }),
  );
  provider.on('registration_create.error', (ctx, error) =>
    record(ctx, {
      event_type: 'client.registered',
      result: 'denied',
      // It names the redirect URI that an owner may want to allow.
      reason: error.error_description ?? error.message,
    }),
  );
  provider.on('authorization.error', (ctx, error) => {
    const detail = (error as { error_detail?: string }).error_detail;
    record(ctx, { event_type: 'authorization.refused', result: 'denied', reason: detail ?? error.message });
  });
  provider.on('grant.success', (ctx) => {
    const refreshed = ctx.oidc.params?.grant_type === 'refresh_token';
    record(ctx, { event_type: refreshed ? 'token.refreshed' : 'token.issued', result: 'success' });
  });
  const recordFailure = (ctx: KoaContextWithOIDC, event_type: string, reason: string): void => {
    if (isOutage(ctx)) return;
    const verdict = limitFailure(ctx);
    if (verdict === 'more') return;
    record(ctx, { event_type, result: 'denied', reason: verdict === 'first' ? 'rate_limited' : reason });
  };
  provider.on('grant.error', (ctx, error) => {
    const detail = (error as { error_detail?: string }).error_detail;
    recordFailure(ctx, 'token.refused', detail ?? error.message);
    if (error instanceof Reused && error.grantId) {
      record(ctx, { event_type: 'grant.revoked', result: 'success', resource: error.grantId });
    }
  });
  provider.on('grant.revoked', (ctx, grantId) =>
    record(ctx, { event_type: 'grant.revoked', result: 'success', resource: grantId }),
  );
  (provider as EventEmitter).on(ACCESS_TOKEN_REVOKED, (ctx: KoaContextWithOIDC) =>
    record(ctx, { event_type: 'access_token.revoked', result: 'success' }),
  );
  provider.on('revocation.error', (ctx, error) => {
    // A JWT: what became of it is recorded where it is revoked.
    if (error.message === 'unsupported_token_type') return;
    recordFailure(ctx, 'token.revoked', error.message);
  });
  // Koa would write what nobody listens for to standard error.
  (provider as EventEmitter).on('error', (error: NodeJS.ErrnoException, ctx?: KoaContextWithOIDC) => {
    const level = error.code === 'ECONNRESET' ? 'debug' : 'error';
    log[level]('a request to the authorization server failed', { error, ...(ctx && requestFacts(ctx.req)) });
  });
  provider.on('server_error', (ctx, error) => {
    log.error('the authorization server failed', { error, path: ctx.path, ...requestFacts(ctx.req) });
  });
}

/** True where the state cannot be reached: nobody is refused by that, and it is logged where it happens, once. */
function isOutage(ctx: KoaContextWithOIDC): boolean {
  return ctx.status === 503;
}

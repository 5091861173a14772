import { addressKey } from '@arleo/core/tokens/attempt-limiter';
import type { MinuteLimit } from '@arleo/runtime/limits/minute-limit';
import type { KoaContextWithOIDC } from 'oidc-provider';
import { requestFacts } from './request-facts.ts';

/** What became of a request that failed: answered as it was, or turned away; `first` for the first of a minute. */
export type FailureVerdict = 'answered' | 'first' | 'more';

/** Is told of each request that failed, once its answer is ready. */
export type LimitFailure = (ctx: KoaContextWithOIDC) => FailureVerdict;

/**
 * Turns away who fails too often at an endpoint of the provider: unknown codes, tokens, secrets. Only the failing requests
 * are, by what they failed with: clients that share an address with whoever guesses there go on. A known client is counted
 * by itself at its address, so that one that is stuck leaves its neighbours (Claude's all come from a few addresses) alone.
 *
 * @param failures failed requests in a minute
 */
export function createFailureLimit(failures: MinuteLimit): LimitFailure {
  return (ctx) => {
    const client = ctx.oidc?.client?.clientId ?? '';
    const limited = failures.count(`${addressKey(requestFacts(ctx.req).client_ip ?? '')} ${client}`);
    if (!limited) return 'answered';
    ctx.status = 429;
    ctx.set('Retry-After', String(limited.retryAfterSeconds));
    ctx.body = { error: 'temporarily_unavailable', error_description: 'too many requests failed, try again later' };
    return limited.first ? 'first' : 'more';
  };
}

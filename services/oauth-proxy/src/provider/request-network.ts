import { addressKey } from '@arleo/core/tokens/attempt-limiter';
import { Provider } from 'oidc-provider';
import { networkOf } from '../limits/network-of.ts';
import { requestFacts } from './request-facts.ts';

/** The network of whoever sent the request that oidc-provider is answering; empty outside of one. */
export function requestNetwork(): string {
  const { ctx } = Provider;
  return ctx ? networkOf(addressKey(requestFacts(ctx.req).client_ip ?? '')) : '';
}

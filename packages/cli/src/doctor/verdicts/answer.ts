import { HOPS } from '@arleo/core/errors';
import type { FindingCode } from '../findings/all-findings.ts';
import type { Layer } from '../findings/finding.ts';
import type { Exchange } from '../probes/exchange.ts';
import type { Found } from '../trail.ts';
import { judgeCloudflare } from './cloudflare.ts';
import { type ErrorAnswer, readErrorAnswer } from './error-answer.ts';

const nextHop: Record<string, Layer> = {
  nginx: 'oauth-proxy',
  'oauth-proxy': 'hugo-mcp-proxy',
  'hugo-mcp-proxy': 'hugo-mcp-server',
};

/** What a reason means wherever it comes from. `reporter`: the fault is told of the layer that answered, else of the next. */
const byReason: Record<string, { code: FindingCode; reporter?: true }> = {
  waf_blocked: { code: 'waf_blocked' },
  caller_not_allowed: { code: 'nginx_caller_not_allowed' },
  rate_limited: { code: 'rate_limited', reporter: true },
  bad_host: { code: 'host_refused' },
  connect_timeout: { code: 'service_silent' },
  connect_refused: { code: 'service_refused' },
  upstream_unreachable: { code: 'service_unreachable' },
  first_byte_timeout: { code: 'service_hangs' },
  idle_timeout: { code: 'service_hangs' },
  call_timeout: { code: 'service_hangs' },
  upstream_closed: { code: 'service_broke_off' },
  upstream_invalid: { code: 'service_broke_off' },
  pin_mismatch: { code: 'pin_mismatch' },
  cert_expired: { code: 'internal_cert_expired' },
  cert_host_mismatch: { code: 'internal_cert_name' },
  tls_failed: { code: 'internal_tls_failed' },
  not_ready: { code: 'service_not_ready', reporter: true },
  shutting_down: { code: 'service_not_ready', reporter: true },
  state_unavailable: { code: 'state_unavailable' },
  insufficient_scope: { code: 'scope_missing' },
  internal: { code: 'service_fault', reporter: true },
};

/** Who answered, in the words of an answer itself: `hop`, else the headers. */
export function whoAnswered(answer: Exchange): string {
  const error = readErrorAnswer(answer);
  if (error !== undefined) return `${error.hop} said ${error.reason} (${answer.status})`;
  return `${answer.status}${answer.headers.server === undefined ? '' : ` (server: ${answer.headers.server})`}`;
}

/**
 * What an answer says is wrong that should have been a plain yes, or a 401 of oauth-proxy.
 *
 * @param caller whom it was sent as, for people
 */
export function judgeAnswer(answer: Exchange, caller: string): Found[] {
  const edge = judgeCloudflare(answer, caller);
  if (edge !== undefined) return [edge];
  const error = readErrorAnswer(answer);
  if (error !== undefined) return judgeError(error);
  const { status, headers, body } = answer;
  if (status >= 300 && status < 400) {
    return [{ code: 'edge_redirect', says: `${status} to ${headers.location ?? 'nowhere'} for ${caller}` }];
  }
  if (status < 300) return [];
  const says = `${status} for ${caller}, without a word on who says so (server: ${headers.server ?? 'not named'})`;
  if (
    /<center>nginx|^nginx/i.test(`${headers.server ?? ''}\n${body}`) &&
    (status === 403 || status === 502 || status === 504)
  ) {
    return [{ code: status === 403 ? 'nginx_forbidden' : 'nginx_no_service', says }];
  }
  return [{ code: 'not_arleo', says }];
}

/** What an error body of ours says. A 401 for want of a token is none: that is how every client begins. */
export function judgeError(error: ErrorAnswer): Found[] {
  const { hop, reason, requestId, hint } = error;
  if (reason === 'token_missing') return [];
  const id = requestId === undefined ? '' : `, request id ${requestId}`;
  const own = hint === undefined ? '' : ` ${hint}`;
  // Between the hops: a client's own token ends at oauth-proxy.
  if (reason === 'token_invalid' && hop !== 'oauth-proxy') {
    return [{ code: 'hop_token_refused', layer: layerOf(hop), says: `${hop} says ${reason}${id}` }];
  }
  if (reason === 'upstream_auth') return [refusedCredentials(error, `${hop} reports ${reason}`, id)];
  const known = byReason[reason];
  if (hop === 'nginx' && (reason === 'upstream_unreachable' || reason === 'first_byte_timeout')) {
    return [{ code: 'nginx_no_service', says: `nginx reports ${reason}${id}` }];
  }
  if (known === undefined)
    return [{ code: 'service_fault', layer: layerOf(hop), says: `${hop} says ${reason}${id}.${own}` }];
  const at = known.reporter ? layerOf(hop) : (silentLayer[known.code] ?? nextHop[hop]);
  return [{ code: known.code, ...(at && { layer: at }), says: `${hop} reports ${reason}${id}` }];
}

/** Faults that stand at one layer, whoever reports them. */
const silentLayer: Partial<Record<FindingCode, Layer>> = {
  waf_blocked: 'waf',
  nginx_caller_not_allowed: 'nginx',
  host_refused: 'oauth-proxy',
  state_unavailable: 'oauth-proxy',
  scope_missing: 'hugo-mcp-server',
};

function refusedCredentials(
  { refusedBy = 'the next hop', refusedReason = 'no reason' }: ErrorAnswer,
  says: string,
  id: string,
): Found {
  const words = `${says}: ${refusedBy} says ${refusedReason}${id}`;
  const layer = layerOf(refusedBy);
  if (refusedReason === 'actor_expired') return { code: 'hop_clocks_differ', layer, says: words };
  if (refusedReason.startsWith('actor_')) return { code: 'actor_key_differs', layer, says: words };
  return { code: 'hop_token_refused', layer, says: words };
}

function layerOf(hop: string): Layer {
  if (hop === 'nginx' || hop === 'waf') return hop;
  return HOPS.find((one) => one === hop) ?? 'hugo-mcp-server';
}

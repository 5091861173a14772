import { errorBody } from './error-body.ts';
import { ArleoError, isArleoError } from './errors.ts';
import { isReason, REASONS } from './reasons.ts';

test('an error body names hop, reason and request id', () => {
  expect(
    errorBody({
      hop: 'hugo-mcp-proxy',
      reason: 'connect_timeout',
      message: 'No.',
      requestId: 'r1',
      hint: 'Look.',
      data: { limit_ms: 2000, hop: 'somebody else' },
    }),
  ).toEqual({
    jsonrpc: '2.0',
    id: null,
    error: {
      code: -32000,
      message: 'No.',
      data: { hop: 'hugo-mcp-proxy', reason: 'connect_timeout', request_id: 'r1', hint: 'Look.', limit_ms: 2000 },
    },
  });
});

test('an error body carries the id and code of the request that failed', () => {
  const body = errorBody({ hop: 'oauth-proxy', reason: 'x', message: 'm', requestId: 'r', id: 0, code: -32601 });
  expect(body.id).toBe(0);
  expect(body.error.code).toBe(-32601);
  expect('hint' in body.error.data).toBe(false);
});

test('the statuses of the reasons are pinned: clients and proxies act on them', () => {
  const statuses = Object.fromEntries(Object.entries(REASONS).map(([reason, { status }]) => [reason, status]));
  expect(statuses).toEqual({
    bad_json: 400,
    batch_refused: 400,
    bad_request: 400,
    unsupported_media_type: 415,
    body_too_large: 413,
    method_not_allowed: 405,
    not_found: 404,
    bad_host: 403,
    bad_origin: 403,
    rate_limited: 429,
    waf_blocked: 403,
    caller_not_allowed: 403,
    request_timeout: 408,
    token_missing: 401,
    token_invalid: 401,
    actor_missing: 401,
    actor_invalid: 401,
    actor_expired: 401,
    signature_invalid: 401,
    insufficient_scope: 403,
    connect_timeout: 504,
    connect_refused: 502,
    upstream_unreachable: 502,
    first_byte_timeout: 504,
    idle_timeout: 504,
    call_timeout: 504,
    upstream_closed: 502,
    upstream_invalid: 502,
    upstream_auth: 502,
    pin_mismatch: 502,
    cert_expired: 502,
    cert_host_mismatch: 502,
    tls_failed: 502,
    not_ready: 503,
    shutting_down: 503,
    state_unavailable: 503,
    internal: 500,
  });
  expect(REASONS.connect_timeout.hint).toMatch(/IPAddressDeny.*firewall/);
  expect(isReason('pin_mismatch')).toBe(true);
  expect(isReason('toString')).toBe(false);
});

test('an error keeps code, cause and hint', () => {
  const cause = new Error('disk');
  const error = new ArleoError('lock_held', 'Busy.', { cause, hint: 'Wait.' });
  expect(error).toMatchObject({ name: 'ArleoError', code: 'lock_held', message: 'Busy.', cause, hint: 'Wait.' });
  expect(isArleoError(error, 'lock_held')).toBe(true);
  expect(isArleoError(error, 'other')).toBe(false);
  expect('cause' in new ArleoError('a', 'b')).toBe(false);
});

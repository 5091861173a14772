import { ArleoError } from '@arleo/core/errors';
import { isReason } from '@arleo/core/reasons';
import { reasonOf } from './failure.ts';

const withCode = (code: string) => Object.assign(new Error('x'), { code });

it.each([
  ['ECONNREFUSED', 'connect_refused'],
  ['ETIMEDOUT', 'connect_timeout'],
  ['EHOSTUNREACH', 'upstream_unreachable'],
  ['ENETUNREACH', 'upstream_unreachable'],
  ['ENOTFOUND', 'upstream_unreachable'],
  ['EAI_AGAIN', 'upstream_unreachable'],
  ['EPERM', 'upstream_unreachable'],
  ['ECONNRESET', 'upstream_closed'],
  ['EPIPE', 'upstream_closed'],
  ['HPE_INVALID_CONSTANT', 'upstream_invalid'],
  ['HPE_HEADER_OVERFLOW', 'upstream_invalid'],
  ['something new', 'upstream_closed'],
])('%s is %s', (code, reason) => {
  expect(reasonOf(withCode(code))).toBe(reason);
});

it.each(['pin_mismatch', 'cert_expired', 'cert_host_mismatch', 'tls_failed', 'connect_timeout'])(
  'an error of ours keeps its own reason: %s',
  (code) => {
    expect(reasonOf(new ArleoError(code, 'x'))).toBe(code);
  },
);

it('only an error of ours may name its reason, and only one that there is', () => {
  expect(reasonOf(withCode('pin_mismatch'))).toBe('upstream_closed');
  expect(reasonOf(new ArleoError('no_such_reason', 'x'))).toBe('upstream_closed');
  expect(reasonOf(new ArleoError('toString', 'x'))).toBe('upstream_closed');
});

it('whatever went wrong, there is a reason for it', () => {
  for (const error of [new Error('x'), withCode(''), new TypeError('x'), new AggregateError([], 'x')]) {
    expect(isReason(reasonOf(error))).toBe(true);
  }
});

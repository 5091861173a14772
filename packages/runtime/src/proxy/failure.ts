import { ArleoError } from '@arleo/core/errors';
import { isReason, type Reason } from '@arleo/core/reasons';

const byCode: ReadonlyMap<string, Reason> = new Map([
  ['ECONNREFUSED', 'connect_refused'],
  ['ETIMEDOUT', 'connect_timeout'],
  ['EHOSTUNREACH', 'upstream_unreachable'],
  ['ENETUNREACH', 'upstream_unreachable'],
  ['ENOTFOUND', 'upstream_unreachable'],
  ['EAI_AGAIN', 'upstream_unreachable'],
  ['EACCES', 'upstream_unreachable'],
  ['EPERM', 'upstream_unreachable'],
]);

/** The reason that a failed call to the next hop is reported with. */
export function reasonOf(error: Error): Reason {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (error instanceof ArleoError && isReason(error.code)) return error.code;
  if (code.startsWith('HPE_')) return 'upstream_invalid';
  return byCode.get(code) ?? 'upstream_closed';
}

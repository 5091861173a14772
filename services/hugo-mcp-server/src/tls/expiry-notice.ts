import { readCertificate } from '@arleo/core/certificates/certificate';
import { DUE_DAYS } from '@arleo/core/certificates/change-identity';
import type { Identities } from '@arleo/core/certificates/identity-files';

const DAY_MS = 24 * 3600 * 1000;

/** What the owner has to know of a certificate that is not renewed in time. */
export interface ExpiryNotice {
  /** `certificate_expired`, `renewal_missing` (nobody has made the next one) or `renewal_not_in_use` (nobody calls by it). */
  reason: string;
  level: 'warn' | 'error';
  notAfter: string;
  /** Whole days that are left; negative after the end. */
  days: number;
}

/**
 * What is to be said of the certificate in force: nothing, until its renewal has been due for a day, whatever it is that
 * has kept the timer from it.
 *
 * @param now milliseconds since 1970
 */
export function expiryNotice({ present, next }: Identities, now: number): ExpiryNotice | undefined {
  const end = Date.parse(readCertificate(present.certificate).validTo);
  const days = Math.floor((end - now) / DAY_MS);
  if (days >= DUE_DAYS - 1) return undefined;
  const waiting = next === undefined ? 'renewal_missing' : 'renewal_not_in_use';
  return {
    reason: end < now ? 'certificate_expired' : waiting,
    level: days < 7 ? 'error' : 'warn',
    notAfter: new Date(end).toISOString(),
    days,
  };
}

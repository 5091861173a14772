import type { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { Found } from '../trail.ts';

const DAY_MS = 86_400_000;
/** A public certificate of 90 days is renewed a month before its end. */
const PUBLIC_WARN_DAYS = 14;
/** The one between the hosts is renewed 30 days before its end. */
const INTERNAL_WARN_DAYS = 28;

/** What is wrong with the certificate of the public address. @param distrust Node's code of what is wrong with its chain */
export function judgePublicCertificate(
  certificate: X509Certificate,
  distrust: string | undefined,
  hostname: string,
  now: number,
): Found[] {
  const { from, to, days } = validity(certificate, now);
  const host = hostname.replace(/^\[|\]$/g, '');
  const found: Found[] = [];
  if (now < from || now > to) found.push({ code: 'cert_expired', says: period(certificate) });
  else if (days < PUBLIC_WARN_DAYS)
    found.push({ code: 'cert_expiring', says: `${days} days left: ${period(certificate)}` });
  if (!isFor(certificate, host)) {
    found.push({
      code: 'cert_name_mismatch',
      says: `for ${certificate.subjectAltName ?? certificate.subject}, not ${host}`,
    });
  }
  const told = found.some(({ code }) => code === aboutTimeOrName[distrust ?? '']);
  if (distrust !== undefined && !told) found.push({ code: 'cert_untrusted', says: distrust });
  return found;
}

/** Node's codes of what is told from the certificate itself; of another link of the chain they are told as distrust. */
const aboutTimeOrName: Readonly<Record<string, Found['code']>> = {
  CERT_HAS_EXPIRED: 'cert_expired',
  CERT_NOT_YET_VALID: 'cert_expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'cert_name_mismatch',
};

/**
 * True if a certificate says that Cloudflare issued it for its own way to a host.
 *
 * @see [Origin CA](https://developers.cloudflare.com/ssl/origin-configuration/origin-ca/)
 */
export function isOfCloudflareOrigin({ issuer }: Pick<X509Certificate, 'issuer'>): boolean {
  return /^OU=CloudFlare Origin SSL (?:ECC )?Certificate Authority$/im.test(issuer);
}

/** What is wrong with the time and the names of the certificate between the hosts. */
export function judgeInternalCertificate(certificate: X509Certificate, host: string | undefined, now: number): Found[] {
  const { from, to, days } = validity(certificate, now);
  const found: Found[] = [];
  if (now < from || now > to) found.push({ code: 'internal_cert_expired', says: period(certificate) });
  else if (days < INTERNAL_WARN_DAYS) {
    found.push({ code: 'internal_cert_expiring', says: `${days} days left: ${period(certificate)}` });
  }
  if (host !== undefined && !isFor(certificate, host)) {
    found.push({ code: 'internal_cert_name', says: `for ${certificate.subjectAltName ?? 'no name'}, not ${host}` });
  }
  return found;
}

/** From when to when a certificate counts. */
export function period({ validFrom, validTo }: X509Certificate): string {
  return `${new Date(validFrom).toISOString().slice(0, 10)} to ${new Date(validTo).toISOString().slice(0, 10)}`;
}

function isFor(certificate: X509Certificate, host: string): boolean {
  return (isIP(host) ? certificate.checkIP(host) : certificate.checkHost(host)) !== undefined;
}

function validity({ validFrom, validTo }: X509Certificate, now: number): { from: number; to: number; days: number } {
  const [from, to] = [Date.parse(validFrom), Date.parse(validTo)];
  return { from, to, days: Math.floor((to - now) / DAY_MS) };
}

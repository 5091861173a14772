import { createHash, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { ArleoError } from '../errors.ts';

/** Bytes of a certificate that comes from elsewhere, in PEM form, at most: one of ours has about 1,000. */
export const CERTIFICATE_MAX_BYTES = 8192;

/** What may be told of a certificate; times in ISO 8601. */
export interface CertificateFacts {
  /** Of the DER form, lower-case hex. */
  sha256: string;
  not_before: string;
  not_after: string;
  /** Subject alternative names, as {@link namesOf} gives them. */
  names: string[];
}

/**
 * Reads one certificate in PEM form; of several in the text the first counts.
 *
 * @throws {@link ArleoError} `certificate_invalid`
 */
export function readCertificate(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new ArleoError('certificate_invalid', 'This is not a certificate in PEM form.', { cause });
  }
}

/** SHA-256 of a certificate's DER form, lower-case hex. @param certificate PEM, or read already */
export function certificateSha256(certificate: X509Certificate | string): string {
  const { raw } = typeof certificate === 'string' ? new X509Certificate(certificate) : certificate;
  return createHash('sha256').update(raw).digest('hex');
}

/** @see {@link CertificateFacts} */
export function certificateFacts(certificate: X509Certificate): CertificateFacts {
  return {
    sha256: certificateSha256(certificate),
    not_before: new Date(certificate.validFrom).toISOString(),
    not_after: new Date(certificate.validTo).toISOString(),
    names: namesOf(certificate),
  };
}

/** True inside the period of validity. @param now milliseconds since 1970 */
export function isInTime({ validFrom, validTo }: X509Certificate, now: number): boolean {
  return now >= Date.parse(validFrom) && now <= Date.parse(validTo);
}

/**
 * True if the certificate is made for this host name or address (no brackets), by its subject alternative names alone
 * (RFC 9525 section 2).
 */
export function isMadeFor(certificate: X509Certificate, host: string): boolean {
  const named = isIP(host) ? certificate.checkIP(host) : certificate.checkHost(host, { subject: 'never' });
  return named !== undefined;
}

/** The DNS names and addresses that a certificate is made for, as openssl takes them: `DNS:localhost`, `IP:127.0.0.1`. */
export function namesOf({ subjectAltName = '' }: X509Certificate): string[] {
  return (subjectAltName ?? '')
    .split(', ')
    .map((name) => name.replace(/^IP Address:/, 'IP:'))
    .filter(isAlternativeName);
}

/** A name or address, as openssl takes it: `DNS:NAME` or `IP:ADDRESS`. */
export function alternativeName(host: string): string {
  return isIP(host) ? `IP:${host}` : `DNS:${host}`;
}

/** True for `DNS:NAME` and `IP:ADDRESS`, and for nothing that openssl could read as more than one name. */
export function isAlternativeName(name: string): boolean {
  if (name.startsWith('IP:')) return isIP(name.slice('IP:'.length)) !== 0;
  return /^DNS:(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i.test(name);
}

/**
 * The server name (SNI) by which hugo-mcp-proxy asks for a certificate that it has pinned. hugo-mcp-server, which holds
 * two while one takes the other's place, shows the one that was asked for, and else the one in force: each side may
 * change when it is ready. The name decides nothing more: what is shown is compared with the pin.
 */
export function certificateServerName(sha256: string): string {
  // A label has at most 63 characters (RFC 1035 section 2.3.4).
  return `${sha256.slice(0, 32)}.pin.hugo-mcp.internal`;
}

import type { X509Certificate } from 'node:crypto';
import { ArleoError } from '../errors.ts';
import { CERTIFICATE_MAX_BYTES, certificateSha256, isInTime, isMadeFor, readCertificate } from './certificate.ts';

/**
 * Whether a certificate that hugo-mcp-server offers over a connection that the pinned one authenticates may be pinned,
 * too. What it says of itself is not believed: it has to be able to do the pinned one's work, and to go forward.
 *
 * @param offered PEM, as it came
 * @param options.pinned the one that is pinned
 * @param options.host where hugo-mcp-server is reached, name or address
 * @param options.now milliseconds since 1970
 * @returns the certificate
 * @throws {@link ArleoError} `certificate_invalid` if it is none, or `next_certificate_refused`
 */
export function takeNextCertificate(
  offered: string,
  { pinned, host, now }: { pinned: X509Certificate; host: string; now: number },
): X509Certificate {
  if (offered.length > CERTIFICATE_MAX_BYTES || !onePem.test(offered)) {
    throw new ArleoError('certificate_invalid', 'This is not one certificate in PEM form.');
  }
  const next = readCertificate(offered);
  const fault = faults.find(([, holds]) => !holds(next, { pinned, host, now }));
  if (fault === undefined) return next;
  const [why] = fault;
  throw new ArleoError('next_certificate_refused', `The next certificate ${why} (${certificateSha256(next)}).`);
}

const onePem = /^-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\r\n]+-----END CERTIFICATE-----\s*$/;

type Check = (next: X509Certificate, given: { pinned: X509Certificate; host: string; now: number }) => boolean;

const faults: readonly [why: string, holds: Check][] = [
  ['has no key on EC P-256', (next) => next.publicKey.asymmetricKeyDetails?.namedCurve === 'prime256v1'],
  ['is not signed by its own key', (next) => next.verify(next.publicKey)],
  ['may issue others', (next) => !next.ca],
  ['is not made for the address of hugo-mcp-server', (next, { host }) => isMadeFor(next, host)],
  // Nothing that was dropped comes back: it ends earlier than what took its place.
  ['does not end later than the pinned one', (next, { pinned }) => ends(next) > ends(pinned)],
  // The owner's clocks may differ: asked again, it will be in time.
  ['is not in time', (next, { now }) => isInTime(next, now)],
];

function ends({ validTo }: X509Certificate): number {
  return Date.parse(validTo);
}

import { certificateSha256, readCertificate } from '@arleo/core/certificates/certificate';
import { takeNextCertificate } from '@arleo/core/certificates/next-certificate';
import type { Pins } from '@arleo/core/certificates/pin-state';

/** What hugo-mcp-server says of its certificates, PEM. */
export interface Offer {
  present: string;
  next: string | null;
}

/** What else {@link followOffer} needs. */
export interface OfferContext {
  /** SHA-256 of the pinned certificate by which the connection was made that the offer came over. */
  by: string;
  /** Where hugo-mcp-server is reached, name or address. */
  host: string;
  /** Milliseconds since 1970. */
  now: number;
}

/**
 * What is pinned after an offer that came over a connection by a pinned certificate. A next one is pinned beside the
 * present one; it takes its place, and the present one is dropped, when hugo-mcp-server has it in force, and says so over a
 * connection that the next one itself protects. One that is offered no more is not waited for.
 *
 * @returns the same object if nothing changes
 * @throws {@link ArleoError} `certificate_invalid`, `next_certificate_refused`: nothing changes
 */
export function followOffer(held: Pins, offer: Offer, { by, host, now }: OfferContext): Pins {
  const [present, next] = [sha256Of(held.present), sha256Of(held.next)];
  const inForce = sha256Of(offer.present);
  if (inForce !== present && inForce === next) {
    if (by !== next) return held;
    return { present: held.next ?? held.present, next: takenNext(offer.next) };
  }
  // One in force that was missed as the next one may be pinned all the same: the connection is by the pinned one.
  const offered = inForce === present ? offer.next : offer.present;
  const isHeld = offered === null ? next === undefined : sha256Of(offered) === next;
  return isHeld ? held : { present: held.present, next: takenNext(offered) };

  function takenNext(pem: string | null): string | null {
    if (pem === null) return null;
    const pinned = readCertificate(inForce === next ? (held.next ?? held.present) : held.present);
    return takeNextCertificate(pem, { pinned, host, now }).toString();
  }
}

function sha256Of(pem: string | null): string | undefined {
  return pem === null ? undefined : certificateSha256(readCertificate(pem));
}

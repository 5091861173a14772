import ipaddr from 'ipaddr.js';

/** Global unicast: all of IPv6 that is routed on the internet (RFC 4291 section 2.4, IANA). */
const globalUnicast = ipaddr.parseCIDR('2000::/3');

/**
 * True for an address on the public internet. False for every special-purpose one (private, loopback, link-local, carrier's
 * NAT, multicast, documentation …), for those that carry an IPv4 address inside (mapped, NAT64, 6to4, Teredo), since it leads
 * where that one leads, and for what is no address.
 *
 * @see [RFC 6890](https://www.rfc-editor.org/rfc/rfc6890)
 */
export function isPublicAddress(address: string): boolean {
  if (ipaddr.IPv4.isValidFourPartDecimal(address)) return ipaddr.IPv4.parse(address).range() === 'unicast';
  if (!ipaddr.IPv6.isValid(address)) return false;
  const parsed = ipaddr.IPv6.parse(address);
  return parsed.range() === 'unicast' && parsed.match(globalUnicast as [ipaddr.IPv6, number]);
}

/**
 * What one owner of addresses commonly has: 65,536 of IPv4 (/16), a provider's whole allocation of IPv6 (/32).
 *
 * @param address an address, as `addressKey` gives it
 */
export function networkOf(address: string): string {
  const separator = address.includes(':') ? ':' : '.';
  return address.split(separator).slice(0, 2).join(separator);
}

import { ipKeyGenerator } from 'express-rate-limit';

/** Bits of an IPv6 address that one household or server has in common: the rest it can change with every request. */
const ipv6Bits = 64;

/** What a client is counted by: its IPv4 address, or the network of its IPv6 address. */
export function addressBlock(clientAddress: string): string {
  return ipKeyGenerator(clientAddress, ipv6Bits);
}

import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import type { Seen } from '../trail.ts';

/** As many addresses of a name as are tried. */
const maxAddresses = 8;

/** The addresses of a name as this machine's programs find them. */
export async function resolveName(hostname: string, signal: AbortSignal): Promise<Seen<readonly string[]>> {
  const name = hostname.replace(/^\[|\]$/g, '');
  if (isIP(name) !== 0) return { says: 'an address, no name', value: [name] };
  try {
    const silent = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(Object.assign(new Error('silent'), { code: 'ETIMEOUT' })));
    });
    const all = await Promise.race([lookup(name, { all: true }), silent]);
    const addresses = all.map(({ address }) => address).slice(0, maxAddresses);
    return { says: addresses.join(', '), value: addresses };
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    const says = `${name}: ${code}`;
    return { says, found: [{ code: code === 'ENOTFOUND' ? 'dns_unknown' : 'dns_silent', says }] };
  }
}

/** Those of the addresses that nobody reaches from the internet (IANA special-purpose registries, RFC 6890). */
export function notPublic(addresses: readonly string[]): string[] {
  return addresses.filter((address) => ipaddr.process(address).range() !== 'unicast');
}

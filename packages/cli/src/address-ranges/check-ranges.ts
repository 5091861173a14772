import { isIP } from 'node:net';
import { ArleoError } from '@arleo/core/errors';
import ipaddr from 'ipaddr.js';

/** As many ranges as one list may have; the longest real one has some sixty. */
const MAX_RANGES = 500;

/** The widest ranges that are believed, in bits of prefix: wider than anything that one company publishes. */
const WIDEST = { ipv4: 12, ipv6: 28 } as const;

/** What is nobody's address on the internet (IANA special-purpose registries, RFC 6890), and multicast. */
const SPECIAL = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
].map((range) => ipaddr.parseCIDR(range));

/** The one block of IPv6 that is given out for the internet (RFC 4291, 2.4), and what of it is not. */
const GLOBAL6 = ipaddr.parseCIDR('2000::/3');
const SPECIAL6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'].map((range) => ipaddr.parseCIDR(range));

/**
 * Checks a list of address ranges from outside, strictly: it decides who may reach the host, and where its services may go.
 *
 * @param source what the list is, for the message
 * @returns the ranges without doubles, IPv4 first, each group in the order of its addresses
 * @throws {@link ArleoError} `ranges_invalid`
 */
export function checkRanges(list: readonly string[], source: string): string[] {
  const wrong = (what: string): ArleoError =>
    new ArleoError('ranges_invalid', `${source}: ${what}.`, {
      hint: 'Nothing was changed. Download the list again from where it is published.',
    });
  if (list.length === 0) throw wrong('there is no range in it');
  if (list.length > MAX_RANGES) throw wrong(`${list.length} ranges are too many`);
  for (const text of list) {
    const problem = problemOf(text);
    if (problem !== undefined) throw wrong(`${JSON.stringify(text.slice(0, 60))} ${problem}`);
  }
  return [...new Set(list)].sort(byAddress);
}

function problemOf(text: string): string | undefined {
  const [, address = '', bits = ''] = /^([0-9a-f.:]{2,45})\/(\d{1,3})$/.exec(text) ?? [];
  // The library takes more spellings of an address than systemd and nginx do.
  const version = isIP(address);
  const length = Number(bits);
  if (version === 0 || bits !== String(length) || length > (version === 4 ? 32 : 128)) return 'is no address range';
  const range = ipaddr.parseCIDR(text);
  if (ipaddr.parse(address).toString() !== address) return 'is not written in the usual way';
  const first = (version === 4 ? ipaddr.IPv4 : ipaddr.IPv6).networkAddressFromCIDR(text).toString();
  if (first !== address) return `is not the start of its range, ${first}/${length}`;
  if (length < (version === 4 ? WIDEST.ipv4 : WIDEST.ipv6)) return 'is far too wide';
  const special = version === 4 ? SPECIAL : SPECIAL6;
  if (special.some((one) => overlap(range, one))) return 'is not on the public internet';
  if (version === 6 && !overlap(range, GLOBAL6)) return 'is not on the public internet';
  return undefined;
}

type Range = [address: ipaddr.IPv4 | ipaddr.IPv6, bits: number];

/** Of two ranges one lies in the other, or they have nothing in common. */
function overlap(a: Range, b: Range): boolean {
  const bits = Math.min(a[1], b[1]);
  return a[0].kind() === b[0].kind() && a[0].match(b[0] as never, bits);
}

function byAddress(a: string, b: string): number {
  const [left, right] = [a, b].map((text) => {
    const [address, bits] = ipaddr.parseCIDR(text);
    return [address.kind() === 'ipv4' ? 0 : 1, ...address.toByteArray(), bits];
  }) as [number[], number[]];
  const at = left.findIndex((part, index) => part !== right[index]);
  return at === -1 ? 0 : (left[at] ?? 0) - (right[at] ?? 0);
}

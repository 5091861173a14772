import { BlockList, isIP } from 'node:net';
import { runProgram } from './run-program.ts';

/**
 * True if the sandbox of a unit (`IPAddressDeny=any`) drops packets from and to an address: then its silence is no fault.
 *
 * @param address IPv4 or IPv6
 */
export async function sandboxDrops(unit: string, address: string): Promise<boolean> {
  const shown = await runProgram('systemctl', ['show', '-p', 'IPAddressAllow,IPAddressDeny', `${unit}.service`], 3_000);
  const listed = (name: string): readonly string[] =>
    new RegExp(`^${name}=(.*)$`, 'm').exec(shown?.stdout ?? '')?.[1]?.split(' ') ?? [];
  return isNamed(address, listed('IPAddressDeny')) && !isNamed(address, listed('IPAddressAllow'));
}

/** True if one of the networks holds the address. @param networks as systemd shows them: `192.0.2.0/24`, `::/0` */
export function isNamed(address: string, networks: readonly string[]): boolean {
  const list = new BlockList();
  for (const network of networks) {
    const [base = '', bits = ''] = network.split('/');
    const family = isIP(base);
    if (family !== 0 && /^\d+$/.test(bits)) list.addSubnet(base, Number(bits), family === 6 ? 'ipv6' : 'ipv4');
  }
  return isIP(address) !== 0 && list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

import type { Ports } from '@arleo/demo/options';
import { freePort } from '../../packages/core/test/free-port.ts';

/** Free ports for a stack: the issuer's address must be known before oauth-proxy listens. */
export async function freePorts(): Promise<Ports> {
  const ports = new Set<number>();
  while (ports.size < 4) ports.add(await freePort());
  const [a, b, c, d] = [...ports] as [number, number, number, number];
  return { 'oauth-proxy': a, 'hugo-mcp-proxy': b, 'hugo-mcp-server': c, site: d };
}

import { askEdge } from './steps/ask-edge.ts';
import { askNginx } from './steps/ask-nginx.ts';
import { callThrough } from './steps/call-through.ts';
import { reachEdge } from './steps/reach-edge.ts';
import { readMetadata } from './steps/read-metadata.ts';
import { tryText } from './steps/try-text.ts';
import type { Trail } from './trail.ts';

/** What is looked at from outside. */
export interface PublicWay {
  /** The MCP endpoint. */
  target: URL;
  /** Called in the place of the addresses in DNS. */
  address?: string | undefined;
  /** An access token for {@link target}. */
  token?: string | undefined;
  /** It is looked at as the world has it: then its name has to lead to where the world can go. */
  outside?: boolean;
  /** It is looked at from the very host that it leads to. */
  fromHost?: boolean;
}

/** How requests go out, once the way is open. */
export interface OpenWay extends PublicWay {
  /** False if nobody trusts the certificate: then no token goes out. */
  verify: boolean;
}

/** The whole way as a client goes it: name, connection, certificate, edge, nginx, firewall, services, Hugo, publishing. */
export async function walkPublic(way: PublicWay, trail: Trail): Promise<void> {
  const open = await reachEdge(way, trail);
  if (open === undefined) {
    trail.skip('edge', 'everything behind', 'there is no connection');
    return;
  }
  const passed = await askEdge(open, trail);
  await askNginx(open, trail);
  if (!passed) {
    trail.skip('oauth-proxy', 'everything behind', 'the way to it is not free');
    return;
  }
  await tryText(open, trail);
  await readMetadata(open, trail);
  await callThrough(open, trail);
}

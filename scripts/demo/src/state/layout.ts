import { createHash } from 'node:crypto';
import path from 'node:path';
import type { Hop } from '@arleo/core/errors';

/** Where everything of one state folder lies. All of it is readable by its owner alone. */
export interface StateLayout {
  root: string;
  /** The running demo's process id; two demos never share a state. */
  lock: string;
  /** The copy of the example site. */
  exampleSite: string;
  passphrase: string;
  owner: string;
  tokenSecret: string;
  mcpToken: string;
  /** The token by which hugo-mcp-proxy says that there was a push. */
  pullToken: string;
  webhookSecret: string;
  actorKey: string;
  actorPublicKey: string;
  tlsKey: string;
  tlsCert: string;
  tokens: string;
  oauthState: string;
  /** What hugo-mcp-proxy keeps of deliveries. */
  proxyState: string;
  logs: string;
  log(service: Hop | 'site'): string;
  audit(hop: Hop): string;
  /** What hugo-mcp-server keeps for one site: history, releases, staging. Another site never finds this one's. */
  serverState(site: string): string;
}

/** Names every file of the state folder. */
export function stateLayout(root: string): StateLayout {
  const at = (...parts: string[]) => path.join(root, ...parts);
  const exampleSite = at('site');
  return {
    root,
    lock: at('demo.pid'),
    exampleSite,
    passphrase: at('secrets/owner-passphrase'),
    owner: at('secrets/owner.json'),
    tokenSecret: at('secrets/token-secret'),
    mcpToken: at('secrets/mcp-token'),
    pullToken: at('secrets/pull-token'),
    webhookSecret: at('secrets/webhook-secret'),
    actorKey: at('secrets/actor.key'),
    actorPublicKey: at('secrets/actor.pub'),
    tlsKey: at('tls/server.key'),
    tlsCert: at('tls/server.crt'),
    tokens: at('tokens.json'),
    oauthState: at('oauth-proxy'),
    proxyState: at('hugo-mcp-proxy'),
    logs: at('logs'),
    log: (service) => at('logs', `${service}.log`),
    audit: (hop) => at('logs', `${hop}.audit.jsonl`),
    serverState: (site) => at('hugo-mcp-server', site === exampleSite ? 'example' : siteKey(site)),
  };
}

function siteKey(site: string): string {
  const name = path
    .basename(site)
    .replace(/[^A-Za-z0-9.-]+/g, '-')
    .slice(0, 40);
  return `${name}-${createHash('sha256').update(site).digest('hex').slice(0, 8)}`;
}

import { createHash, X509Certificate } from 'node:crypto';
import type { Hop } from '@arleo/core/errors';
import { bundle } from '../checkout.ts';
import type { Ports } from '../options.ts';
import type { StateLayout } from '../state/layout.ts';
import type { ServiceSpec } from './service-process.ts';

/** The processes of the stack, in the order in which a request passes them; the static server comes last. */
export const PROCESSES = ['oauth-proxy', 'hugo-mcp-proxy', 'hugo-mcp-server', 'site'] as const;
export type ProcessName = (typeof PROCESSES)[number];

/** Addresses of one stack. None ends in a slash but the site's. */
export interface Addresses {
  /** Where oauth-proxy listens. */
  oauthProxyUrl: string;
  /** The address that clients use: the public one, or where oauth-proxy listens. */
  issuer: string;
  mcpUrl: string;
  hugoMcpProxyUrl: string;
  hugoMcpUrl: string;
  siteUrl: string;
}

/** What the services are started with. */
export interface StackPlan {
  layout: StateLayout;
  ports: Ports;
  /** The Hugo site's folder. */
  site: string;
  /** The branch of its own repository. */
  branch: string;
  mcpToken: string;
  /** The pinned certificate, PEM. */
  certificate: string;
  /** The https address that leads to oauth-proxy from outside. */
  publicUrl?: string | undefined;
  /** Further environment by process, for tests. */
  env?: Partial<Record<ProcessName, Record<string, string>>>;
}

/** The addresses that the ports give; `publicUrl` is what leads to oauth-proxy from outside. */
export function addresses(ports: Ports, publicUrl?: string): Addresses {
  const oauthProxyUrl = `http://127.0.0.1:${ports['oauth-proxy']}`;
  const issuer = publicUrl ?? oauthProxyUrl;
  return {
    oauthProxyUrl,
    issuer,
    mcpUrl: `${issuer}/mcp`,
    hugoMcpProxyUrl: `http://127.0.0.1:${ports['hugo-mcp-proxy']}`,
    hugoMcpUrl: `https://127.0.0.1:${ports['hugo-mcp-server']}`,
    siteUrl: `http://127.0.0.1:${ports.site}/`,
  };
}

/** How each process is started; secrets go by file, so that no process list shows one. */
export function serviceSpecs(plan: StackPlan): Record<ProcessName, ServiceSpec> {
  const { layout, ports, site } = plan;
  const urls = addresses(ports, plan.publicUrl);
  const publicLink = publicLinkOf(layout, site);
  const spec = (name: ProcessName, script: string, env: Record<string, string>): ServiceSpec => ({
    name,
    script,
    logFile: layout.log(name),
    env: { ...inherited(), HOST: '127.0.0.1', PORT: String(ports[name]), ...env, ...plan.env?.[name] },
  });
  const hop = (name: Hop, env: Record<string, string>): ServiceSpec =>
    spec(name, bundle(`services/${name}`), { AUDIT_LOG: layout.audit(name), ...env });

  return {
    'oauth-proxy': hop('oauth-proxy', {
      PUBLIC_URL: urls.issuer,
      // Without a public address, which has to be https, everything stays on loopback.
      ...(plan.publicUrl === undefined && { DANGEROUSLY_ALLOW_HTTP_ISSUER: 'true' }),
      UPSTREAM_URL: urls.hugoMcpProxyUrl,
      MCP_TOKEN_FILE: layout.mcpToken,
      TOKEN_SECRET_FILE: layout.tokenSecret,
      ACTOR_KEY_FILE: layout.actorKey,
      OWNER_FILE: layout.owner,
      STATE_DIR: layout.oauthState,
    }),
    'hugo-mcp-proxy': hop('hugo-mcp-proxy', {
      UPSTREAM_URL: urls.hugoMcpUrl,
      UPSTREAM_CERT_FILE: layout.tlsCert,
      UPSTREAM_CERT_SHA256: createHash('sha256').update(new X509Certificate(plan.certificate).raw).digest('hex'),
      MCP_TOKEN_SHA256: createHash('sha256').update(plan.mcpToken).digest('hex'),
      WEBHOOK_SECRET_FILE: layout.webhookSecret,
      WEBHOOK_TOKEN_FILE: layout.pullToken,
      STATE_DIR: layout.proxyState,
      SITE_BRANCH: plan.branch,
    }),
    'hugo-mcp-server': hop('hugo-mcp-server', {
      TLS_KEY_FILE: layout.tlsKey,
      TLS_CERT_FILE: layout.tlsCert,
      TOKENS_FILE: layout.tokens,
      ACTOR_PUBLIC_KEY_FILE: layout.actorPublicKey,
      SITE_DIR: site,
      SITE_BRANCH: plan.branch,
      STATE_DIR: layout.serverState(site),
      PUBLIC_LINK: publicLink,
      // The pages' links lead to the static server, whatever address the site's configuration names.
      HUGO_BASEURL: urls.siteUrl,
    }),
    site: spec('site', bundle('scripts/demo', 'serve-site'), { PUBLIC_LINK: publicLink }),
  };
}

/** The symlink to the site's live release. */
export function publicLinkOf(layout: StateLayout, site: string): string {
  return `${layout.serverState(site)}/public`;
}

/** What a child needs of the caller's environment to find programs and folders; nothing else of it is passed on. */
function inherited(): Record<string, string> {
  const names = ['PATH', 'HOME', 'LANG', 'TMPDIR', 'LOG_LEVEL', 'HUGO_BIN', 'HUGO_CACHEDIR'];
  return Object.fromEntries(names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
}

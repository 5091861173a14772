import { HOPS, type Hop } from '@arleo/core/errors';
import { PROCESSES, type ProcessName } from './stack/services.ts';
import type { Stack } from './stack/start-stack.ts';

/** What `--json` says, for programs that talk to the demo. Holds secrets: it is for the owner's own tools. */
export interface StackInfo {
  mcp_url: string;
  issuer: string;
  owner_passphrase: string;
  site_url: string;
  site_dir: string;
  state_dir: string;
  hugo_mcp_proxy_url: string;
  hugo_mcp_url: string;
  ca_file: string;
  tokens_file: string;
  mcp_token: string;
  webhook_url: string;
  webhook_secret: string;
  audit_logs: Record<Hop, string>;
  pids: Record<ProcessName, number>;
}

/** Gathers what a running stack can be reached and checked by. */
export function stackInfo({ addresses, layout, state, service }: Stack): StackInfo {
  const of = <K extends string, V>(names: readonly K[], value: (name: K) => V) =>
    Object.fromEntries(names.map((name) => [name, value(name)])) as Record<K, V>;
  return {
    mcp_url: addresses.mcpUrl,
    issuer: addresses.issuer,
    owner_passphrase: state.passphrase,
    site_url: addresses.siteUrl,
    site_dir: state.site,
    state_dir: layout.root,
    hugo_mcp_proxy_url: addresses.hugoMcpProxyUrl,
    hugo_mcp_url: addresses.hugoMcpUrl,
    ca_file: layout.tlsCert,
    tokens_file: layout.tokens,
    mcp_token: state.mcpToken,
    webhook_url: `${addresses.hugoMcpProxyUrl}/webhook/github`,
    webhook_secret: state.webhookSecret,
    audit_logs: of(HOPS, layout.audit),
    pids: of(PROCESSES, (name) => service(name).pid),
  };
}

/** What a person is told once all is ready. */
export function describe({ addresses, layout, state }: Stack): string {
  return `
Arleo is running.

  Site          ${addresses.siteUrl}
                its files: ${state.site}
  MCP           ${addresses.mcpUrl}
  Passphrase    ${state.passphrase}   (asked for when you connect a client)

  Claude Code   claude mcp add --transport http arleo ${addresses.mcpUrl}
                then /mcp in Claude Code, choose arleo, and log in with the passphrase
  Claude.ai     ${forClaudeAi(addresses)}

  Try it        "List the pages of my site, then write a short post about spring."
  Logs          ${layout.logs}
  Stop          Ctrl-C. Secrets and pages stay in ${layout.root}

`;
}

function forClaudeAi({ issuer, oauthProxyUrl, mcpUrl }: Stack['addresses']): string {
  return issuer === oauthProxyUrl
    ? `needs a public https address that leads to ${oauthProxyUrl}, and --public-url: see README.md`
    : `Settings, Connectors, Add custom connector: ${mcpUrl} (your proxy must lead ${issuer} to ${oauthProxyUrl})`;
}

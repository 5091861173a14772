import type { AddressRanges } from '../address-ranges/known-ranges.ts';

/** A custom rule of Cloudflare's firewall, as its API takes and gives it, as far as we set it. */
export interface SkipRule {
  /** Names the rule for us; Cloudflare keeps it. */
  ref: string;
  description: string;
  expression: string;
  action: 'skip';
  action_parameters: { ruleset: 'current'; phases: string[]; products: string[] };
  enabled: true;
  logging: { enabled: true };
}

/**
 * What the two rules leave out, for exactly their requests: the owner's own custom rules after them, rate limits, Super Bot
 * Fight Mode ("Block AI bots" too), the managed firewall (a technical text is full of what it looks for), the check for browsers,
 * and what judges an address by its reputation.
 *
 * @see [Available skip options](https://developers.cloudflare.com/waf/custom-rules/skip/options/)
 */
const skipped: SkipRule['action_parameters'] = {
  ruleset: 'current',
  phases: ['http_ratelimit', 'http_request_sbfm', 'http_request_firewall_managed'],
  products: ['bic', 'rateLimit', 'securityLevel', 'uaBlock', 'waf'],
};

/** What Claude calls: the endpoint with and without a slash, the OAuth endpoints of programs, and every discovery document. */
const CLAUDE_PATHS = [
  '/mcp',
  '/mcp/',
  '/register',
  '/token',
  '/revoke',
  '/jwks',
  '/.well-known/oauth-protected-resource',
  '/.well-known/oauth-protected-resource/mcp',
  '/.well-known/oauth-authorization-server',
  '/.well-known/oauth-authorization-server/mcp',
  '/.well-known/openid-configuration',
  '/.well-known/openid-configuration/mcp',
  '/mcp/.well-known/openid-configuration',
];

/**
 * The rules that let Claude and GitHub through to a host, and nobody else anywhere. The owner's browser (login, consent) is
 * treated as every visitor: it can answer a challenge.
 */
export function skipRules(host: string, ranges: AddressRanges): SkipRule[] {
  const rule = (ref: string, description: string, condition: string): SkipRule => ({
    ref,
    description,
    expression: `(http.host eq "${host}" and ${condition})`,
    action: 'skip',
    action_parameters: skipped,
    enabled: true,
    logging: { enabled: true },
  });
  const among = (list: readonly string[]): string => `{${list.join(' ')}}`;
  const claude = `http.request.uri.path in ${among(CLAUDE_PATHS.map((path) => `"${path}"`))} and ip.src in ${among(ranges.anthropic)}`;
  const github = `http.request.method eq "POST" and http.request.uri.path eq "/webhook/github" and ip.src in ${among(ranges['github.hooks'])}`;
  return [
    rule('arleo_claude', 'Arleo: Claude calls the MCP endpoint and its OAuth endpoints', claude),
    rule('arleo_github', 'Arleo: GitHub delivers webhooks', github),
  ];
}

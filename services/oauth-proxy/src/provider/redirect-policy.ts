import { CLAUDE_CALLBACKS } from './claude-callbacks.ts';
import { isLoopbackHost, redirectUriProblem } from './redirect-uri.ts';

/** As many redirect URIs as a client may register. */
const maxUris = 10;

/**
 * Where the clients that the project knows are called back: `host/path`, where a last part `*` stands for one word. Paths and not
 * whole hosts: the owner sees the host, and somewhere on a large one there may be a page that hands on what it is given.
 */
const KNOWN_ADDRESSES = [
  ...CLAUDE_CALLBACKS.map((uri) => uri.slice('https://'.length)),
  'chatgpt.com/connector/oauth/*',
  'chatgpt.com/connector_platform_oauth_redirect',
  'vscode.dev/redirect',
  // What VS Code and Cursor register beside it, in the same request: one that is refused would refuse all.
  'insiders.vscode.dev/redirect',
  'www.cursor.com/agents/mcp/oauth/callback',
];

/** The same for apps with a scheme of their own: whole URIs. */
const KNOWN_APP_URIS = ['cursor://anysphere.cursor-mcp/oauth/callback'];

/** Where codes may be sent to. */
export interface RedirectPolicy {
  /** What is wrong with a redirect URI, or undefined. Says which setting would allow it, if one would. */
  problem(uri: unknown): string | undefined;
}

/** What the owner allows beyond the clients that are known. */
export interface RedirectAllowance {
  /** `host[:port]`, any path of it, or `host[:port]/path`, exactly that without a query; `/*` at the end is one word. */
  hosts: readonly string[];
  /** Schemes of apps, without colon. */
  schemes: readonly string[];
}

/**
 * The rules for redirect URIs that clients bring themselves: loopback on any port (whoever listens there has the owner's
 * machine already), the callbacks of known clients, and what the owner adds.
 *
 * @see [RFC 9700 section 4.1.3](https://www.rfc-editor.org/rfc/rfc9700#section-4.1.3)
 */
export function createRedirectPolicy({ hosts, schemes }: RedirectAllowance): RedirectPolicy {
  const addresses = [...KNOWN_ADDRESSES, ...hosts];
  return {
    problem(uri) {
      const problem = redirectUriProblem(uri);
      if (problem !== undefined || typeof uri !== 'string') return problem;
      const url = new URL(uri);
      if (url.protocol === 'http:' && isLoopbackHost(url.hostname)) return undefined;
      if (url.protocol === 'https:') {
        if (addresses.some((address) => isAt(url, address))) return undefined;
        return `is not allowed here; the owner of this server can set REDIRECT_HOSTS=${addressOf(url)}`;
      }
      const scheme = url.protocol.slice(0, -1);
      if (schemes.includes(scheme) || KNOWN_APP_URIS.includes(uri)) return undefined;
      return `is not allowed here; the owner of this server can set REDIRECT_SCHEMES=${scheme}`;
    },
  };
}

/** What is wrong with the redirect URIs of a registration, or undefined. */
export function redirectUrisProblem(uris: unknown, policy: RedirectPolicy): string | undefined {
  if (!Array.isArray(uris) || uris.length === 0) return 'redirect_uris must be a list with at least one URI';
  if (uris.length > maxUris) return `redirect_uris may have at most ${maxUris} members`;
  for (const uri of uris) {
    const problem = policy.problem(uri);
    if (problem) return `redirect_uris: ${typeof uri === 'string' ? uri.slice(0, 100) : 'a member'} ${problem}`;
  }
  return undefined;
}

/** A host with its port, and a path if there is one, as {@link RedirectAllowance} has them. */
export const REDIRECT_ADDRESS = /^[a-z0-9_-]+(\.[a-z0-9_-]+)*(:\d{1,5})?(\/[\w\-.~%!$&'()+;=:@/]*((?<=\/)\*)?)?$/;

function isAt(url: URL, address: string): boolean {
  const slash = address.indexOf('/');
  if (slash === -1) return url.host === address;
  if (url.host !== address.slice(0, slash) || url.search !== '') return false;
  const path = address.slice(slash);
  if (!path.endsWith('/*')) return url.pathname === path;
  const parent = path.slice(0, -1);
  return url.pathname.startsWith(parent) && /^[\w-]+$/.test(url.pathname.slice(parent.length));
}

/** The narrowest setting that allows the URL. */
function addressOf({ host, pathname, search }: URL): string {
  const address = `${host}${pathname}`;
  return search === '' && REDIRECT_ADDRESS.test(address) ? address : host;
}

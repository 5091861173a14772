import { isIP } from 'node:net';
import { UsageError } from '../usage-error.ts';

const EXAMPLE = 'For example: arleo doctor https://mcp.example.org/mcp';

/**
 * The MCP endpoint that is meant: https, or http on loopback alone; `/mcp` if there is no path. Nothing else is ever called.
 *
 * @throws {@link UsageError}
 */
export function readTarget(text: string): URL {
  if (!URL.canParse(text)) throw new UsageError('The address is no URL.', EXAMPLE);
  const url = new URL(text);
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    throw new UsageError('The address is neither https nor http.', EXAMPLE);
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw new UsageError('http is for loopback alone: tokens would travel in the clear.', EXAMPLE);
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new UsageError('The address has a user, a query or a fragment.', EXAMPLE);
  }
  if (url.pathname === '/') url.pathname = '/mcp';
  return url;
}

/** The address that is called in the place of those in DNS. @throws {@link UsageError} */
export function readAddress(text: string): string {
  if (isIP(text) === 0) {
    throw new UsageError(
      '--address is no IP address.',
      'Give the one of the host, such as 192.0.2.10 or 2001:db8::10.',
    );
  }
  return text;
}

/** True for the names and addresses of this machine itself. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}

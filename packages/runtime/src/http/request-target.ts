import type { IncomingMessage } from 'node:http';

/** Where a request goes, in the one spelling that everything behind the edge sees. */
export interface RequestTarget {
  path: string;
  /** With its question mark; empty if there is none. */
  query: string;
}

/**
 * The target of a request: its path without one slash at the end, as people type it, and otherwise as it was sent. What
 * compares paths behind here compares them whole: other letters, a second slash or percent-encoding make another path.
 * The absolute form (RFC 9112 section 3.2.2) becomes the path that it means.
 *
 * @returns undefined for what URL parsers read in more than one way: characters that no URI has (Node's own parser cuts
 *   blanks and a fragment off the end), or an authority beside another Host
 */
export function requestTarget({ url = '', headers }: IncomingMessage): RequestTarget | undefined {
  const authority = /^https?:\/\/([^/?]*)/i.exec(url);
  if (authority && authority[1]?.toLowerCase() !== headers.host?.toLowerCase()) return undefined;
  const sent = authority ? url.slice(authority[0].length).replace(/^(?!\/)/, '/') : url;
  const parts = /^(\/[!"$->@-[\]-~]*)(\?[!"$-~]*)?$/.exec(sent);
  if (!parts) return undefined;
  const [, path = '', query = ''] = parts;
  return { path: path.replace(/([^/])\/$/, '$1'), query };
}

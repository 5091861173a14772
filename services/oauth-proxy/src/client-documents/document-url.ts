import { ArleoError } from '@arleo/core/errors';

/** Longer ones are no addresses that somebody would publish. */
const maxLength = 500;

/** A name with a dot: never an address, and nothing that only a local network knows by one word. */
const publicName = /^(?:[a-z0-9-]{1,63}\.)+(?=[a-z0-9-]*[a-z])[a-z0-9-]{2,63}$/;

/** True for a client id that can only be the address of a document. */
export function isDocumentId(clientId: string): boolean {
  return clientId.startsWith('https://');
}

/**
 * The address that a client id is. It has to be written in the one way that parsers give it back, so that one document has one
 * id, and to be at the port where certificates are worth something.
 *
 * @throws {@link ArleoError} `client_document_url`
 */
export function documentUrl(clientId: string): URL {
  const url = clientId.length <= maxLength && URL.canParse(clientId) ? new URL(clientId) : undefined;
  const problem =
    url === undefined || url.href !== clientId || clientId.includes('#')
      ? `must be a plain https address of at most ${maxLength} characters`
      : (hostProblem(url) ?? (url.pathname === '/' ? 'must have a path' : undefined));
  if (url !== undefined && problem === undefined) return url;
  throw new ArleoError('client_document_url', `The address of the document ${problem}.`);
}

/** What is wrong with the host of a document, or undefined. */
export function hostProblem({ protocol, hostname, port, username, password, hash }: URL): string | undefined {
  if (protocol !== 'https:' || port !== '') return 'must be https on port 443';
  if (username !== '' || password !== '' || hash !== '') return 'must have no user, password or fragment';
  if (!publicName.test(hostname)) return 'must name a public host';
  return undefined;
}

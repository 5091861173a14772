/**
 * How a client came to be known here: set up by the owner (`CLIENT_ID`), registered by itself (RFC 7591), or by a document at
 * the address that is its id, whose host is as good as the certificate that it was fetched by.
 */
export type ClientOrigin = { kind: 'owner' } | { kind: 'registered' } | { kind: 'document'; host: string };

/** @param preregisteredId `CLIENT_ID`, if there is one */
export function clientOrigin(clientId: string, preregisteredId: string | undefined): ClientOrigin {
  if (clientId === preregisteredId) return { kind: 'owner' };
  if (!clientId.startsWith('https://') || !URL.canParse(clientId)) return { kind: 'registered' };
  return { kind: 'document', host: new URL(clientId).host };
}

import { ArleoError } from '@arleo/core/errors';
import type { AdapterPayload } from 'oidc-provider';
import type { ClientRedirects } from '../provider/client-redirects.ts';
import { registrationMetadata } from '../provider/registration.ts';
import type { ClientDocument } from './read-document.ts';

/**
 * The client metadata for a document: a public client with those of its redirect URIs that this server allows. The others are
 * left out, and refused when they are used: a vendor who adds one must not end the connections that there are.
 *
 * @throws {@link ArleoError} `client_document_redirects` if none is allowed
 */
export function documentMetadata(id: string, document: ClientDocument, redirects: ClientRedirects): AdapterPayload {
  const problems = document.redirectUris.map((uri) => redirects.problem(id, uri));
  const allowed = document.redirectUris.filter((_uri, index) => problems[index] === undefined);
  if (allowed.length === 0) {
    throw new ArleoError('client_document_redirects', `The document’s redirect URI ${problems[0]}.`);
  }
  return {
    client_id: id,
    ...registrationMetadata({
      client_name: document.name,
      redirect_uris: allowed,
      token_endpoint_auth_method: 'none',
    }),
  };
}

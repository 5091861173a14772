import { ArleoError } from '@arleo/core/errors';
import { redirectUriProblem } from '../provider/redirect-uri.ts';

/** What is used of a document. Whether its redirect URIs are allowed here is another question: their form is good. */
export interface ClientDocument {
  /** The name that the client gives itself. */
  name?: string;
  redirectUris: readonly string[];
}

/**
 * Reads the document of a client.
 *
 * @param id the client's id, which is the document's address
 * @throws {@link ArleoError} `client_document_invalid`
 * @see [OAuth Client ID Metadata Document](https://datatracker.ietf.org/doc/draft-ietf-oauth-client-id-metadata-document/)
 */
export function readDocument(id: string, text: string): ClientDocument {
  const document = objectIn(text);
  if (document.client_id !== id) throw invalid('names another client_id than its own address');
  if ('client_secret' in document || 'client_secret_expires_at' in document) throw invalid('has a client_secret');
  if (!isPublicClient(document)) throw invalid('asks for a token_endpoint_auth_method other than none');
  if (!lists(document.grant_types, 'authorization_code')) throw invalid('lacks the grant type authorization_code');
  if (!lists(document.response_types, 'code')) throw invalid('lacks the response type code');
  const { redirect_uris, client_name } = document;
  if (!Array.isArray(redirect_uris) || redirect_uris.length === 0) throw invalid('has no list of redirect_uris');
  const proper = redirect_uris.filter((uri) => redirectUriProblem(uri) === undefined);
  if (proper.length === 0) throw invalid(`has a redirect URI that ${redirectUriProblem(redirect_uris[0])}`);
  return { ...(typeof client_name === 'string' && { name: client_name.slice(0, 200) }), redirectUris: proper };
}

function invalid(problem: string): ArleoError {
  return new ArleoError('client_document_invalid', `The document ${problem}.`);
}

function objectIn(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalid('is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid('is not a JSON object');
  return value as Record<string, unknown>;
}

/**
 * ChatGPT's document would rather sign (`private_key_jwt`) and lists `none` among what it can do. A secret has no place in a
 * document that everybody can read.
 */
function isPublicClient(document: Record<string, unknown>): boolean {
  const { token_endpoint_auth_method: method, token_endpoint_auth_methods_supported: methods } = document;
  if (method === undefined || method === 'none') return true;
  return method === 'private_key_jwt' && Array.isArray(methods) && methods.includes('none');
}

/** True if there is no list, or it has the member. */
function lists(list: unknown, member: string): boolean {
  return list === undefined || (Array.isArray(list) && list.includes(member));
}

import { DEFAULT_SCOPE } from '../provider/resource.ts';

/** Where the protected resource metadata of the MCP endpoint stands (RFC 9728 section 3.1). */
export function resourceMetadataUrl(issuer: string): string {
  return `${issuer}/.well-known/oauth-protected-resource/mcp`;
}

/** What the sender of a token in the query is told. */
export const IN_QUERY = 'An access token belongs into the Authorization header, never into the URL.';

/**
 * The `WWW-Authenticate` values of 401 answers, and of the 400 for a token in the query. A request without a token gets
 * no error code (RFC 6750 section 3.1): it has done nothing wrong.
 */
export function challenges(issuer: string): { missing: string; invalid: string; inQuery: string } {
  const rest = `resource_metadata="${resourceMetadataUrl(issuer)}", scope="${DEFAULT_SCOPE}"`;
  const description = 'The access token is expired, revoked, malformed or not for this resource';
  return {
    missing: `Bearer ${rest}`,
    invalid: `Bearer error="invalid_token", error_description="${description}", ${rest}`,
    inQuery: `Bearer error="invalid_request", error_description="${IN_QUERY}", ${rest}`,
  };
}

/**
 * Adds where to get a token with more scopes to the 403 `insufficient_scope` of hugo-mcp-server, which does not know
 * the public address. Other answers pass as they are.
 */
export function addResourceMetadata(issuer: string): (status: number, headers: string[]) => string[] {
  return (status, headers) => {
    if (status !== 403) return headers;
    for (let index = 0; index < headers.length; index += 2) {
      const value = headers[index + 1] ?? '';
      if (headers[index] === 'www-authenticate' && /^Bearer\b/i.test(value)) {
        headers[index + 1] = `${value}, resource_metadata="${resourceMetadataUrl(issuer)}"`;
      }
    }
    return headers;
  };
}

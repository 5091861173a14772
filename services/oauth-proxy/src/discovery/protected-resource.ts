import { SCOPES } from '@arleo/core/scopes';

/**
 * The protected resource metadata: which authorization server guards the MCP endpoint.
 *
 * @see [RFC 9728 section 2](https://www.rfc-editor.org/rfc/rfc9728#section-2)
 */
export function protectedResourceMetadata(issuer: string, mcpUrl: string): Record<string, unknown> {
  return {
    resource: mcpUrl,
    authorization_servers: [issuer],
    scopes_supported: SCOPES,
    bearer_methods_supported: ['header'],
    resource_name: 'Arleo',
  };
}

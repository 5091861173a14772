import { SCOPES } from '@arleo/core/scopes';
import { ACCESS_TOKEN_SECONDS } from '@arleo/core/signing-keys/key-set';
import type { ResourceServer } from 'oidc-provider';

/** What the owner is offered to grant to a client that asks for no scope: everything, each of it can be unticked. */
export const DEFAULT_SCOPE = SCOPES.join(' ');

/** Scopes that may be asked for; `mcp` is the one of the system before, it means read and write. */
export const OFFERED_SCOPES: readonly string[] = [...SCOPES, 'mcp'];

/** True if `resource` is the MCP URL; one trailing slash more or less is the same (clients differ in it). */
export function isSameResource(resource: string, mcpUrl: string): boolean {
  return resource.replace(/\/$/, '') === mcpUrl.replace(/\/$/, '');
}

/**
 * Gives every `resource` that means the MCP URL its one spelling, once: a client that leaves the slash away in one request and
 * not in the next asks for the same thing, but oidc-provider compares to the byte.
 */
export function canonicalResources(parameters: URLSearchParams, mcpUrl: string): void {
  const named = parameters.getAll('resource').map((one) => (isSameResource(one, mcpUrl) ? mcpUrl : one));
  parameters.delete('resource');
  for (const resource of new Set(named)) parameters.append('resource', resource);
}

/** The MCP endpoint as oidc-provider wants it: JWT access tokens (RFC 9068) for exactly this audience (RFC 8707). */
export function resourceServer(mcpUrl: string): ResourceServer {
  return {
    audience: mcpUrl,
    scope: OFFERED_SCOPES.join(' '),
    accessTokenFormat: 'jwt',
    accessTokenTTL: ACCESS_TOKEN_SECONDS,
    jwt: { sign: { alg: 'ES256' } },
  };
}

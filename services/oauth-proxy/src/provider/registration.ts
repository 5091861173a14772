import { isLoopbackHost } from './redirect-uri.ts';

/** What of a registration is looked at (RFC 7591 section 2); anything else is ignored, as it says a server may. */
const passed = ['client_name', 'client_uri', 'redirect_uris', 'token_endpoint_auth_method'] as const;

const grants = ['authorization_code', 'refresh_token'];

/**
 * The client metadata that is registered for a request: only what this server knows, grants that it has, and `native` for
 * clients that listen on loopback, which may then come back on any port (RFC 8252 section 7.3).
 *
 * `scope` is not registered: it would keep a client from asking for more later, after a 403 `insufficient_scope`. What a
 * client may do is what the owner ticks, each time.
 */
export function registrationMetadata(request: Record<string, unknown>): Record<string, unknown> {
  const metadata: Record<string, unknown> = {};
  for (const name of passed) if (request[name] !== undefined) metadata[name] = request[name];
  metadata.token_endpoint_auth_method ??= 'client_secret_basic';
  metadata.response_types = ['code'];
  metadata.grant_types = grants;
  metadata.application_type = usesLoopback(request.redirect_uris) ? 'native' : 'web';
  return metadata;
}

function usesLoopback(uris: unknown): boolean {
  return (
    Array.isArray(uris) &&
    uris.some((uri) => typeof uri === 'string' && URL.canParse(uri) && isLoopbackHost(new URL(uri).hostname))
  );
}

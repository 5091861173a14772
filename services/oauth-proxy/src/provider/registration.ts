import { isLoopbackHost } from './redirect-uri.ts';

/** What of a registration is looked at (RFC 7591 section 2); anything else is ignored, as it says a server may. */
const passed = ['client_name', 'client_uri', 'redirect_uris', 'token_endpoint_auth_method'] as const;

const grants = ['authorization_code', 'refresh_token'];

/**
 * The client metadata that is registered for a request: only what this server knows, grants that it has, and `native` for
 * clients that run on the owner's own device: by loopback, where they may come back on any port (RFC 8252 section 7.3), or by
 * a scheme of their own.
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
  metadata.application_type = runsOnDevice(request.redirect_uris) ? 'native' : 'web';
  return metadata;
}

/** True if one of the URIs leads to loopback or an app. */
export function runsOnDevice(uris: unknown): boolean {
  if (!Array.isArray(uris)) return false;
  return uris.some((uri) => {
    if (typeof uri !== 'string' || !URL.canParse(uri)) return false;
    const { protocol, hostname } = new URL(uri);
    return isLoopbackHost(hostname) || (protocol !== 'https:' && protocol !== 'http:');
  });
}

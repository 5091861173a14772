import { CLAUDE_CALLBACKS } from './claude-callbacks.ts';
import { runsOnDevice } from './registration.ts';

/** The client that the owner set up by hand: `CLIENT_ID`, `CLIENT_SECRET`, for the fields that Claude's dialog has for them. */
export interface PreregisteredClient {
  id: string;
  secret: string;
  /** Redirect URIs beyond {@link CLAUDE_CALLBACKS}. */
  redirectUris: readonly string[];
}

/**
 * The client's metadata. It authenticates by its secret, in the header or in the body as it likes: oidc-provider takes both for
 * either method, and compares in constant time.
 */
export function preregisteredMetadata({ id, secret, redirectUris }: PreregisteredClient) {
  const redirect_uris = [...CLAUDE_CALLBACKS, ...redirectUris];
  return {
    client_id: id,
    client_secret: secret,
    token_endpoint_auth_method: 'client_secret_basic' as const,
    redirect_uris,
    response_types: ['code' as const],
    grant_types: ['authorization_code', 'refresh_token'],
    application_type: runsOnDevice(redirect_uris) ? ('native' as const) : ('web' as const),
  };
}

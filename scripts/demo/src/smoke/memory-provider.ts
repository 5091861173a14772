import { randomBytes } from 'node:crypto';

/**
 * The OAuth side of a client that keeps everything in memory; both generations of the SDK take it as their
 * `OAuthClientProvider`.
 */
export class MemoryProvider {
  readonly redirectUrl: string;
  readonly clientMetadata: {
    client_name: string;
    redirect_uris: string[];
    grant_types: string[];
    response_types: string[];
    token_endpoint_auth_method: string;
    scope?: string;
  };
  /** Set when the SDK wants the owner to be asked. */
  authorizationUrl: URL | undefined;
  readonly #state = randomBytes(16).toString('base64url');
  // biome-ignore lint/suspicious/noExplicitAny: each SDK brings its own types for the same RFC 7591 and RFC 6749 objects
  #client: any;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  #tokens: any;
  // biome-ignore lint/suspicious/noExplicitAny: as above
  #discovery: any;
  #verifier = '';

  constructor(name: string, redirectUrl = 'http://127.0.0.1:33418/callback', scope?: string) {
    this.redirectUrl = redirectUrl;
    this.clientMetadata = {
      client_name: name,
      redirect_uris: [redirectUrl],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: 'none',
      ...(scope !== undefined && { scope }),
    };
  }

  state() {
    return this.#state;
  }
  clientInformation() {
    return this.#client;
  }
  saveClientInformation(client: unknown) {
    this.#client = client;
  }
  tokens() {
    return this.#tokens;
  }
  saveTokens(tokens: unknown) {
    this.#tokens = tokens;
  }
  redirectToAuthorization(url: URL) {
    this.authorizationUrl = url;
  }
  saveCodeVerifier(verifier: string) {
    this.#verifier = verifier;
  }
  codeVerifier() {
    return this.#verifier;
  }
  saveDiscoveryState(state: unknown) {
    this.#discovery = state;
  }
  discoveryState() {
    return this.#discovery;
  }
}

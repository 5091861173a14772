import type { PreregisteredClient } from './preregistered-client.ts';
import type { RedirectPolicy } from './redirect-policy.ts';

/** What the authorization server is told of its place in the world. */
export interface OauthConfig {
  /** `PUBLIC_URL`, without trailing slash; stands byte for byte in every document, token and answer. */
  issuer: string;
  /** The protected resource: `issuer` + `/mcp`. */
  mcpUrl: string;
  /** Cookies are `Secure` (https); false only on loopback. */
  secure: boolean;
  /** `TOKEN_SECRET`: the keys of cookies and form tokens are derived from it. */
  tokenSecret: string;
  /** Requests in a minute from one address where nobody is authenticated. */
  perAddressPerMinute: number;
  /** The client that the owner set up, if there is one. */
  preregistered?: PreregisteredClient | undefined;
  /** Clients may be known by a document at the address that is their id. */
  clientDocuments: boolean;
  /** Where clients that bring their redirect URIs themselves may have codes sent to. */
  redirects: RedirectPolicy;
}

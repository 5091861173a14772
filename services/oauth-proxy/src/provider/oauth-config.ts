import type { PreregisteredClient } from './preregistered-client.ts';
import type { RedirectPolicy } from './redirect-policy.ts';

/** What one client address may do where nobody is authenticated; each endpoint or group of them counts for itself. */
export interface AddressLimits {
  /** Requests to the pages for people in a minute, and requests that fail. */
  perMinute: number;
  /** Requests of programs in a minute: discovery, and tokens. Claude makes those of all its users from a few addresses. */
  programsPerMinute: number;
  /** Registrations in an hour: fewer than there are places for clients that were never used. */
  registrationsPerHour: number;
}

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
  /** What one client address may do where nobody is authenticated. */
  limits: AddressLimits;
  /** The client that the owner set up, if there is one. */
  preregistered?: PreregisteredClient | undefined;
  /** Clients may be known by a document at the address that is their id. */
  clientDocuments: boolean;
  /** Where clients that bring their redirect URIs themselves may have codes sent to. */
  redirects: RedirectPolicy;
}

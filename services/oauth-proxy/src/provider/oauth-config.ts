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
}

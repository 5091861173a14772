import type { KoaContextWithOIDC, Provider } from 'oidc-provider';
import { clientOrigin } from './client-origin.ts';
import type { RedirectPolicy } from './redirect-policy.ts';
import { redirectUriProblem } from './redirect-uri.ts';

/** Which redirect URIs a client may use, whatever it once registered. */
export interface ClientRedirects {
  /** What is wrong with a redirect URI of this client, or undefined. */
  problem(clientId: string, uri: string): string | undefined;
  /** True if a browser may be sent there with nobody having looked at it. */
  trusted(clientId: string, uri: string): boolean;
}

/**
 * The owner's own client may use what the owner listed; a client with a document, beside what the policy allows, the origin
 * that its id is at: nobody but that origin's owner can have put the document there, and it is the host that the consent page
 * shows. Such an origin can be anybody's, though, so no browser is sent there before the owner has seen it.
 */
export function createClientRedirects(policy: RedirectPolicy, preregisteredId: string | undefined): ClientRedirects {
  const trustedProblem = (clientId: string, uri: string): string | undefined =>
    clientOrigin(clientId, preregisteredId).kind === 'owner' ? redirectUriProblem(uri) : policy.problem(uri);
  return {
    problem(clientId, uri) {
      const ownOrigin =
        clientOrigin(clientId, preregisteredId).kind === 'document' &&
        redirectUriProblem(uri) === undefined &&
        new URL(uri).origin === new URL(clientId).origin;
      return ownOrigin ? undefined : trustedProblem(clientId, uri);
    },
    trusted: (clientId, uri) => trustedProblem(clientId, uri) === undefined,
  };
}

/**
 * Holds oidc-provider to these rules: a redirect URI that is allowed no more is refused for a client that registered it when
 * it was, and an authorization request that cannot be served leads to a page, not to a redirect, unless the target is trusted.
 * Else a link to this server would lead anybody anywhere.
 *
 * @see [RFC 9700 section 4.11.2](https://www.rfc-editor.org/rfc/rfc9700#section-4.11.2)
 */
export function guardRedirects(provider: Provider, redirects: ClientRedirects): void {
  const { prototype } = provider.Client;
  const registered = prototype.redirectUriAllowed;
  prototype.redirectUriAllowed = function (uri) {
    return registered.call(this, uri) && redirects.problem(this.clientId, uri) === undefined;
  };
  const keepHere = (ctx: KoaContextWithOIDC, error: Error & { allow_redirect?: boolean }): void => {
    // On the way back from the pages the owner has seen where it leads.
    if (ctx.oidc?.route !== 'authorization') return;
    const { client_id, redirect_uri } = ctx.oidc.params ?? {};
    if (!redirects.trusted(String(client_id), String(redirect_uri))) error.allow_redirect = false;
  };
  provider.on('authorization.error', keepHere);
  provider.on('server_error', keepHere);
}

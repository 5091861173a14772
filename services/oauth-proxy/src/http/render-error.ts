import type { KoaContextWithOIDC } from 'oidc-provider';
import { ClientDocumentRefused } from '../client-documents/document-adapters.ts';
import { type ErrorPage, errorPage } from '../pages/error-page.ts';
import { preferredLanguage } from '../pages/texts.ts';
import type { ClientRedirects } from '../provider/client-redirects.ts';
import type { OauthConfig } from '../provider/oauth-config.ts';
import { requestFacts } from '../provider/request-facts.ts';
import { StateUnavailable } from '../state/state-unavailable.ts';
import { pageHeaders } from './page-response.ts';

const problems: Readonly<Record<string, ErrorPage['problem']>> = {
  invalid_client: 'unknownClient',
  invalid_redirect_uri: 'wrongRedirect',
};

/** Shows a person what is wrong with a request that must not be redirected anywhere. */
export function createRenderError({ issuer }: OauthConfig, redirects: ClientRedirects) {
  const site = new URL(issuer).host;
  return (
    ctx: KoaContextWithOIDC,
    out: { error: string; error_description?: string | undefined },
    error: Error,
  ): void => {
    const expired = error.name === 'SessionNotFound';
    const unavailable = error instanceof StateUnavailable;
    const { client_id, redirect_uri } = ctx.oidc?.params ?? {};
    const refused =
      out.error === 'invalid_redirect_uri' && redirect_uri
        ? redirects.problem(String(client_id), String(redirect_uri))
        : undefined;
    const document = error instanceof ClientDocumentRefused;
    // What was to be a redirect is a page here, and a 401 would have to tell a browser how to log in.
    if (ctx.status < 400 || ctx.status === 401) ctx.status = 400;
    ctx.type = 'html';
    ctx.set(pageHeaders());
    ctx.body = errorPage({
      language: preferredLanguage(ctx.get('accept-language')),
      site,
      problem: expired
        ? 'expired'
        : unavailable
          ? 'unavailable'
          : document
            ? 'clientDocument'
            : (problems[out.error] ?? 'brokenRequest'),
      ...(document && { subject: [String(client_id), out.error_description ?? ''] }),
      details: [
        `${out.error}${out.error_description ? `: ${out.error_description}` : ''}`,
        ...(refused === undefined ? [] : [`redirect_uri ${refused}`]),
        `request ${requestFacts(ctx.req).request_id ?? ''}`,
      ],
    });
  };
}

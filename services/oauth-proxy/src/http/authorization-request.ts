import type { RequestHandler } from 'express';
import { errorPage } from '../pages/error-page.ts';
import { preferredLanguage } from '../pages/texts.ts';
import { requestedScopes } from '../provider/grant.ts';
import { canonicalResources } from '../provider/resource.ts';
import { onlyOfferedResponseModes } from '../provider/response-modes.ts';
import { sendPage } from './page-response.ts';

/** As long as the query may be, in bytes: all of it is kept until the owner has answered, whoever sent it. */
const QUERY_BYTES = 4 * 1024;

/**
 * Prepares an authorization request for oidc-provider. One that asks for no scope (or none that exists here) gets the
 * default one, so that consent always is about something; one that asks to stay connected has the owner asked for it; the
 * resource is named as the grant will name it; a response mode that is not offered is refused, and so is a query of more than
 * {@link QUERY_BYTES}.
 *
 * @param site the issuer's host, for the page
 */
export function prepareAuthorization(mcpUrl: string, site: string): RequestHandler {
  return (request, response, next) => {
    // Not split('?'): a query may have further question marks (RFC 3986 section 3.4), in `state` for one.
    const start = request.url.indexOf('?');
    if (start !== -1 && request.url.length - start > QUERY_BYTES) {
      const language = preferredLanguage(request.headers['accept-language']);
      const details = [`invalid_request: the query is longer than ${QUERY_BYTES} bytes`];
      return sendPage(response, 414, errorPage({ language, site, problem: 'brokenRequest', details }));
    }
    const path = start === -1 ? request.url : request.url.slice(0, start);
    const parameters = new URLSearchParams(start === -1 ? '' : request.url.slice(start));
    if (parameters.getAll('scope').length <= 1) {
      parameters.set('scope', requestedScopes(parameters.get('scope') ?? undefined).join(' '));
    }
    // Without it oidc-provider drops the scope, and the owner would not be asked for what every client gets.
    const stays = parameters.get('scope')?.split(' ').includes('offline_access') === true;
    if (stays && !parameters.has('prompt')) parameters.set('prompt', 'consent');
    canonicalResources(parameters, mcpUrl);
    onlyOfferedResponseModes(parameters);
    request.url = `${path}?${parameters}`;
    next();
  };
}

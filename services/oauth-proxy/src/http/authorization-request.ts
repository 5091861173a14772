import type { RequestHandler } from 'express';
import { requestedScopes } from '../provider/grant.ts';
import { canonicalResources } from '../provider/resource.ts';
import { onlyOfferedResponseModes } from '../provider/response-modes.ts';

/**
 * Prepares an authorization request for oidc-provider. One that asks for no scope (or none that exists here) gets the
 * default one, so that consent always is about something; one that asks to stay connected has the owner asked for it; the resource is named as the grant will name it; a
 * response mode that is not offered is refused.
 */
export function prepareAuthorization(mcpUrl: string): RequestHandler {
  return (request, _response, next) => {
    // Not split('?'): a query may have further question marks (RFC 3986 section 3.4), in `state` for one.
    const start = request.url.indexOf('?');
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

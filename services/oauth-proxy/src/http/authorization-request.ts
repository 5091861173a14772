import type { RequestHandler } from 'express';
import { requestedScopes } from '../provider/grant.ts';

/**
 * Gives an authorization request that asks for no scope (or none that exists here) the default one, so that consent
 * always is about something.
 */
export const defaultScope: RequestHandler = (request, _response, next) => {
  const [path, query = ''] = request.url.split('?');
  const parameters = new URLSearchParams(query);
  if (parameters.getAll('scope').length <= 1) {
    parameters.set('scope', requestedScopes(parameters.get('scope') ?? undefined).join(' '));
    request.url = `${path}?${parameters}`;
  }
  next();
};

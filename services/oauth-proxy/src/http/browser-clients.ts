import type { RequestHandler } from 'express';

/**
 * Opens an endpoint to clients that run in a web page, such as inspectors (CORS). Any origin may call it, always without
 * credentials: nothing here looks at a cookie, so a page can do no more than a program can. The pages for people are not
 * among these endpoints.
 */
export function openToBrowserClients(method: 'GET' | 'POST'): RequestHandler {
  return (request, response, next) => {
    response.setHeader('Access-Control-Allow-Origin', '*');
    response.setHeader('Access-Control-Expose-Headers', 'WWW-Authenticate, Retry-After, X-Request-Id');
    if (request.method !== 'OPTIONS') return next();
    response.setHeader('Access-Control-Allow-Methods', method);
    response.setHeader('Access-Control-Allow-Headers', 'Authorization, Content-Type, MCP-Protocol-Version');
    response.setHeader('Access-Control-Max-Age', '3600');
    response.status(204).end();
  };
}

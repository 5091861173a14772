import type { KoaContextWithOIDC } from 'oidc-provider';
import { type RedirectPolicy, redirectUrisProblem } from './redirect-policy.ts';
import { registrationMetadata } from './registration.ts';
import { readBody, replaceBody } from './request-body.ts';

const maxBytes = 32 * 1024;

/**
 * Koa middleware in front of oidc-provider's registration: reads the request, checks its redirect URIs, and hands on
 * only the metadata that this server registers. Errors as in RFC 7591 section 3.2.2.
 */
export function createRegistrationReader(policy: RedirectPolicy) {
  return async (ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> => {
    if (ctx.path !== '/register' || ctx.method !== 'POST' || !ctx.is('application/json')) return next();
    const body = await readBody(ctx, maxBytes);
    if (body === undefined)
      return refuse(ctx, 'invalid_client_metadata', `the request is larger than ${maxBytes} bytes`);
    const request = objectIn(body);
    if (request === undefined) {
      replaceBody(ctx, body);
      return next();
    }
    const problem = redirectUrisProblem(request.redirect_uris, policy);
    if (problem) return refuse(ctx, 'invalid_redirect_uri', problem);
    replaceBody(ctx, Buffer.from(JSON.stringify(registrationMetadata(request))));
    await next();
  };
}

function refuse(ctx: KoaContextWithOIDC, error: string, description: string): void {
  ctx.status = 400;
  ctx.set('Cache-Control', 'no-store');
  ctx.body = { error, error_description: description };
}

/** The JSON object in the body; undefined lets oidc-provider say what is wrong with it. */
function objectIn(body: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body.toString());
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

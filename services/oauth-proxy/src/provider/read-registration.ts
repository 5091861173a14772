import { errors, type KoaContextWithOIDC } from 'oidc-provider';
import { type RedirectPolicy, redirectUrisProblem } from './redirect-policy.ts';
import { registrationMetadata } from './registration.ts';
import { readBody, replaceBody } from './request-body.ts';

const maxBytes = 32 * 1024;

/**
 * Koa middleware in front of oidc-provider's registration: reads the request, checks its redirect URIs, and hands on
 * only the metadata that this server registers. Errors as in RFC 7591 section 3.2.2; oidc-provider's error class knows that what
 * begins with `redirect_uris` is `invalid_redirect_uri`.
 */
export function createRegistrationReader(
  policy: RedirectPolicy,
  onRefused: (ctx: KoaContextWithOIDC, error: errors.OIDCProviderError) => void,
) {
  const refuse = (ctx: KoaContextWithOIDC, problem: string): void => {
    const error = new errors.InvalidClientMetadata(problem);
    ctx.status = error.status;
    ctx.set('Cache-Control', 'no-store');
    ctx.body = { error: error.error, error_description: error.error_description };
    onRefused(ctx, error);
  };
  return async (ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> => {
    if (ctx.path !== '/register' || ctx.method !== 'POST' || !ctx.is('application/json')) return next();
    const body = await readBody(ctx, maxBytes);
    if (body === undefined) return refuse(ctx, `the request is larger than ${maxBytes} bytes`);
    const request = objectIn(body);
    if (request === undefined) {
      replaceBody(ctx, body);
      return next();
    }
    const problem = redirectUrisProblem(request.redirect_uris, policy);
    if (problem) return refuse(ctx, problem);
    replaceBody(ctx, Buffer.from(JSON.stringify(registrationMetadata(request))));
    await next();
  };
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

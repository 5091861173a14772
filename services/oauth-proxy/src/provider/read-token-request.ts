import { errors, type KoaContextWithOIDC } from 'oidc-provider';
import { readBody, replaceBody } from './request-body.ts';
import { canonicalResources } from './resource.ts';

const maxBytes = 32 * 1024;

/** Koa middleware in front of oidc-provider's token endpoint: names the resource as the grant names it. */
export function createTokenRequestReader(mcpUrl: string) {
  return async (ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> => {
    if (ctx.path !== '/token' || ctx.method !== 'POST' || !ctx.is('application/x-www-form-urlencoded')) return next();
    const body = await readBody(ctx, maxBytes);
    if (body === undefined) {
      const { error, error_description } = new errors.InvalidRequest(`the request is larger than ${maxBytes} bytes`);
      ctx.status = 400;
      ctx.set('Cache-Control', 'no-store');
      ctx.body = { error, error_description };
      return;
    }
    const parameters = new URLSearchParams(body.toString());
    canonicalResources(parameters, mcpUrl);
    replaceBody(ctx, Buffer.from(parameters.toString()));
    await next();
  };
}

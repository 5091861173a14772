import { Readable } from 'node:stream';
import { errors, type KoaContextWithOIDC } from 'oidc-provider';
import { redirectUriProblem } from './redirect-uri.ts';
import { registrationMetadata } from './registration.ts';

const maxBytes = 32 * 1024;

/**
 * Koa middleware in front of oidc-provider's registration: reads the request, checks its redirect URIs, and hands on
 * only the metadata that this server registers.
 *
 * @throws InvalidRedirectUri or InvalidClientMetadata (RFC 7591 section 3.2.2)
 */
export async function readRegistration(ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> {
  if (ctx.path !== '/register' || ctx.method !== 'POST' || !ctx.is('application/json')) return next();
  const request = await readObject(ctx);
  if (request === undefined) return next();
  const problem = redirectUriProblem(request.redirect_uris);
  if (problem) {
    ctx.status = 400;
    ctx.set('Cache-Control', 'no-store');
    ctx.body = { error: 'invalid_redirect_uri', error_description: problem };
    return;
  }
  replaceBody(ctx, Buffer.from(JSON.stringify(registrationMetadata(request))));
  await next();
}

/** The JSON object of the body; undefined lets oidc-provider say what is wrong with it. */
async function readObject(ctx: KoaContextWithOIDC): Promise<Record<string, unknown> | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of ctx.req) {
    size += chunk.length;
    if (size > maxBytes) throw new errors.InvalidClientMetadata(`the request is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks);
  try {
    const value: unknown = JSON.parse(body.toString());
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    // Falls through: oidc-provider's own parser reports it.
  }
  replaceBody(ctx, body);
  return undefined;
}

/** oidc-provider reads the request's stream itself: it is given one with the new body, and the length that goes with it. */
function replaceBody(ctx: KoaContextWithOIDC, body: Buffer): void {
  ctx.req.headers['content-length'] = String(body.length);
  delete ctx.req.headers['transfer-encoding'];
  ctx.req = Object.create(ctx.req, {
    readable: { value: true },
    readableEncoding: { value: null },
    iterator: { value: () => Readable.from([body]) },
  });
}

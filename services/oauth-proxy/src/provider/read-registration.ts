import { Readable } from 'node:stream';
import type { KoaContextWithOIDC } from 'oidc-provider';
import { redirectUriProblem } from './redirect-uri.ts';
import { registrationMetadata } from './registration.ts';

const maxBytes = 32 * 1024;

/**
 * Koa middleware in front of oidc-provider's registration: reads the request, checks its redirect URIs, and hands on
 * only the metadata that this server registers. Errors as in RFC 7591 section 3.2.2.
 */
export async function readRegistration(ctx: KoaContextWithOIDC, next: () => Promise<void>): Promise<void> {
  if (ctx.path !== '/register' || ctx.method !== 'POST' || !ctx.is('application/json')) return next();
  const body = await readBody(ctx);
  if (body === undefined) return refuse(ctx, 'invalid_client_metadata', `the request is larger than ${maxBytes} bytes`);
  const request = objectIn(body);
  if (request === undefined) {
    replaceBody(ctx, body);
    return next();
  }
  const problem = redirectUriProblem(request.redirect_uris);
  if (problem) return refuse(ctx, 'invalid_redirect_uri', problem);
  replaceBody(ctx, Buffer.from(JSON.stringify(registrationMetadata(request))));
  await next();
}

function refuse(ctx: KoaContextWithOIDC, error: string, description: string): void {
  ctx.status = 400;
  ctx.set('Cache-Control', 'no-store');
  ctx.body = { error, error_description: description };
}

/** The body; undefined if it is too large. */
async function readBody(ctx: KoaContextWithOIDC): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of ctx.req.iterator({ destroyOnReturn: false })) {
    size += chunk.length;
    if (size > maxBytes) {
      // The rest is not read, so the connection cannot be used again.
      ctx.res.shouldKeepAlive = false;
      return undefined;
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
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

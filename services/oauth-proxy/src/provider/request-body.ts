import { Readable } from 'node:stream';
import type { KoaContextWithOIDC } from 'oidc-provider';

/** The request's body; undefined if it is larger than `maxBytes`. */
export async function readBody(ctx: KoaContextWithOIDC, maxBytes: number): Promise<Buffer | undefined> {
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

/** oidc-provider reads the request's stream itself: it is given one with the new body, and the length that goes with it. */
export function replaceBody(ctx: KoaContextWithOIDC, body: Buffer): void {
  ctx.req.headers['content-length'] = String(body.length);
  delete ctx.req.headers['transfer-encoding'];
  ctx.req = Object.create(ctx.req, {
    readable: { value: true },
    readableEncoding: { value: null },
    iterator: { value: () => Readable.from([body]) },
  });
}

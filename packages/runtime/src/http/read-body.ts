import type { IncomingMessage } from 'node:http';
import { ArleoError } from '@arleo/core/errors';

/**
 * The bytes of a request's body.
 *
 * @throws {@link ArleoError} `body_too_large`; then the rest is left unread, so that the refusal can go out on the same
 *   connection
 */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const tooLarge = () => new ArleoError('body_too_large', `The body is larger than ${maxBytes} bytes.`);
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

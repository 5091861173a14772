import type { IncomingMessage } from 'node:http';

/**
 * Reads what is left of a refused request's body and throws it away. Closing at once instead would make the kernel
 * reset the connection while the client still sends, and the client would never see the answer (RFC 9112 section 9.6).
 *
 * @param maxBytes whoever sends more than this has had the time to read the answer: the connection is cut
 */
export function discardBody(request: IncomingMessage, maxBytes: number): void {
  if (request.complete) return;
  let left = maxBytes;
  request.on('data', (chunk: Buffer) => {
    left -= chunk.length;
    if (left < 0) request.destroy();
  });
  // A client that goes away in the middle is none of our errors.
  request.on('error', () => undefined);
  request.resume();
}

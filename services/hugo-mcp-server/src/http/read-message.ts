import type { IncomingMessage } from 'node:http';
import { ArleoError } from '@arleo/core/errors';

/** A JSON-RPC message, of which nothing is known but that it is an object. */
export type Message = Readonly<Record<string, unknown>>;

/**
 * Reads the one JSON-RPC message of a request's body.
 *
 * @throws {@link ArleoError} `body_too_large`, `bad_json` (also for something that is no object), `batch_refused`
 */
export async function readMessage(request: IncomingMessage, maxBytes: number): Promise<Message> {
  const text = await readText(request, maxBytes);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new ArleoError('bad_json', 'The body is not valid JSON.', { cause });
  }
  if (Array.isArray(value)) throw new ArleoError('batch_refused', 'Send one JSON-RPC message per request.');
  if (typeof value !== 'object' || value === null) throw new ArleoError('bad_json', 'The body is no JSON-RPC message.');
  return value as Message;
}

async function readText(request: IncomingMessage, maxBytes: number): Promise<string> {
  const tooLarge = () => new ArleoError('body_too_large', `The body is larger than ${maxBytes} bytes.`);
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let size = 0;
  // Left undestroyed when it is too large: the refusal has to go out on the same connection.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge();
    chunks.push(chunk);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch (cause) {
    throw new ArleoError('bad_json', 'The body is not valid UTF-8.', { cause });
  }
}

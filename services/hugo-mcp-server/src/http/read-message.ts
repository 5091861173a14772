import type { IncomingMessage } from 'node:http';
import { ArleoError } from '@arleo/core/errors';
import { readBody } from '@arleo/runtime/http/read-body';

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
  const bytes = await readBody(request, maxBytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new ArleoError('bad_json', 'The body is not valid UTF-8.', { cause });
  }
}

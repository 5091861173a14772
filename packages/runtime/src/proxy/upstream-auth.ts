import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Hop } from '@arleo/core/errors';
import type { RequestContext } from '../http/request-context.ts';
import { sendError } from '../http/respond.ts';

/** As much of a refusal as is read, in bytes. */
const maxRefusalBytes = 16 * 1024;

/** As many characters of each text are passed on. */
const maxTextLength = 300;

/** Milliseconds that the body of a refusal may take. */
const refusalMs = 1_000;

/**
 * Answers 502 `upstream_auth` for a 401 of the next hop. A 401 must not reach the client: it would throw its own good
 * token away, while what was refused are the credentials between the hops. Who refused, and why, is kept in
 * `refused_by`, `refused_reason` and `refused_message`.
 */
export function answerRefusedCredentials(
  answer: IncomingMessage,
  response: ServerResponse,
  hop: Hop,
  { requestId, startedAt }: RequestContext,
): void {
  const chunks: Buffer[] = [];
  let size = 0;
  const timer = setTimeout(() => answer.destroy(), refusalMs);
  answer.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= maxRefusalBytes) chunks.push(chunk);
    else answer.destroy();
  });
  // Broken off or not, whatever was said is passed on when the answer is over.
  answer.on('error', () => undefined);
  answer.once('close', () => {
    clearTimeout(timer);
    sendError(response, hop, 'upstream_auth', { requestId, startedAt, data: refusalOf(Buffer.concat(chunks)) });
  });
}

function refusalOf(body: Buffer): Record<string, string> {
  const refusal: Record<string, string> = {};
  try {
    const { data, message } = JSON.parse(body.toString()).error;
    add('refused_by', data?.hop);
    add('refused_reason', data?.reason);
    add('refused_message', message);
  } catch {
    // No error body: then nothing is known but that it refused.
  }
  return refusal;

  function add(name: string, value: unknown): void {
    if (typeof value === 'string') refusal[name] = value.slice(0, maxTextLength);
  }
}

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Hop } from '@arleo/core/errors';
import { sendError } from '../http/respond.ts';

/** As much of a refusal as is read, in bytes. */
const maxRefusalBytes = 16 * 1024;

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
  requestId: string,
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
    sendError(response, hop, 'upstream_auth', { requestId, data: refusalOf(Buffer.concat(chunks)) });
  });
}

function refusalOf(body: Buffer): Record<string, string> {
  try {
    const { data, message } = JSON.parse(body.toString()).error;
    return { refused_by: text(data.hop), refused_reason: text(data.reason), refused_message: text(message) };
  } catch {
    return {};
  }
}

function text(value: unknown): string {
  return String(value).slice(0, 300);
}

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Hop } from '@arleo/core/errors';
import type { RequestContext } from '../http/request-context.ts';
import { sendError } from '../http/respond.ts';

/** As much of a refusal as is read, in bytes. */
const maxRefusalBytes = 16 * 1024;

/**
 * Answers 502 `upstream_auth` for a 401 of the next hop. A 401 must not reach the client: it would throw its own good
 * token away, while what was refused are the credentials between the hops. The hop and reason of the refusal are kept.
 */
export function answerRefusedCredentials(
  answer: IncomingMessage,
  response: ServerResponse,
  hop: Hop,
  context: RequestContext,
): void {
  const chunks: Buffer[] = [];
  let size = 0;
  let sent = false;
  const send = (): void => {
    if (sent) return;
    sent = true;
    sendError(response, hop, 'upstream_auth', { requestId: context.requestId, data: refusalOf(Buffer.concat(chunks)) });
  };
  answer.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size <= maxRefusalBytes) chunks.push(chunk);
    else answer.destroy();
  });
  answer.once('close', send);
  answer.once('error', send);
  answer.setTimeout(1_000, () => answer.destroy());
}

function refusalOf(body: Buffer): Record<string, unknown> {
  try {
    const { data, message } = JSON.parse(body.toString()).error;
    // A hop between that already turned a 401 into a 502 never comes here; what is read is the first refusal itself.
    return { refused_by: String(data.hop), refused_reason: String(data.reason), refused_message: String(message) };
  } catch {
    return {};
  }
}

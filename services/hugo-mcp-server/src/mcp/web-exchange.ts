import type { IncomingMessage, ServerResponse } from 'node:http';
import { nameHop, nameHopInEvents } from './name-hop.ts';

/** The request as the SDK's handler takes it; its body was read already. The signal tells when the client has gone. */
export function toWebRequest(request: IncomingMessage, signal: AbortSignal): Request {
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) {
    // Who calls was settled before; credentials have no business in what handlers can reach.
    if (value === undefined || name === 'authorization' || name === 'arleo-actor') continue;
    headers.set(name, Array.isArray(value) ? value.join(', ') : value);
  }
  return new Request('http://hugo-mcp-server/mcp', { method: request.method ?? 'POST', headers, signal });
}

/** Aborted when the connection ends before the answer does. */
export function abortedByClient(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort();
  });
  return controller.signal;
}

/**
 * Sends the handler's answer. An event stream begins at once with a comment: a hop that waits for the first byte of a
 * long build has it, however long nothing is known yet. Errors are told apart by hop, reason and request id.
 */
export async function sendWebResponse(answer: Response, response: ServerResponse, requestId: string): Promise<void> {
  if (response.destroyed) {
    await answer.body?.cancel();
    return;
  }
  const headers = Object.fromEntries(answer.headers);
  // Whether the connection is kept is the server's to say.
  delete headers.connection;
  if (answer.body === null) {
    response.writeHead(answer.status, headers).end();
    return;
  }
  if (!/^text\/event-stream\b/i.test(headers['content-type'] ?? '')) {
    const body = Buffer.from(nameHop(await answer.text(), requestId));
    response.writeHead(answer.status, { ...headers, 'content-length': body.length }).end(body);
    return;
  }
  response.writeHead(answer.status, headers);
  response.write(': open\n\n');
  for await (const chunk of answer.body.pipeThrough(nameHopInEvents(requestId))) {
    if (response.destroyed) break;
    if (!response.write(chunk)) await drained(response);
  }
  response.end();
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.once('drain', done).once('close', done);
  });
}

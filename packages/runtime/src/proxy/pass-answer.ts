import type { IncomingMessage, ServerResponse } from 'node:http';
import { endWith } from './end-with.ts';

/** Who wants to know how an answer gets on. */
export interface AnswerObserver {
  /** A chunk went to the client. */
  moved(): void;
  /** The client takes no more for now. */
  clientSlow(): void;
  /** All of it went to the client. */
  completed(): void;
  /** It broke off in the middle. */
  broken(error: Error): void;
}

/**
 * Streams an answer to the client. One without a length (an event stream) is begun at once; one with a length when its
 * first byte is there, so that head and body go out in one write, and a next hop that breaks before it can still be
 * answered with an error body.
 */
export function passAnswer(
  answer: IncomingMessage,
  response: ServerResponse,
  status: number,
  headers: string[],
  observer: AnswerObserver,
): void {
  const length = answer.headers['content-length'];
  const total = length === undefined ? -1 : Number(length);
  let passed = 0;
  if (total === -1) {
    response.writeHead(status, headers);
    response.flushHeaders();
  }
  answer.on('data', (chunk: Buffer) => {
    passed += chunk.length;
    if (!response.headersSent) response.writeHead(status, headers);
    if (passed === total) {
      endWith(response, chunk);
      return;
    }
    if (response.write(chunk)) {
      observer.moved();
      return;
    }
    answer.pause();
    observer.clientSlow();
    response.once('drain', () => {
      observer.moved();
      answer.resume();
    });
  });
  answer.on('end', () => {
    if (!response.headersSent) response.writeHead(status, headers);
    if (!response.writableEnded) response.end();
    observer.completed();
  });
  answer.on('error', (error) => observer.broken(error));
}

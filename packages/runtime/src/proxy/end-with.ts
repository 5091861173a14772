import type { OutgoingMessage } from 'node:http';

/**
 * Ends a message whose head was not sent yet with its whole body. As latin1, which is the bytes one by one, head and
 * body become one write; given as a buffer, the body would be a write of its own.
 */
export function endWith(message: OutgoingMessage, body: Buffer): void {
  message.end(body.toString('latin1'), 'latin1');
}

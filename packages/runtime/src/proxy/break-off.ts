import type { IncomingMessage, ServerResponse } from 'node:http';
import { TLSSocket } from 'node:tls';

/** Ends an answer so that nobody takes the half of it for the whole. */
export function breakOff({ httpVersionMinor, socket }: IncomingMessage, response: ServerResponse): void {
  // To HTTP/1.0 an answer without a length ends where the connection ends: only a reset tells that it is not whole.
  if (httpVersionMinor === 0 && !(socket instanceof TLSSocket)) socket.resetAndDestroy();
  else response.destroy();
}

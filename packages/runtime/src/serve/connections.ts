import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** The connections of a server, and which of them are being answered. */
export interface Connections {
  /** Tells of a request before it is handled. */
  begin(request: IncomingMessage, response: ServerResponse): void;
  /** From now on every answer closes its connection. */
  drain(): void;
  /** Closes the connections on which nothing has happened for this long, in milliseconds. */
  closeIdle(idleMs: number): void;
  /** Cuts off all connections, whatever they are doing. */
  cutAll(): void;
}

interface Use {
  /** Answers that have begun and were not yet handed to the system. */
  busy: number;
  /** Bytes received when it was last looked at. */
  bytes: number;
  /** When it was last busy or made, or found to have received something. */
  since: number;
}

/**
 * Keeps an eye on a server's connections. Node's own `closeIdleConnections` takes an answer that is still being written
 * for an idle connection, and a request that is just arriving, too; while a server stops, both would be lost.
 */
export function watchConnections(server: Server): Connections {
  const uses = new Map<Socket, Use>();
  const answers = new Set<ServerResponse>();
  let draining = false;

  // Below TLS every connection is one more socket, which is there before its handshake.
  const plain = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    plain.add(socket);
    socket.once('close', () => plain.delete(socket));
  });
  server.on('setSecureContext' in server ? 'secureConnection' : 'connection', (socket: Socket) => {
    uses.set(socket, { busy: 0, bytes: 0, since: performance.now() });
    socket.once('close', () => uses.delete(socket));
  });

  function ended(this: ServerResponse): void {
    answers.delete(this);
    const use = uses.get(this.req.socket);
    if (use === undefined) return;
    use.busy -= 1;
    use.since = performance.now();
  }

  return {
    begin(request, response) {
      if (draining) response.shouldKeepAlive = false;
      answers.add(response);
      const use = uses.get(request.socket);
      if (use !== undefined) use.busy += 1;
      response.on('close', ended);
    },
    drain() {
      draining = true;
      for (const answer of answers) if (!answer.headersSent) answer.shouldKeepAlive = false;
    },
    closeIdle(idleMs) {
      const now = performance.now();
      for (const [socket, use] of uses) {
        if (socket.bytesRead !== use.bytes) {
          use.bytes = socket.bytesRead;
          use.since = now;
        }
        if (use.busy > 0 || now - use.since < idleMs) continue;
        // The client's own end is awaited for one more round: it may not have read all of its last answer.
        if (socket.writableEnded) socket.destroy();
        else socket.end();
      }
    },
    cutAll() {
      for (const socket of plain) socket.destroy();
    },
  };
}

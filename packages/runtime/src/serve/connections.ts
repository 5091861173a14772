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
  /** Resolves once no connection is left and everybody who waits for the end of an answer was told of it. */
  gone(): Promise<void>;
}

interface Use {
  /** Answers that are awaited, or were not yet handed to the system. */
  answers: Set<ServerResponse>;
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
  let draining = false;
  let tellGone: (() => void) | undefined;
  const lookWhetherGone = (): void => {
    if (plain.size === 0 && uses.size === 0) tellGone?.();
  };

  // Below TLS every connection is one more socket, which is there before its handshake.
  const plain = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    plain.add(socket);
    socket.once('close', () => {
      plain.delete(socket);
      lookWhetherGone();
    });
  });
  server.on('setSecureContext' in server ? 'secureConnection' : 'connection', (socket: Socket) => {
    const use: Use = { answers: new Set(), bytes: 0, since: performance.now() };
    uses.set(socket, use);
    socket.once('close', () => {
      uses.delete(socket);
      for (const answer of use.answers) abandon(answer);
      lookWhetherGone();
    });
  });

  function ended(this: ServerResponse): void {
    const use = uses.get(this.req.socket);
    if (use === undefined) return;
    use.answers.delete(this);
    use.since = performance.now();
  }

  return {
    begin(request, response) {
      if (draining) response.shouldKeepAlive = false;
      uses.get(request.socket)?.answers.add(response);
      response.on('close', ended);
    },
    drain() {
      draining = true;
      for (const { answers } of uses.values()) {
        for (const answer of answers) if (!answer.headersSent) answer.shouldKeepAlive = false;
      }
    },
    closeIdle(idleMs) {
      const now = performance.now();
      for (const [socket, use] of uses) {
        if (socket.bytesRead !== use.bytes) {
          use.bytes = socket.bytesRead;
          use.since = now;
        }
        if (use.answers.size > 0 || now - use.since < idleMs) continue;
        // The client's own end is awaited for one more round: it may not have read all of its last answer.
        if (socket.writableEnded) socket.destroy();
        else socket.end();
      }
    },
    cutAll() {
      for (const socket of plain) socket.destroy();
    },
    gone() {
      return new Promise((resolve) => {
        tellGone = resolve;
        lookWhetherGone();
      });
    },
  };
}

/**
 * Before Node 24 a pipelined request whose turn had not come when its connection closed was never told so: whoever waits
 * for the end of its answer would wait, and be kept in memory, for ever.
 */
function abandon(answer: ServerResponse): void {
  if (answer.socket !== null || answer.destroyed) return;
  answer.destroyed = true;
  answer.emit('close');
}

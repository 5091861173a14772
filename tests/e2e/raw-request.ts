import { connect } from 'node:net';

/** What came back for bytes that were sent as they are. */
export interface RawAnswer {
  /** The status codes of all answers on the connection, in order. */
  statuses: number[];
  text: string;
  /** False if the server still held the connection when the time was over. */
  closed: boolean;
}

/**
 * Sends bytes on a connection of their own, says that no more will come, and gives everything that is answered: for requests that
 * no HTTP client would send.
 */
export function rawRequest(url: string, bytes: string | Buffer, timeoutMs = 20_000): Promise<RawAnswer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect(Number(port), hostname);
    const settle = (closed: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      const text = Buffer.concat(chunks).toString('latin1');
      const statuses = [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
      resolve({ statuses, text, closed });
    };
    const timer = setTimeout(() => settle(false), timeoutMs);
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.on('close', () => settle(true));
    // A server that resets the connection has ended it, too.
    socket.on('error', () => settle(true));
    socket.end(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  });
}

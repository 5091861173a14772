import type { IncomingMessage, RequestListener } from 'node:http';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Identity } from './run-proxy.ts';

/** What stands where hugo-mcp-server should. */
export interface Upstream {
  url: string;
  port: number;
  /** The requests that it was sent, in their order. */
  requests: IncomingMessage[];
  close(): Promise<void>;
}

/** Listens with this identity; `port` 0 lets the system choose. */
export async function startUpstream(identity: Identity, listener: RequestListener, port = 0): Promise<Upstream> {
  const requests: IncomingMessage[] = [];
  const sockets = new Set<Socket>();
  const server = https.createServer(identity, (request, response) => {
    requests.push(request);
    listener(request, response);
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, '127.0.0.1', resolve);
  });
  const address = server.address() as AddressInfo;
  return {
    url: `https://127.0.0.1:${address.port}`,
    port: address.port,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** An answer, read whole. */
export interface Answer {
  status: number;
  headers: http.IncomingHttpHeaders;
  text: string;
  /** The body as JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: a test looks into whatever came
  json(): any;
}

/** One request on a connection of its own; an array of headers may repeat names. */
export function send(
  url: string,
  options: { method?: string; headers?: Record<string, string> | string[]; body?: string } = {},
): Promise<Answer> {
  const { body = '', method = 'POST', headers = {} } = options;
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method, agent: false, headers: headers as never }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part) => {
        text += part;
      });
      response.on('error', reject).on('end', () => {
        const { statusCode: status = 0, headers: answered } = response;
        resolve({ status, headers: answered, text, json: () => JSON.parse(text) });
      });
    });
    request.on('error', reject).end(body);
  });
}

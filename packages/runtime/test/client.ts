import http from 'node:http';
import https from 'node:https';
import { connect } from 'node:net';

/** An answer, read whole. */
export interface Answer {
  status: number;
  headers: http.IncomingHttpHeaders;
  text: string;
}

/** How a request is made. */
export interface RequestOptions extends http.RequestOptions {
  body?: string | Buffer;
}

/** One request on a connection of its own, unless an agent is given. Rejects when the answer breaks off. */
export function send(url: string, { body, ...options }: RequestOptions = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const start = url.startsWith('https:') ? https.request : http.request;
    const request = start(url, { method: 'POST', agent: false, ...options }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(chunks).toString(),
        }),
      );
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** A request whose answer is followed while it comes; `next` gives its chunks one by one. */
export function open(
  url: string,
  { body, ...options }: RequestOptions = {},
): Promise<{
  response: http.IncomingMessage;
  next(): Promise<string | undefined>;
  abort(): void;
}> {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method: 'POST', agent: false, ...options }, (response) => {
      const chunks = response[Symbol.asyncIterator]();
      resolve({
        response,
        next: async () => {
          const { value, done } = await chunks.next();
          return done ? undefined : String(value);
        },
        abort: () => request.destroy(),
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}

/** What comes back for these very bytes, until the server closes the connection. */
export function raw(port: number, text: string | Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket.setEncoding('utf8').on('data', (part) => {
      answer += String(part);
    });
    socket.on('end', () => resolve(answer)).on('error', reject);
  });
}

/** The `error.data` of an error body. */
export function errorData(answer: Answer): Record<string, unknown> {
  return JSON.parse(answer.text).error.data;
}

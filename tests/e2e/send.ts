import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';

/** What came back. */
export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  /** The body as JSON; of an event stream, the last message. */
  // biome-ignore lint/suspicious/noExplicitAny: tests assert its shape
  json: any;
}

/** What to send. The path goes out as it is written, and no header is added but Host and Content-Length. */
export interface Sent {
  method?: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
  /** In place of the address's own, dots and all. */
  path?: string;
  /** Trust anchor for https. */
  ca?: string;
  /** Told as soon as the headers of the answer are here. */
  onHeaders?: (status: number) => void;
}

/** One request on a connection of its own. */
export function send(
  url: string,
  { method = 'GET', headers = {}, body, path, ca, onHeaders }: Sent = {},
): Promise<Answer> {
  const target = new URL(url);
  const options: RequestOptions = { method, headers: { ...headers }, agent: false, ...(ca && { ca }) };
  if (path !== undefined) options.path = path;
  if (body !== undefined) options.headers = { 'content-length': Buffer.byteLength(body), ...headers };
  const open = target.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const request = open(target, options, (response) => {
      onHeaders?.(response.statusCode ?? 0);
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text,
          json: parse(text, response.headers),
        });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}

function parse(text: string, headers: IncomingHttpHeaders): unknown {
  const type = headers['content-type'] ?? '';
  if (type.startsWith('text/event-stream')) {
    const messages = text.split('\n').filter((line) => line.startsWith('data: {'));
    return JSON.parse(messages.at(-1)?.slice(6) ?? 'null');
  }
  if (!/\bjson\b/.test(type)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

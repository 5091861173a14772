import http, { type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import https from 'node:https';
import { isIP, type LookupFunction } from 'node:net';

/** What is sent. */
export interface Sent {
  method?: 'GET' | 'POST';
  headers?: Readonly<Record<string, string>>;
  body?: string;
  /** The address to call in the place of the name's own. */
  address?: string | undefined;
  /** False lets a certificate pass that nobody trusts: only without a token, to see what lies behind it. */
  verify?: boolean;
  /** In the place of Node's own; for a pinned certificate. */
  agent?: https.Agent;
  /** As much of the answer's body as is read, in bytes; 64 KiB if absent. */
  maxBody?: number;
  signal: AbortSignal;
}

/** What came back. All of it is a stranger's. */
export interface Exchange {
  status: number;
  headers: IncomingHttpHeaders;
  /** As much of it as is read. */
  body: string;
  /** Milliseconds to the head of the answer. */
  ms: number;
  /** The address that it came from. */
  from?: string | undefined;
  /** When the head of the answer came, by this machine's clock. */
  at: number;
}

const MAX_BODY = 64 * 1024;

/** One request on a connection of its own; follows no redirect. @throws Error of the connection, or when `signal` ends it */
export function exchange(url: URL, sent: Sent): Promise<Exchange> {
  const { method = 'GET', headers = {}, body, address, verify = true, agent, maxBody = MAX_BODY, signal } = sent;
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const request = (url.protocol === 'https:' ? https : http).request(url, {
      method,
      headers: {
        Accept: 'application/json, text/event-stream',
        'User-Agent': 'arleo-doctor',
        ...headers,
        ...(body === undefined
          ? {}
          : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }),
      },
      agent: agent ?? false,
      rejectUnauthorized: verify,
      signal,
      maxHeaderSize: 32 * 1024,
      ...(address === undefined ? {} : { lookup: always(address) }),
    });
    request.on('error', (error) => reject(signal.aborted ? new Error('no answer in time') : error));
    request.on('response', (response) => {
      const { statusCode: status = 0, headers: answered } = response;
      const ms = performance.now() - started;
      const at = Date.now();
      const from = response.socket.remoteAddress;
      readBody(response, maxBody).then((text) => resolve({ status, headers: answered, body: text, ms, at, from }));
    });
    request.end(body);
  });
}

/** A resolver that knows one address for every name. */
function always(address: string): LookupFunction {
  const family = isIP(address);
  return (_name, { all }, done) => {
    if (all === true) done(null, [{ address, family }]);
    else done(null, address, family);
  };
}

/** Never rejects: a body that breaks off is the part that came. */
function readBody(response: IncomingMessage, maxBody: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  return new Promise((resolve) => {
    const done = (): void => resolve(Buffer.concat(chunks).subarray(0, maxBody).toString('utf8'));
    response.on('data', (chunk: Buffer) => {
      size += chunk.length;
      chunks.push(chunk);
      if (size >= maxBody) response.destroy();
    });
    response.on('error', () => undefined).once('close', done);
  });
}

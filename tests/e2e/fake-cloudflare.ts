import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, request } from 'node:https';

/** What Cloudflare does with a request; `pass` hands it to the host behind. */
export type Treatment = 'pass' | 'challenge' | '1010' | '1015' | '1020' | 'blocked' | '521';

/** A server in the place of Cloudflare's edge, which speaks as it does. */
export interface FakeCloudflare {
  /** Decides for each request by its user agent. */
  treat(decide: (agent: string) => Treatment): void;
  close(): Promise<void>;
}

const RAY = '8f2d1c0b9a7e6543-CDG';

/** Status, further headers, and body of what the edge answers itself. */
const answers: Record<Exclude<Treatment, 'pass'>, [status: number, headers: Record<string, string>, body: string]> = {
  challenge: [
    403,
    { 'content-type': 'text/html; charset=UTF-8', 'cf-mitigated': 'challenge' },
    '<!DOCTYPE html><html lang="en-US"><head><title>Just a moment...</title></head></html>',
  ],
  '1010': [403, { 'content-type': 'text/plain; charset=UTF-8' }, 'error code: 1010'],
  '1015': [429, { 'content-type': 'text/plain; charset=UTF-8', 'retry-after': '10' }, 'error code: 1015'],
  '1020': [
    403,
    { 'content-type': 'text/html; charset=UTF-8' },
    '<html><head><title>Access denied</title></head><body><h1><span>Error</span> <span>1020</span></h1></body></html>',
  ],
  blocked: [
    403,
    { 'content-type': 'text/html; charset=UTF-8' },
    '<html><head><title>Attention Required! | Cloudflare</title></head><body><h1>Sorry, you have been blocked</h1></body></html>',
  ],
  '521': [521, { 'content-type': 'text/plain; charset=UTF-8' }, 'error code: 521'],
};

/** @param behind port of the host's nginx on loopback @param certificate, key PEM files */
export async function startFakeCloudflare(
  port: number,
  behind: number,
  files: { certificate: string; key: string },
): Promise<FakeCloudflare> {
  let decide: (agent: string) => Treatment = () => 'pass';
  const pass = (incoming: IncomingMessage, response: ServerResponse): void => {
    const { method, url, headers } = incoming;
    const onward = request(
      {
        host: '127.0.0.1',
        port: behind,
        method,
        path: url,
        headers,
        servername: 'localhost',
        rejectUnauthorized: false,
      },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, { ...answer.headers, server: 'cloudflare', 'cf-ray': RAY });
        answer.pipe(response);
      },
    );
    onward.on('error', () => response.destroy());
    incoming.pipe(onward);
  };
  const server = createServer(
    { cert: await readFile(files.certificate), key: await readFile(files.key) },
    (incoming, response) => {
      const treatment = decide(incoming.headers['user-agent'] ?? '');
      if (treatment === 'pass') return pass(incoming, response);
      const [status, headers, body] = answers[treatment];
      incoming.resume();
      response.writeHead(status, { server: 'cloudflare', 'cf-ray': RAY, ...headers }).end(body);
    },
  );
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    treat: (next) => {
      decide = next;
    },
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { Agent, request as httpsRequest, type RequestOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { generate } from 'selfsigned';
import { freePorts } from '../e2e/free-ports.ts';
import { startPublicSite } from '../e2e/public-site.ts';
import type { Request } from './frames.ts';

/** What came back. */
export interface EdgeAnswer {
  status: number;
  headers: NodeJS.Dict<string | string[]>;
  text: string;
}

/** The nginx of infra/ with its firewall, and behind it a service that says yes to all. */
export interface Edge {
  /** On 127.0.0.1, with TLS. */
  readonly port: number;
  ask(request: Request): Promise<EdgeAnswer>;
  /** Answers of `requests` in their order, a few at a time. */
  askAll(requests: readonly Request[]): Promise<EdgeAnswer[]>;
  /** What nginx and the firewall logged so far. */
  log(): Promise<string>;
  /** What the service behind saw last. */
  seen(): NodeJS.Dict<string | string[]>;
  /** The service behind sends an event to all who asked for events alone, and stays open. */
  event(data: string): void;
  /** Has nginx read its configuration again, as `systemctl reload nginx` does. */
  reload(): Promise<void>;
  dispose(): Promise<void>;
}

/** CRS on everything, with no exception: what the exceptions are measured against. */
export const WITHOUT_EXCEPTIONS = (file: string, text: string): string =>
  file.startsWith('modsecurity/') && !file.endsWith('/base.conf')
    ? 'SecArgumentsLimit 20000\nInclude /etc/nginx/arleo/modsecurity/base.conf\n'
    : unlimited(file, text);

/** The limits per address are another test's. */
const unlimited = (file: string, text: string): string =>
  file === 'nginx/mcp.conf' ? text.replace(/ {2}limit_(?:req|conn) [^;]*;\n/g, '') : text;

/**
 * @param change to the files of infra/ before they are used
 * @param program the nginx, if it is not the one of this machine
 */
export async function startEdge(
  change: (file: string, text: string) => string = unlimited,
  program?: string,
): Promise<Edge> {
  const folder = await mkdtemp(path.join(tmpdir(), 'arleo-waf-'));
  const pair = await generate([{ name: 'commonName', value: 'localhost' }], {
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: 'localhost' }] }],
  });
  const [certificate, key] = [path.join(folder, 'tls.crt'), path.join(folder, 'tls.key')];
  await writeFile(certificate, pair.cert);
  await writeFile(key, pair.private);
  let seen: NodeJS.Dict<string | string[]> = {};
  const streams = new Set<ServerResponse>();
  const behind = createServer((request, response) => {
    seen = request.headers;
    request.resume().on('end', () => {
      if (request.headers.accept === 'text/event-stream') {
        response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 0\n\n');
        return void streams.add(response);
      }
      response.writeHead(200, { 'content-type': 'application/json', server: 'behind', 'x-powered-by': 'behind' });
      response.end('{}');
    });
  });
  // As the services: longer than nginx keeps a connection, or a call would meet one that is just being closed.
  behind.keepAliveTimeout = 75_000;
  await new Promise<void>((resolve) => behind.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(behind.address() as AddressInfo).port}`;
  const { site: port } = await freePorts();
  const { stop, errorLog } = await startPublicSite({
    name: 'waf',
    folder,
    port,
    oauthProxy: host,
    hugoMcpProxy: host,
    certificate,
    key,
    change,
    ...(program && { program }),
  }).catch(async (error: unknown) => {
    await closed(behind);
    throw error;
  });
  const agent = new Agent({ keepAlive: true, maxSockets: 3, ca: pair.cert });
  const ask = (request: Request) => answerTo({ host: 'localhost', port, agent }, request);
  return {
    port,
    ask,
    askAll: async (requests) => {
      const answers: EdgeAnswer[] = [];
      let next = 0;
      const lane = async (): Promise<void> => {
        while (next < requests.length) {
          const mine = next++;
          answers[mine] = await ask(requests[mine] as Request);
        }
      };
      await Promise.all([lane(), lane(), lane()]);
      return answers;
    },
    log: () => readFile(errorLog, 'utf8'),
    seen: () => seen,
    event: (data) => {
      for (const stream of streams) stream.write(`data: ${data}\n\n`);
    },
    reload: async () => {
      process.kill(Number(await readFile(path.join(folder, 'waf.pid'), 'utf8')), 'SIGHUP');
    },
    dispose: async () => {
      agent.destroy();
      await stop();
      await closed(behind);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function answerTo(options: RequestOptions, { method, path: target, headers, body }: Request): Promise<EdgeAnswer> {
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) };
  return new Promise((resolve, reject) => {
    const request = httpsRequest(
      { ...options, method, path: target, headers: { ...length, ...headers } },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
        response.on('error', reject);
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

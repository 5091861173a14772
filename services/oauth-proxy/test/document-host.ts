import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TLSSocket } from 'node:tls';
import type { DocumentNetwork } from '../src/client-documents/fetch-document.ts';
import { isPublicAddress } from '../src/client-documents/public-address.ts';

/** The hosts that the certificate is for. */
const HOSTS = [
  'app.example',
  'other.example',
  'claude.ai',
  'chatgpt.com',
  ...Array.from({ length: 15 }, (_, n) => `app-${n}.example`),
];

/** A server on loopback that plays the hosts of documents, and the network that leads to it. */
export interface DocumentHost {
  /** To this server alone: 127.0.0.1 counts as public, nothing else of loopback does. */
  network: DocumentNetwork;
  /** What a host resolves to, one answer after the other, the last one for good; 127.0.0.1 for those that are not here. */
  addresses: Map<string, string[][]>;
  /** What answers for a URL; 404 for those that are not here. */
  answers: Map<string, (request: IncomingMessage, response: ServerResponse) => void>;
  /** The requests that came. */
  seen: { url: string; servername: string | false | null; headers: IncomingHttpHeaders }[];
  /** The names that were resolved. */
  resolved: string[];
  /** Connections that were made. */
  connections: number;
  /** Serves a document; a member that is undefined is left out. */
  serve(id: string, members?: Record<string, unknown>, headers?: Record<string, string>): void;
  close(): Promise<void>;
}

/** Starts a {@link DocumentHost}. */
export async function openDocumentHost(): Promise<DocumentHost> {
  const { key, cert } = await makeCertificate();
  const server = https.createServer({ key, cert }, (request, response) => {
    const url = `https://${request.headers.host}${request.url}`;
    host.seen.push({
      url,
      servername: (request.socket as TLSSocket & { servername?: string }).servername ?? null,
      headers: request.headers,
    });
    const answer = host.answers.get(url);
    if (answer) answer(request, response);
    else response.writeHead(404).end();
  });
  server.on('connection', () => {
    host.connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host: DocumentHost = {
    network: {
      async resolve(name) {
        host.resolved.push(name);
        const answers = host.addresses.get(name) ?? [['127.0.0.1']];
        return (answers.length > 1 ? answers.shift() : answers[0]) ?? [];
      },
      mayConnect: (address) => address === '127.0.0.1' || isPublicAddress(address),
      port: (server.address() as AddressInfo).port,
      ca: cert,
    },
    addresses: new Map(),
    answers: new Map(),
    seen: [],
    resolved: [],
    connections: 0,
    serve(id, members = {}, headers = {}) {
      const document = { client_id: id, redirect_uris: ['http://127.0.0.1/callback'], ...members };
      host.answers.set(id, (_request, response) => {
        response.writeHead(200, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(document));
      });
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return host;
}

async function makeCertificate(): Promise<{ key: string; cert: string }> {
  const folder = await mkdtemp(path.join(tmpdir(), 'arleo-documents-'));
  const file = (name: string): string => path.join(folder, name);
  const names = HOSTS.map((host) => `DNS:${host}`).join(',');
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const to = ['-keyout', file('key'), '-out', file('cert')];
  const about = ['-days', '2', '-subj', '/CN=documents', '-addext', `subjectAltName=${names}`];
  execFileSync('openssl', ['req', '-x509', ...curve, ...to, ...about], { stdio: 'ignore' });
  const [key, cert] = await Promise.all(['key', 'cert'].map((name) => readFile(file(name), 'utf8')));
  await rm(folder, { recursive: true });
  return { key: key ?? '', cert: cert ?? '' };
}

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import path from 'node:path';
import { createServer } from 'node:tls';
import { promisify } from 'node:util';

/** Something that speaks TLS where hugo-mcp-server should be, never answers, and counts what it is told. */
export interface Impostor {
  listen(port: number): Promise<void>;
  /** TCP connections taken so far. */
  connections(): number;
  /** Decrypted bytes received so far. */
  received(): number;
  close(): Promise<void>;
}

/** Key and certificate, PEM files. */
export interface Identity {
  keyFile: string;
  certFile: string;
}

/** Another key and certificate for the very names of the real one. */
export async function impostorCertificate(folder: string): Promise<Identity> {
  const identity = { keyFile: path.join(folder, 'impostor.key'), certFile: path.join(folder, 'impostor.crt') };
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', identity.keyFile];
  const names = ['-subj', '/CN=hugo-mcp.internal/O=Arleo', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  await promisify(execFile)('openssl', ['req', '-x509', '-days', '1', ...key, '-out', identity.certFile, ...names]);
  return identity;
}

/** Makes an impostor; it listens once it is told where. */
export async function startImpostor({ keyFile, certFile }: Identity): Promise<Impostor> {
  const sockets = new Set<Socket>();
  let connections = 0;
  let received = 0;
  const server = createServer({ key: await readFile(keyFile), cert: await readFile(certFile) }, (socket) => {
    socket.on('data', (chunk) => {
      received += chunk.length;
    });
    socket.on('error', () => {});
  });
  server.on('connection', (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
  });
  server.on('tlsClientError', () => {});
  return {
    listen: (port) => new Promise((resolve) => server.listen(port, '127.0.0.1', resolve)),
    connections: () => connections,
    received: () => received,
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

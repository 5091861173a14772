import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { mintToken } from '@arleo/core/tokens/token';
import { createLifecycle } from '@arleo/runtime/serve/lifecycle';
import bcrypt from 'bcryptjs';
import { freePort } from '../../../packages/core/test/free-port.ts';
import { readConfig } from '../src/config.ts';
import { start } from '../src/start.ts';

/** The owner's passphrase in these tests. */
export const PASSPHRASE = 'correct horse battery staple';

// Cost 4: what is tested is not how slow bcrypt is.
const passphraseHash = bcrypt.hashSync(PASSPHRASE, 4);

/** One request that reached the upstream. */
export interface Received {
  headers: IncomingMessage['headers'];
  method: string;
  url: string;
  body: string;
}

/** A running oauth-proxy with a real upstream that records what it got. */
export interface Service {
  issuer: string;
  mcpUrl: string;
  mcpToken: string;
  /** PEM of the public half of ACTOR_KEY. */
  actorPublicKey: string;
  stateDir: string;
  ownerFile: string;
  received: Received[];
  /** What the upstream answers; the default echoes a JSON object. */
  answer: (request: IncomingMessage, response: ServerResponse) => void;
  audit(): Promise<Record<string, unknown>[]>;
  auditText(): Promise<string>;
  /** Stops the service: the audit log is whole then. */
  stop(): Promise<void>;
  /** Stops the service and starts it again on the same state; `env` replaces what it was started with. */
  restart(env?: Record<string, string>): Promise<void>;
  close(): Promise<void>;
}

/** What a test puts in the place of the internet. */
type Seams = Parameters<typeof start>[2];

/** Starts oauth-proxy on free ports of loopback. `env` adds to or replaces the environment. */
export async function openService(env: Record<string, string> = {}, seams: Seams = {}): Promise<Service> {
  const folder = await mkdtemp(path.join(tmpdir(), 'arleo-oauth-'));
  const received: Received[] = [];
  const upstream = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const { headers, method = '', url = '' } = request;
      received.push({ headers, method, url, body: Buffer.concat(chunks).toString() });
      service.answer(request, response);
    });
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  const port = await freePort();
  const issuer = `http://127.0.0.1:${port}`;
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { token } = mintToken();
  const ownerFile = path.join(folder, 'owner.json');
  await writeFile(ownerFile, JSON.stringify({ passphrase_hash: passphraseHash }));
  const auditFile = path.join(folder, 'audit.jsonl');
  const environment = {
    PORT: String(port),
    PUBLIC_URL: issuer,
    DANGEROUSLY_ALLOW_HTTP_ISSUER: 'true',
    UPSTREAM_URL: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`,
    MCP_TOKEN: token,
    TOKEN_SECRET: randomBytes(32).toString('hex'),
    ACTOR_KEY: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    OWNER_FILE: ownerFile,
    STATE_DIR: path.join(folder, 'state'),
    AUDIT_LOG: auditFile,
    LOG_LEVEL: 'error',
    DRAIN_SECONDS: '1',
    RATE_LIMIT_PER_ADDRESS: '1000',
    RATE_LIMIT_PROGRAMS: '10000',
    RATE_LIMIT_REGISTRATIONS: '10000',
    ...env,
  };
  const config = readConfig(environment);
  let lifecycle = createLifecycle();
  await start(config, lifecycle, seams).catch(async (error: unknown) => {
    await lifecycle.closeAll();
    await new Promise((resolve) => upstream.close(resolve));
    await rm(folder, { recursive: true, force: true });
    throw error;
  });
  const service: Service = {
    issuer,
    mcpUrl: `${issuer}/mcp`,
    mcpToken: token,
    actorPublicKey: keys.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    stateDir: config.STATE_DIR,
    ownerFile,
    received,
    answer: (_request, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"jsonrpc":"2.0","id":1,"result":{}}');
    },
    audit: async () =>
      (await readFile(auditFile, 'utf8'))
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    auditText: () => readFile(auditFile, 'utf8'),
    stop: () => lifecycle.closeAll(),
    async restart(changed = {}) {
      await lifecycle.closeAll();
      lifecycle = createLifecycle();
      await start(readConfig({ ...environment, ...changed }), lifecycle, seams);
    },
    async close() {
      await lifecycle.closeAll();
      upstream.closeAllConnections();
      await new Promise((resolve) => upstream.close(resolve));
      await rm(folder, { recursive: true, force: true });
    },
  };
  return service;
}

import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import https from 'node:https';
import path from 'node:path';
import { Readable } from 'node:stream';
import { type ActorClaims, importActorKey, signActor } from '@arleo/core/actor';
import type { AuditEvent } from '@arleo/core/audit/event';
import type { TokenScope } from '@arleo/core/scopes';
import { openBcrypt } from '@arleo/core/tokens/bcrypt';
import { createToken } from '@arleo/core/tokens/manage';
import { createLifecycle } from '@arleo/runtime/serve/lifecycle';
import { readConfig } from '../config.ts';
import { start } from '../start.ts';
import { baseFiles, type Files, output, type TempDir, tempDir } from './site-fixture.ts';

/** An answer as it came over the wire. */
export interface Answer {
  status: number;
  headers: Record<string, string>;
  text: string;
  /** The JSON of the body, or of the last event of a stream. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look at whatever came.
  json: any;
}

export interface SendOptions {
  /** `/mcp` if absent. */
  path?: string;
  method?: string;
  body?: string;
  /** Undefined takes a header away. */
  headers?: Record<string, string | undefined>;
  scope?: string;
  /** Claims of the actor assertion that differ from the right ones. */
  actor?: Partial<ActorClaims>;
}

/** A running service on a site of its own, reached over real HTTPS with a real token and actor. */
export interface TestService {
  url: string;
  dir: TempDir;
  /** What it was started with. */
  environment: Readonly<Record<string, string | undefined>>;
  /** Sends to a service at another address from now on: the same, started as a process of its own. */
  reachAt(url: string): void;
  siteDir: string;
  publicLink: string;
  tokensFile: string;
  token: string;
  cert: string;
  actorKey: string;
  /** Signs an assertion for a request id. */
  sign(requestId: string, claims?: Partial<ActorClaims>): Promise<string>;
  send(options: SendOptions): Promise<Answer>;
  /** One JSON-RPC request of the 2025 revisions. */
  rpc(method: string, params?: object, options?: SendOptions): Promise<Answer>;
  call(name: string, args: object, options?: SendOptions): Promise<Answer>;
  /** The same in the 2026-07-28 revision. */
  modern(method: string, params?: object, options?: SendOptions): Promise<Answer>;
  /** `fetch` for SDK clients: adds token, request id and actor. */
  fetch(scope?: string): typeof globalThis.fetch;
  /** A file of the live release; undefined if it is not there. */
  live(file: string): Promise<string | undefined>;
  audit(): Promise<AuditEvent[]>;
  /** The event of a request, as soon as the log has it: it is written behind the answer. */
  auditOf(answer: Answer): Promise<AuditEvent>;
  git(...args: string[]): Promise<string>;
  stop(): Promise<void>;
  /** Starts it again on the same folders. */
  restart(environment?: Record<string, string>): Promise<void>;
  dispose(): Promise<void>;
}

const allScopes = 'content:read content:write site:admin';

/** Starts a service. `files` are added to the base site; `tokenScopes` narrow its token. */
export async function startService(
  options: {
    files?: Files;
    environment?: (dir: TempDir) => Record<string, string>;
    tokenScopes?: TokenScope[];
    prepare?: (dir: TempDir) => Promise<void>;
  } = {},
): Promise<TestService> {
  const dir = await tempDir('service');
  const at = (name: string) => path.join(dir.path, name);
  const siteDir = at('site');
  const files = { ...baseFiles, ...options.files };
  await dir.write(Object.fromEntries(Object.entries(files).map(([file, text]) => [`site/${file}`, text])));
  await options.prepare?.(dir);
  const subject = ['-subj', '/CN=hugo-mcp.internal', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  await output('openssl', ['req', '-x509', ...key, '-keyout', at('server.key'), '-out', at('server.crt'), ...subject]);
  const cert = await dir.read('server.crt');
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const actorKey = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const imported = importActorKey(actorKey);
  const bcrypt = openBcrypt();
  const tokensFile = at('tokens.json');
  const request = { label: 'test', ...(options.tokenScopes && { scopes: options.tokenScopes }) };
  const { token } = await createToken(tokensFile, request, { bcrypt, now: Date.now });
  await bcrypt.close();

  const environment = {
    PORT: '0',
    TLS_KEY_FILE: at('server.key'),
    TLS_CERT_FILE: at('server.crt'),
    TOKENS_FILE: tokensFile,
    ACTOR_PUBLIC_KEY: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    SITE_DIR: siteDir,
    STATE_DIR: at('state'),
    AUDIT_LOG: at('audit.jsonl'),
    LOG_LEVEL: 'error',
    DRAIN_SECONDS: '20',
    // biome-ignore lint/style/noProcessEnv: programs are looked for where the tests themselves look for them
    PATH: process.env.PATH,
    ...options.environment?.(dir),
  };
  let reached: string | undefined;
  let lifecycle = createLifecycle();
  let server = await start(readConfig(environment), lifecycle);
  const agent = new https.Agent({ ca: cert, keepAlive: true });

  const service: TestService = {
    get url() {
      return `${reached ?? server.url}/mcp`;
    },
    dir,
    environment,
    reachAt(url) {
      reached = url;
    },
    siteDir,
    publicLink: at('state/public'),
    tokensFile,
    token,
    cert,
    actorKey,
    sign: async (requestId, claims = {}) =>
      signActor(imported, {
        sub: 'owner',
        client_id: 'https://claude.ai/client',
        scope: allScopes,
        request_id: requestId,
        aud: 'hugo-mcp-server',
        ...claims,
      }),
    async send({ path: target = '/mcp', method = 'POST', body, headers = {}, scope = allScopes, actor = {} }) {
      const requestId = randomUUID();
      const all: Record<string, string | undefined> = {
        authorization: `Bearer ${token}`,
        'x-request-id': requestId,
        'arleo-actor': await service.sign(requestId, { scope, ...actor }),
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        ...headers,
      };
      const present = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined);
      const answer = await httpsFetch(agent, new URL(target, service.url).href, { method, headers: present, body });
      const text = await answer.text();
      return { status: answer.status, headers: Object.fromEntries(answer.headers), text, json: jsonOf(text) };
    },
    rpc: (method, params = {}, sendOptions = {}) =>
      service.send({ body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }), ...sendOptions }),
    call: (name, args, sendOptions) => service.rpc('tools/call', { name, arguments: args }, sendOptions),
    modern: (method, params = {}, { headers, ...sendOptions } = {}) => {
      const _meta = {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientCapabilities': {},
        'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
        ...(params as { _meta?: object })._meta,
      };
      const name = (params as { name?: string }).name;
      return service.send({
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta } }),
        headers: { 'mcp-protocol-version': '2026-07-28', 'mcp-method': method, 'mcp-name': name, ...headers },
        ...sendOptions,
      });
    },
    fetch:
      (scope = allScopes) =>
      async (input, init) => {
        const outgoing = new Request(input, init);
        const requestId = randomUUID();
        outgoing.headers.set('authorization', `Bearer ${token}`);
        outgoing.headers.set('x-request-id', requestId);
        outgoing.headers.set('arleo-actor', await service.sign(requestId, { scope }));
        const body = outgoing.body === null ? undefined : await outgoing.text();
        const { method, headers, signal } = outgoing;
        return httpsFetch(agent, outgoing.url, { method, headers: [...headers], body, signal });
      },
    live: (file) => readFile(path.join(service.publicLink, file), 'utf8').catch(() => undefined),
    async audit() {
      const text = await dir.read('audit.jsonl');
      const lines = text.slice(0, text.lastIndexOf('\n') + 1).split('\n');
      return lines.filter((line) => line !== '').map((line) => JSON.parse(line));
    },
    async auditOf(answer) {
      for (;;) {
        const events = await service.audit();
        const event = events.find(({ request_id }) => request_id === answer.headers['x-request-id']);
        if (event !== undefined) return event;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
    git: (...args) => output('git', ['--git-dir', at('state/history.git'), ...args]),
    async stop() {
      await lifecycle.closeAll();
    },
    async restart(more = {}) {
      await lifecycle.closeAll();
      lifecycle = createLifecycle();
      server = await start(readConfig({ ...environment, ...more }), lifecycle);
    },
    async dispose() {
      agent.destroy();
      await lifecycle.closeAll();
      await dir.dispose();
    },
  };
  return service;
}

/** The parts of `fetch` that are needed here, with a certificate authority of its own. */
function httpsFetch(
  agent: https.Agent,
  url: string,
  init: { method: string; headers: [string, string][]; body?: string | undefined; signal?: AbortSignal },
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const headers = Object.fromEntries(init.headers);
    const request = https.request(url, { agent, method: init.method, headers, signal: init.signal }, (answer) => {
      const { statusCode = 0 } = answer;
      const body = statusCode === 202 || statusCode === 204 ? null : (Readable.toWeb(answer) as ReadableStream);
      if (body === null) answer.resume();
      resolve(new Response(body, { status: statusCode, headers: answer.headers as Record<string, string> }));
    });
    request.once('error', reject);
    request.end(init.body);
  });
}

function jsonOf(text: string): unknown {
  const events = [...text.matchAll(/^data: (.*)$/gm)];
  const last = events.at(-1)?.[1] ?? text;
  try {
    return JSON.parse(last);
  } catch {
    return undefined;
  }
}

/** The structured result of a call. @throws Error for a refusal */
export async function structured(service: TestService, name: string, args: object) {
  const answer = await service.call(name, args);
  if (answer.json.result.isError) throw new Error(answer.text);
  return answer.json.result.structuredContent;
}

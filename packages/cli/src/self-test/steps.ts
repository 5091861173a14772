import { randomUUID } from 'node:crypto';
import { importActorKey, signActor } from '@arleo/core/actor';
import { ArleoError } from '@arleo/core/errors';
import { SCOPES } from '@arleo/core/scopes';
import { VERSION } from '@arleo/core/version';
import { createPinnedAgent } from '@arleo/runtime/tls/pinned-agent';
import { ask, type Said } from './ask.ts';
import type { HostConfig } from './host-config.ts';

/** What a host is: `install.sh --role`. */
export const ROLES = ['nuc', 'vm', 'all'] as const;
/** One of {@link ROLES}. */
export type Role = (typeof ROLES)[number];

/** One thing that is tried. */
export interface Step {
  name: string;
  /** Throws what is wrong. */
  run(config: HostConfig): Promise<void>;
}

const PROTOCOL = '2026-07-28';

const server: Step = {
  name: 'hugo-mcp',
  async run(config) {
    const { HOST = '127.0.0.1', PORT = '8000' } = await config.settings('hugo-mcp');
    const agent = createPinnedAgent({ certificate: await config.file('hugo-mcp', 'server.crt') });
    try {
      // From loopback, to which its unit listens wherever the other host is.
      const localAddress = HOST.includes(':') ? '::1' : '127.0.0.1';
      refuseUnready(await ask(new URL(`https://${bracketed(HOST)}:${PORT}/readyz`), { agent, localAddress }));
    } finally {
      agent.destroy();
    }
  },
};

const proxy: Step = {
  name: 'hugo-mcp-proxy',
  run: async (config) => refuseUnready(await ask(await loopback(config, 'hugo-mcp-proxy', '8084', '/readyz'))),
};

const oauth: Step = {
  name: 'mcp-oauth-proxy',
  async run(config) {
    // Until the owner has set a passphrase it lets nobody in, and that alone may be missing.
    const awaited = (await config.hasFile('mcp-oauth-proxy', 'owner.json')) ? undefined : 'owner.json';
    refuseUnready(await ask(await loopback(config, 'mcp-oauth-proxy', '8083', '/readyz')), awaited);
  },
};

/** The public address, asked on this host: what is in front of it on the internet is not what was installed here. */
const nginx: Step = {
  name: 'nginx',
  async run(config) {
    const { PUBLIC_URL = '' } = await config.settings('mcp-oauth-proxy');
    const { host, hostname } = new URL(PUBLIC_URL);
    // Whoever listens on loopback is this host: its certificate is for the world to judge.
    const options = { headers: { host }, servername: hostname, rejectUnauthorized: false };
    const url = (path: string): URL => new URL(path, 'https://127.0.0.1');
    const metadata = await ask(url('/.well-known/oauth-protected-resource/mcp'), options);
    const { resource } = readJson(metadata) as { resource?: unknown };
    if (resource !== `${PUBLIC_URL}/mcp`) throw unexpected(metadata, `it names the endpoint ${String(resource)}`);
    const headers = { ...options.headers, 'content-type': 'application/json' };
    const stranger = await ask(url('/mcp'), { ...options, method: 'POST', headers }, '{}');
    if (stranger.status !== 401 || stranger.headers['www-authenticate'] === undefined) {
      throw unexpected(stranger, 'a call without a token is not answered with 401');
    }
  },
};

/** As oauth-proxy calls: with its token, and with an actor that it signed. */
const call: Step = {
  name: 'signed call',
  async run(config) {
    const { MCP_TOKEN = '' } = await config.settings('mcp-oauth-proxy');
    const key = importActorKey(await config.file('mcp-oauth-proxy', 'actor.key'));
    const requestId = randomUUID();
    const actor = signActor(key, {
      sub: 'installer',
      client_id: 'arleo-self-test',
      scope: SCOPES.join(' '),
      request_id: requestId,
      aud: 'hugo-mcp-server',
    });
    const headers = {
      authorization: `Bearer ${MCP_TOKEN}`,
      'arleo-actor': actor,
      'x-request-id': requestId,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': PROTOCOL,
      'mcp-method': 'tools/call',
      'mcp-name': 'site_info',
    };
    const url = await loopback(config, 'hugo-mcp-proxy', '8084', '/mcp');
    const said = await ask(url, { method: 'POST', headers }, JSON.stringify(siteInfo));
    const { result } = readJson(said) as { result?: { isError?: boolean; content?: unknown } };
    if (result === undefined || result.isError === true) throw unexpected(said, 'the tool site_info failed');
  },
};

const siteInfo = {
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: {
    name: 'site_info',
    arguments: {},
    _meta: {
      'io.modelcontextprotocol/protocolVersion': PROTOCOL,
      'io.modelcontextprotocol/clientCapabilities': {},
      'io.modelcontextprotocol/clientInfo': { name: 'arleo self-test', version: VERSION },
    },
  },
};

const front = [proxy, oauth, nginx, call];

/** What is tried for each role, from the site outward: the first that fails is the one to mend. */
export const STEPS: Readonly<Record<Role, readonly Step[]>> = {
  vm: [server],
  nuc: front,
  all: [server, ...front],
};

async function loopback(config: HostConfig, unit: string, port: string, path: string): Promise<URL> {
  const { HOST = '127.0.0.1', PORT = port } = await config.settings(unit);
  return new URL(path, `http://${bracketed(HOST)}:${PORT}`);
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** @param awaited a problem that names it is none */
function refuseUnready(said: Said, awaited?: string): void {
  if (said.status === 200) return;
  const { problems = [] } = readJson(said) as { problems?: unknown[] };
  if (awaited !== undefined && problems.length === 1 && String(problems[0]).includes(awaited)) return;
  throw unexpected(said, problems.join('; ') || 'it is not ready');
}

/** The JSON of an answer, also of one that came as an event stream. */
function readJson(said: Said): object {
  const text = /^data: (\{.*)$/m.exec(said.text)?.[1] ?? said.text;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // Said below.
  }
  throw unexpected(said, 'the answer is not JSON');
}

function unexpected(said: Said, problem: string): ArleoError {
  const { error } = JSON.parse(said.text.startsWith('{') ? said.text : '{}') as {
    error?: { message?: string; data?: { hop?: string; reason?: string; hint?: string } };
  };
  const told = error?.data?.hop === undefined ? '' : ` (${error.data.hop}: ${error.data.reason}; ${error.message})`;
  const hint = error?.data?.hint === undefined ? {} : { hint: error.data.hint };
  return new ArleoError('self_test_failed', `status ${said.status}: ${problem}${told}`, hint);
}

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { ARLEO } from './arleo.ts';
import { type Examined, toldBy } from './doctor-stack.ts';
import type { TestStack } from './start.ts';

/** A stack as it looks to a program on its own host: its settings stand in an `/etc` that only that program sees. */
export interface AsHost {
  /** `arleo doctor`, without an address. */
  examine(): Promise<Examined>;
  dispose(): Promise<void>;
}

/** Makes the `/etc` of a stack whose three services are on one host. Takes root, for a mount namespace. */
export async function asHost({ layout, addresses, state }: TestStack): Promise<AsHost> {
  const folder = await mkdtemp(path.join(tmpdir(), 'arleo-etc-'));
  const put = async (file: string, text: string): Promise<void> => {
    await mkdir(path.join(folder, path.dirname(file)), { recursive: true });
    await writeFile(path.join(folder, file), text, { mode: 0o600 });
  };
  const lines = (values: Record<string, string>): string =>
    Object.entries(values)
      .map(([name, value]) => `${name}=${value}\n`)
      .join('');
  const port = (url: string): string => new URL(url).port;
  await put(
    'mcp-oauth-proxy/.env',
    lines({
      PUBLIC_URL: addresses.issuer,
      PORT: port(addresses.oauthProxyUrl),
      MCP_TOKEN: state.mcpToken,
      STATE_DIR: layout.oauthState,
      AUDIT_LOG: layout.audit('oauth-proxy'),
    }),
  );
  await put('mcp-oauth-proxy/actor.key', await readFile(layout.actorKey, 'utf8'));
  await put(
    'hugo-mcp-proxy/.env',
    lines({
      UPSTREAM_URL: addresses.hugoMcpUrl,
      PORT: port(addresses.hugoMcpProxyUrl),
      MCP_TOKEN_SHA256: createHash('sha256').update(state.mcpToken).digest('hex'),
      STATE_DIR: layout.proxyState,
      AUDIT_LOG: layout.audit('hugo-mcp-proxy'),
    }),
  );
  await put('hugo-mcp-proxy/server.crt', await readFile(layout.tlsCert, 'utf8'));
  await put(
    'hugo-mcp/.env',
    lines({
      PORT: port(addresses.hugoMcpUrl),
      TOKENS_FILE: layout.tokens,
      SITE_DIR: state.site,
      STATE_DIR: layout.serverState(state.site),
      AUDIT_LOG: layout.audit('hugo-mcp-server'),
    }),
  );
  await put('hugo-mcp/server.crt', await readFile(layout.tlsCert, 'utf8'));
  await put('hugo-mcp/server.key', await readFile(layout.tlsKey, 'utf8'));
  const within = 'mount --bind "$0" /etc && exec "$@"';
  return {
    examine: () =>
      toldBy(
        promisify(execFile)('unshare', [
          '--mount',
          'bash',
          '-c',
          within,
          folder,
          process.execPath,
          ARLEO,
          'doctor',
          '--json',
        ]),
      ),
    dispose: () => rm(folder, { recursive: true, force: true }),
  };
}

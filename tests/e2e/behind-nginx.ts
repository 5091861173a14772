import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePorts } from '@arleo/demo/stack/ports';
import { startNginx } from '../bench/nginx.ts';
import { startTestStack, type TestStack } from './start.ts';

const site = fileURLToPath(new URL('../../infra/nginx/mcp.conf', import.meta.url));

/** A stack whose public address is https, at a real nginx with the site of infra/. */
export interface StackBehindNginx {
  stack: TestStack;
  /** `https://localhost:PORT`. */
  issuer: string;
  /** PEM of the certificate that nginx shows; nobody else trusts it. */
  ca: string;
  dispose(): Promise<void>;
}

/** Starts the stack, and nginx in front of it with the paths, ports and names of this machine. */
export async function startBehindNginx(): Promise<StackBehindNginx> {
  const folder = await mkdtemp(path.join(tmpdir(), 'arleo-nginx-'));
  const { site: port } = await freePorts();
  const issuer = `https://localhost:${port}`;
  const stack = await startTestStack({
    'oauth-proxy': { PUBLIC_URL: issuer, DANGEROUSLY_ALLOW_HTTP_ISSUER: 'false' },
  });
  const { tlsCert, tlsKey } = stack.layout;
  const http = (await readFile(site, 'utf8'))
    .replace('127.0.0.1:8083', new URL(stack.addresses.issuer).host)
    .replace('127.0.0.1:8084', new URL(stack.addresses.hugoMcpProxyUrl).host)
    .replace('listen 443 ssl;', `listen 127.0.0.1:${port} ssl;`)
    .replace('listen [::]:443 ssl;', '')
    .replace('server_name mcp.example.org;', 'server_name localhost;')
    .replace('/etc/ssl/mcp.example.org.crt', tlsCert)
    .replace('/etc/ssl/mcp.example.org.key', tlsKey);
  const stop = await startNginx(folder, { name: 'public', port, http });
  return {
    stack,
    issuer,
    ca: await readFile(tlsCert, 'utf8'),
    dispose: async () => {
      await stop();
      await stack.dispose();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

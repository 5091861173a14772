import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePorts } from './free-ports.ts';
import { startPublicSite } from './public-site.ts';
import { startTestStack, type TestStack } from './start.ts';

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
  const { stop } = await startPublicSite({
    name: 'public',
    folder,
    port,
    oauthProxy: new URL(stack.addresses.issuer).host,
    hugoMcpProxy: new URL(stack.addresses.hugoMcpProxyUrl).host,
    certificate: tlsCert,
    key: tlsKey,
  });
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

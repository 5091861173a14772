import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createIdentity } from '@arleo/core/certificates/change-identity';
import { identityFiles } from '@arleo/core/certificates/identity-files';
import { VERSION } from '@arleo/core/version';
import { stateLayout } from '@arleo/demo/state/layout';
import { prepareState } from '@arleo/demo/state/prepare-state';
import { packRelease } from './release.ts';
import { ADDRESSES, type TestHost, type TestHosts } from './test-hosts.ts';

/** The packages of Debian that the services and backups need. */
export const PACKAGES = ['git', 'gpg', 'gpg-agent', 'hugo', 'nodejs', 'openssl'];

/** Where the services are reached from the first host itself. */
export const MCP_URL = 'http://127.0.0.1:8083/mcp';

/** Units by host. */
export const UNITS = { nuc: ['mcp-oauth-proxy', 'hugo-mcp-proxy'], vm: ['hugo-mcp'] } as const;

const execute = promisify(execFile);

/** What the tests need of what was installed. */
export interface Installed {
  passphrase: string;
  /** A client program for {@link TestHost.runBeside}. */
  client: string;
}

/** Puts a release, its units and their drop-ins for two machines, keys and the example site on both hosts, and starts them. */
export async function installByHand(hosts: TestHosts, folder: string): Promise<Installed> {
  const layout = stateLayout(path.join(folder, 'state'));
  const state = await prepareState(layout, undefined);
  // In the place of the demo's, which is for loopback: for the address of the second host.
  await Promise.all([layout.tlsKey, layout.tlsCert].map((file) => rm(file)));
  const pair = identityFiles({ key: layout.tlsKey, certificate: layout.tlsCert });
  const { certificate } = await createIdentity(pair, { hosts: [ADDRESSES.vm], now: Date.now() });
  const read = (file: string): Promise<string> => readFile(file, 'utf8').then((text) => text.trim());
  const tarball = await packRelease(path.join(folder, 'release'));
  const [nuc, vm] = [hosts.host('nuc'), hosts.host('vm')];

  await installUnits(nuc, tarball, UNITS.nuc);
  await installUnits(vm, tarball, UNITS.vm);

  const files: [host: TestHost, target: string, content: string][] = [
    [nuc, 'mcp-oauth-proxy/actor.key', await read(layout.actorKey)],
    [nuc, 'mcp-oauth-proxy/owner.json', await read(layout.owner)],
    [
      nuc,
      'mcp-oauth-proxy/.env',
      lines({
        PUBLIC_URL: new URL(MCP_URL).origin,
        DANGEROUSLY_ALLOW_HTTP_ISSUER: 'true',
        UPSTREAM_URL: 'http://127.0.0.1:8084',
        MCP_TOKEN: state.mcpToken,
        TOKEN_SECRET: await read(layout.tokenSecret),
      }),
    ],
    [nuc, 'hugo-mcp-proxy/server.crt', certificate],
    [nuc, 'hugo-mcp-proxy/webhook-secret', state.webhookSecret],
    [
      nuc,
      'hugo-mcp-proxy/.env',
      lines({
        UPSTREAM_URL: `https://${ADDRESSES.vm}:8000`,
        MCP_TOKEN_SHA256: createHash('sha256').update(state.mcpToken).digest('hex'),
        WEBHOOK_SECRET_FILE: '/etc/hugo-mcp-proxy/webhook-secret',
        WEBHOOK_TOKEN: await read(layout.pullToken),
      }),
    ],
    [vm, 'hugo-mcp/.env', lines({ HOST: ADDRESSES.vm })],
    [vm, 'hugo-mcp/actor.pub', await read(layout.actorPublicKey)],
    [vm, 'hugo-mcp/server.crt', certificate],
    [vm, 'hugo-mcp/server.key', await read(layout.tlsKey)],
    [vm, 'hugo-mcp/tokens.json', await read(layout.tokens)],
  ];
  for (const [host, target, content] of files) {
    const file = path.join(folder, 'etc', target);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, `${content}\n`);
    await host.put(file, `/etc/${path.dirname(target)}`);
  }
  await vm.put(state.site, '/srv/site');
  await vm.run(`chown -R hugo-mcp:hugo-mcp /srv/site
    install -d -o hugo-mcp -g hugo-mcp -m 0750 /var/lib/hugo-mcp
    install -o hugo-mcp -g hugo-mcp -m 0600 /etc/hugo-mcp/tokens.json /var/lib/hugo-mcp/ && rm /etc/hugo-mcp/tokens.json`);

  await start(vm, UNITS.vm);
  await start(nuc, UNITS.nuc);
  return { passphrase: state.passphrase, client: await bundleClient(folder) };
}

async function installUnits(host: TestHost, tarball: string, units: readonly string[]): Promise<void> {
  await host.put(tarball, '/root');
  await host.run(`cd /root && tar -xzf ${path.basename(tarball)} && cd arleo-${VERSION} && for unit in ${units.join(' ')}; do
      cp -R $unit /usr/local/lib/
      cp infra/systemd/$unit.service /etc/systemd/system/
      install -D -m 0644 -t /etc/sysusers.d infra/systemd/sysusers.d/$unit.conf
      install -D -m 0644 -t /etc/tmpfiles.d infra/systemd/tmpfiles.d/$unit.conf
      for name in site-machine front-machine; do
        [[ ! -e infra/systemd/drop-ins/$unit.service.d/$name.conf ]] ||
          install -D -m 0644 -t /etc/systemd/system/$unit.service.d infra/systemd/drop-ins/$unit.service.d/$name.conf
      done
    done
    systemd-sysusers 2>&1`);
}

async function start(host: TestHost, units: readonly string[]): Promise<void> {
  await host.run(
    `systemd-tmpfiles --create ${units.map((unit) => `${unit}.conf`).join(' ')} && systemctl daemon-reload`,
  );
  for (const unit of units) {
    const { status } = await host.try(`systemctl enable --now ${unit}`);
    if (status !== 0) throw new Error(await host.run(`journalctl --no-pager -n 30 -u ${unit}`));
  }
}

function lines(values: Record<string, string>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${value}`)
    .join('\n');
}

async function bundleClient(folder: string): Promise<string> {
  const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
  const out = path.join(folder, 'client');
  await execute('node', [here('../../scripts/bundle.mjs'), `--out=${out}`, here('write-page.ts')], { cwd: here('..') });
  return path.join(out, 'write-page.js');
}

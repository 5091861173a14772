import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { VERSION } from '@arleo/core/version';
import { packRelease } from './release.ts';
import { ADDRESSES, bootHosts, type Outcome, type TestHost } from './test-hosts.ts';

/** All packages of Debian that an installation needs, on one host or on two. */
export const PACKAGES = [
  'ca-certificates',
  'git',
  'gpg',
  'gpg-agent',
  'hugo',
  'libnginx-mod-http-modsecurity',
  'modsecurity-crs',
  'nginx',
  'nodejs',
  'openssl',
];

/** Where a release lies on a host before it is installed. */
export const UNPACKED = `/root/arleo-${VERSION}`;

/** Puts a release on a host, as its owner would: the tarball and its sums, checked and unpacked. */
export async function unpackRelease(host: TestHost, tarball: string): Promise<void> {
  await host.put(path.dirname(tarball), '/root');
  await host.run(`cd /root && sha256sum --check --quiet SHA256SUMS && rm -rf ${UNPACKED}
    tar -xzf ${path.basename(tarball)}`);
}

export interface UnpackedHost {
  host: TestHost;
  dispose(): Promise<void>;
}

/**
 * One host with an unpacked release, on which nothing is installed yet.
 *
 * @param options.offered the packages are not on it, but in an archive that apt can install from
 */
export async function unpackedHost(options: { offered?: boolean } = {}): Promise<UnpackedHost> {
  const folder = await mkdtemp(path.join(tmpdir(), 'arleo-unpacked-'));
  const hosts = await bootHosts(PACKAGES, { nuc: ADDRESSES.nuc }, options);
  const host = hosts.host('nuc');
  try {
    await unpackRelease(host, await packRelease(path.join(folder, 'release')));
  } catch (error) {
    await hosts.dispose();
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  return { host, dispose: () => hosts.dispose() };
}

/** Runs the unpacked release's installer, without a terminal. */
export function install(host: TestHost, options = '', environment = ''): Promise<Outcome> {
  return host.try(`cd ${UNPACKED} && ${environment} ./install.sh ${options} </dev/null`);
}

/**
 * Leaves installed packages as a dpkg does that is killed in the middle of them: a file is missing, and the status says so.
 *
 * @param states `unpacked`, `half-installed` or `half-configured`, by package
 */
export async function tear(host: TestHost, states: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, state] of Object.entries(states)) {
    await host.run(`dpkg -L ${name} | while read -r file; do if [[ -f $file && ! -L $file ]]; then echo "$file"; fi; done | tail -n 1 | xargs rm
      sed -i '/^Package: ${name}$/,/^Status:/s/^Status: .*/Status: install reinstreq ${state}/' /var/lib/dpkg/status
      dpkg --audit | grep ' ${name} ' && (dpkg --verify ${name} || true) | grep missing`);
  }
}

/** What is volatile while services run and nobody installs anything. */
const VOLATILE = [
  ...['/var/lib/hugo-mcp', '/var/lib/hugo-mcp-proxy', '/var/lib/mcp-oauth-proxy', '/var/lib/nginx'],
  ...['/var/lib/systemd', '/var/lib/dpkg', '/var/lib/apt'],
  // Made by the first Hugo in a site, some time behind the start.
  '/srv/site/.hugo_build.lock',
];

/** A line for each file, folder and link of what an installation consists of: access, owner, path, content. */
export async function snapshot(host: TestHost): Promise<string[]> {
  const places = '/etc /usr/local /var/lib /srv';
  const pruned = VOLATILE.map((place) => `-path ${place}`).join(' -o ');
  const found = `find ${places} \\( ${pruned} \\) -prune -o`;
  const text = await host.run(`${found} -printf '%m %u:%g %p %l\\n' | LC_ALL=C sort
    ${found} -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
    systemctl list-unit-files --no-legend --state=enabled
    sha256sum /var/lib/hugo-mcp/tokens.json 2>&1 || true`);
  return text.split('\n');
}

/** Every path of the host that is on disk, with times: for what must not touch anything. The journal and a database go on by themselves. */
export function everything(host: TestHost): Promise<string> {
  const passed = ['/proc', '/sys', '/run', '/dev', '/var/log/journal'].map((folder) => `-path ${folder}`).join(' -o ');
  const found = `find / -xdev \\( ${passed} -o -name oauth.lmdb-lock \\) -prune -o`;
  return host.run(`${found} -printf '%m %u:%g %T@ %p %l\\n' | LC_ALL=C sort
    ${found} -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum`);
}

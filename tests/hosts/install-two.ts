import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { install, unpackRelease } from './install.ts';
import { packRelease } from './release.ts';
import { ADDRESSES, type TestHost, type TestHosts } from './test-hosts.ts';

/** Where clients on the first host itself reach it, through nginx and its firewall. */
export const MCP_URL = 'https://localhost/mcp';

/** Units by host. */
export const UNITS = { nuc: ['mcp-oauth-proxy', 'hugo-mcp-proxy'], vm: ['hugo-mcp'] } as const;

const PASSPHRASE = 'trombone-vitrail-castor-levure';
const execute = promisify(execFile);
const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/** What the tests need of what was installed. */
export interface Installed {
  passphrase: string;
  /** A client program for {@link TestHost.runBeside}. */
  client: string;
  /** The file of the certificate that the first host shows to the world. */
  certificate: string;
}

/** Installs a release of this checkout on both hosts, as their owner would, with the example site on the second. */
export async function installOnTwo(hosts: TestHosts, folder: string): Promise<Installed> {
  const tarball = await packRelease(path.join(folder, 'release'));
  const [nuc, vm] = [hosts.host('nuc'), hosts.host('vm')];
  await vm.put(here('../../scripts/demo/site'), '/srv/site');
  for (const host of [nuc, vm]) await unpackRelease(host, tarball);

  await mustInstall(nuc, `--role nuc --domain localhost --vm-address ${ADDRESSES.vm} --nuc-address ${ADDRESSES.nuc}`);
  await carry(nuc, vm, 'for-vm.join');
  await mustInstall(vm, `--role vm --vm-address ${ADDRESSES.vm} --join /root/for-vm.join`);
  await carry(vm, nuc, 'for-nuc.join');
  await mustInstall(nuc, '--join /root/for-nuc.join');
  await nuc.run(`echo ${PASSPHRASE} | arleo owner set-passphrase --stdin`);

  const certificate = path.join(folder, 'localhost.crt');
  await writeFile(certificate, await nuc.run('cat /etc/arleo/tls/localhost.crt'));
  return { passphrase: PASSPHRASE, client: await bundleClient(folder), certificate };
}

async function mustInstall(host: TestHost, options: string): Promise<void> {
  const { status, stdout, stderr } = await install(host, options);
  if (status !== 0) throw new Error(`install.sh ${options}: status ${status}\n${stdout}${stderr}`);
}

/** What the owner does with scp. */
export async function carry(from: TestHost, to: TestHost, name: string): Promise<void> {
  const text = await from.run(`cat /var/lib/arleo/${name}`);
  await to.run(`cat >/root/${name} <<'JOIN'\n${text}JOIN`);
}

async function bundleClient(folder: string): Promise<string> {
  const out = path.join(folder, 'client');
  await mkdir(out, { recursive: true });
  await execute('node', [here('../../scripts/bundle.mjs'), `--out=${out}`, here('write-page.ts')], { cwd: here('..') });
  return path.join(out, 'write-page.js');
}

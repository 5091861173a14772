import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { install, PACKAGES, tear, UNPACKED, unpackRelease } from './install.ts';
import { packRelease } from './release.ts';
import { ADDRESSES, bootHosts, type TestHost, type TestHosts } from './test-hosts.ts';

const execute = promisify(execFile);
const DOMAIN = 'mcp.example.org';
const PASSPHRASE = 'four words that nobody would guess';

let folder: string;
let tarball: string;
let hosts: TestHosts | undefined;
let host: TestHost;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'arleo-restore-'));
  tarball = await packRelease(path.join(folder, 'release'));
  const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
  await execute('node', [here('../../scripts/bundle.mjs'), `--out=${folder}/client`, here('kept-client.ts')], {
    cwd: here('..'),
  });
  await freshHost();
});
afterAll(async () => {
  await hosts?.dispose();
  await rm(folder, { recursive: true, force: true });
});

/**
 * A Debian in the place of the one before, which is gone with all that it had.
 *
 * @param options.offered it has no packages yet, but an archive that apt can install them from
 */
async function freshHost(options: { offered?: boolean } = {}): Promise<void> {
  await hosts?.dispose();
  hosts = undefined;
  hosts = await bootHosts(PACKAGES, { nuc: ADDRESSES.nuc }, options);
  host = hosts.host('nuc');
  await unpackRelease(host, tarball);
  await host.put(path.join(folder, 'client'), '/opt/client');
  await host.run(`echo '127.0.0.1 ${DOMAIN}' >>/etc/hosts`);
}

/** Runs the client on the host, through nginx and its firewall. */
async function client(environment: string, args: string) {
  const { status, stdout, stderr } = await host.try(
    `${environment} NODE_EXTRA_CA_CERTS=/etc/arleo/tls/${DOMAIN}.crt node /opt/client/kept-client.js https://${DOMAIN}/mcp ${args}`,
  );
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return JSON.parse(stdout);
}

/** The owner's own machine: the private key never leaves it. */
const OWNER = () => `--homedir ${folder}/owner --batch --quiet`;
const onOwnersMachine = (script: string) => execute('bash', ['-euo', 'pipefail', '-c', script]);

test('[R-RESTORE-CONNECTED] a host is lost, and from its archive alone a fresh one goes on: the client, its pages and their history', async () => {
  expect(await install(host, `--yes --domain ${DOMAIN}`)).toMatchObject({ status: 0, stderr: '' });
  await host.run(`printf '${PASSPHRASE}\\n${PASSPHRASE}\\n' | arleo owner set-passphrase --stdin
    systemd-tmpfiles --create mcp-oauth-proxy.conf`);
  const before = await client(`PASSPHRASE='${PASSPHRASE}'`, 'connect posts/before');
  expect(before).toMatchObject({ asked: true, created: { isError: false } });

  await onOwnersMachine(`mkdir -m 0700 ${folder}/owner && gpg ${OWNER()} --passphrase '' --quick-generate-key owner@example.org default default never 2>/dev/null
    gpg ${OWNER()} --armor --export >${folder}/backup-key.asc; gpgconf --homedir ${folder}/owner --kill all`);
  const { stdout: listed } = await onOwnersMachine(`gpg ${OWNER()} --with-colons --list-keys`);
  const fingerprint = /^fpr:+([0-9A-F]{40}):/m.exec(listed)?.[1];
  await host.put(`${folder}/backup-key.asc`, '/etc/arleo');
  await host.run(`echo KEY=${fingerprint} >/etc/arleo/backup.conf && systemctl start arleo-backup`);
  expect(await host.run('arleo backup status')).toContain('.tar.gpg');
  const archive = await host.run(`base64 /var/backups/arleo/*.gpg`);
  await execute('bash', ['-c', `base64 --decode >${folder}/archive.gpg <<'END'\n${archive}END`]);
  const secrets = await host.run('cat /etc/mcp-oauth-proxy/.env /etc/hugo-mcp/server.key');

  await freshHost({ offered: true });
  // A first try was killed while dpkg was at work; and root's PATH may lack sbin, where dpkg finds what it needs.
  await host.run('apt-get -qq update && apt-get -qq -y install --no-install-recommends git >/dev/null 2>&1');
  await tear(host, { 'perl-modules-5.40': 'unpacked' });
  await onOwnersMachine(
    `gpg ${OWNER()} --decrypt ${folder}/archive.gpg >${folder}/clear.tar; gpgconf --homedir ${folder}/owner --kill all`,
  );
  await host.put(`${folder}/clear.tar`, '/dev/shm');
  const dry = await host.run(`${UNPACKED}/arleo/restore.sh --dry-run - </dev/shm/clear.tar`);
  expect(dry).toContain('[DRY-RUN] Would run install.sh --yes --role all\n');
  const { status, stderr } = await host.try(
    `PATH=/usr/local/bin:/usr/bin:/bin ${UNPACKED}/arleo/restore.sh - </dev/shm/clear.tar`,
  );
  expect({ status, said: status === 0 ? '' : stderr.slice(-3000) }).toEqual({ status: 0, said: '' });

  expect(await host.run('cat /etc/mcp-oauth-proxy/.env /etc/hugo-mcp/server.key')).toBe(secrets);
  const after = await client(`KEPT='${JSON.stringify(before.kept)}'`, 'go-on posts/after');
  expect(after).toMatchObject({ asked: false, sameToken: true, refreshed: true, created: { isError: false } });
  expect(JSON.stringify(after.history)).toContain('posts/before');
  expect(after.history).toMatchObject({ isError: false });
  expect(await host.run('cd /var/lib/hugo-mcp/public && cat posts/before/index.html posts/after/index.html')).toContain(
    'Written before',
  );
  await host.run('arleo audit verify');
  expect(
    await host.run(
      'find /etc/arleo /etc/mcp-oauth-proxy /etc/hugo-mcp /var/lib/hugo-mcp /srv/site -nouser -o -nogroup',
    ),
  ).toBe('');
});

test('[R-UNIT-EXPOSURE] the backup unit reads everything, and can do little else', async () => {
  const exposure = await host.run('systemd-analyze security --no-pager arleo-backup | tail -n 1');
  process.stderr.write(exposure);
  expect(Number(/exposure level for \S+: ([\d.]+)/.exec(exposure)?.[1])).toBeLessThanOrEqual(2);
  expect(await host.run('systemd-analyze verify /etc/systemd/system/arleo-backup.{service,timer} 2>&1')).toBe('');
  expect(await host.run('systemctl is-enabled arleo-backup.timer')).toBe('enabled\n');
});

test('[R-BACKUP-LOUD] a unit that fails is failed, and an error in the journal', async () => {
  await host.run('cp /etc/arleo/backup.conf /root/ && echo KEY=none >/etc/arleo/backup.conf');
  expect(await host.try('systemctl start arleo-backup')).toMatchObject({ status: 1 });
  expect(await host.run('systemctl is-failed arleo-backup')).toBe('failed\n');
  expect(await host.run('journalctl --no-pager -p err -u arleo-backup -o cat')).toContain('no backup was made');
  expect(await host.try('arleo backup status')).toMatchObject({
    status: 1,
    stderr: expect.stringContaining('fingerprint'),
  });
  await host.run('cp /root/backup.conf /etc/arleo/ && systemctl start arleo-backup && arleo backup status');
});

import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { VERSION } from '@arleo/core/version';
import { installByHand, PACKAGES } from './install-by-hand.ts';
import { bootHosts, type TestHost, type TestHosts } from './test-hosts.ts';

let folder: string;
let hosts: TestHosts;
let nuc: TestHost;
let vm: TestHost;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'arleo-doctor-'));
  hosts = await bootHosts(PACKAGES);
  [nuc, vm] = [hosts.host('nuc'), hosts.host('vm')];
  await installByHand(hosts, folder);
  for (const host of [nuc, vm]) {
    await host.run(
      `cp -R /root/arleo-${VERSION}/arleo /usr/local/lib/ && ln -s ../lib/arleo/arleo.js /usr/local/bin/arleo`,
    );
  }
  // The first build is to be over.
  await vm.run('until [[ -e /var/lib/hugo-mcp/public ]]; do sleep 0.2; done');
});
afterAll(async () => {
  await hosts?.dispose();
  await rm(folder, { recursive: true, force: true });
});

interface Told {
  status: number;
  codes: string[];
  says: string;
  report: { steps: { layer: string; name: string; state: string; says: string }[] };
  stdout: string;
}

/** `arleo doctor` on a host, as root if nobody else is named. */
async function doctor(host: TestHost, as = ''): Promise<Told> {
  const { status, stdout, stderr } = await host.try(`${as} arleo doctor --json`);
  if (stdout === '') throw new Error(stderr);
  const report = JSON.parse(stdout);
  const codes = report.findings.map(({ code }: { code: string }) => code);
  return { status, codes, says: JSON.stringify(report.findings), report, stdout };
}

/** Restarts units whose files were changed. */
const again = (host: TestHost, ...units: string[]): Promise<string> =>
  host.run(`systemctl daemon-reload && systemctl restart ${units.join(' ')}`);

test('[R-DOCTOR-HOST] both hosts are well, a call from the first one reads the site, and no secret is told', async () => {
  for (const host of [nuc, vm]) {
    const { status, codes, stdout } = await doctor(host);
    // Nobody makes backups of these hosts.
    expect([codes, status]).toEqual([['backup_missing'], 3]);
    const secrets = await host.run(`grep -hoE '(TOKEN|SECRET)=.*' /etc/*/.env | cut -d= -f2 || true`);
    for (const secret of secrets.split('\n').filter((one) => one !== '')) expect(stdout).not.toContain(secret);
  }
  const { report } = await doctor(nuc);
  expect(report.steps).toContainEqual(expect.objectContaining({ name: 'a signed call from here', state: 'ok' }));
  expect(report.steps).toContainEqual(expect.objectContaining({ layer: 'hugo', state: 'ok' }));
});

test('[R-DOCTOR-HOST] somebody who may not read the settings is told so, and sees the rest', async () => {
  const told = await doctor(nuc, 'setpriv --reuid=65534 --regid=65534 --clear-groups');
  expect(told.codes).toContain('not_readable');
  expect(told.report.steps).toContainEqual(expect.objectContaining({ name: 'units', state: 'ok' }));
});

test('[R-DOCTOR-DENY] silence by IPAddressDeny= of the unit: this host reaches the machine, and the unit does not', async () => {
  const dropIn = '/etc/systemd/system/hugo-mcp-proxy.service.d/site-machine.conf';
  await nuc.run(`mv ${dropIn} /root/`);
  await again(nuc, 'hugo-mcp-proxy');
  const { status, codes, says } = await doctor(nuc);
  await nuc.run(`mv /root/site-machine.conf ${dropIn}`);
  await again(nuc, 'hugo-mcp-proxy');
  expect([status, codes]).toEqual([4, expect.arrayContaining(['unit_denies_address'])]);
  expect(says).toContain('site-machine.conf');
  expect(codes).not.toContain('site_machine_silent');
});

test('[R-DOCTOR-DENY] silence of the other machine: its unit does not let this host in', async () => {
  const dropIn = '/etc/systemd/system/hugo-mcp.service.d/front-machine.conf';
  await vm.run(`mv ${dropIn} /root/`);
  await again(vm, 'hugo-mcp');
  const { codes } = await doctor(nuc);
  await vm.run(`mv /root/front-machine.conf ${dropIn}`);
  await again(vm, 'hugo-mcp');
  expect(codes).toContain('site_machine_silent');
  expect(codes).not.toContain('unit_denies_address');
});

test('a service that does not run, as both hosts see it, and one whose settings are wrong', async () => {
  await vm.run('systemctl stop hugo-mcp');
  expect((await doctor(nuc)).codes).toContain('service_refused');
  expect((await doctor(vm)).codes).toEqual(expect.arrayContaining(['unit_inactive', 'service_refused']));
  await vm.run(
    'cp /etc/hugo-mcp/.env /root/env && echo PORT=none >>/etc/hugo-mcp/.env && ! systemctl start hugo-mcp 2>/dev/null',
  );
  expect((await doctor(vm)).codes).toContain('unit_config');
  await vm.run('cp /root/env /etc/hugo-mcp/.env && systemctl start hugo-mcp');
});

test('a unit of a timer that failed', async () => {
  await nuc.run(`printf '[Service]\\nType=oneshot\\nExecStart=/bin/false\\n' >/run/systemd/system/arleo-example.service
    systemctl daemon-reload && ! systemctl start arleo-example 2>/dev/null`);
  const { codes, says } = await doctor(nuc);
  await nuc.run(
    'rm /run/systemd/system/arleo-example.service && systemctl reset-failed arleo-example && systemctl daemon-reload',
  );
  expect(codes).toEqual(['unit_failed', 'backup_missing']);
  expect(says).toContain('journalctl -u arleo-example.service');
});

test('[R-DOCTOR-SECRETS] a secret that a reinstall made anew on one side', async () => {
  await nuc.run(`cp /etc/mcp-oauth-proxy/.env /root/env
    sed -i "s/^MCP_TOKEN=.*/MCP_TOKEN=hmcp_$(openssl rand -hex 8)_$(openssl rand -hex 32)/" /etc/mcp-oauth-proxy/.env`);
  const { status, codes } = await doctor(nuc);
  await nuc.run('cp /root/env /etc/mcp-oauth-proxy/.env');
  expect([status, codes]).toEqual([4, expect.arrayContaining(['secrets_differ', 'hop_token_refused'])]);
});

test('[R-DOCTOR-CERT] a pinned certificate that is not the one that is shown, and one that ends soon', async () => {
  const make = `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -noenc -days 5 -subj /CN=hugo-mcp.internal \
    -addext subjectAltName=IP:${vm.address} -keyout /root/new.key -out /root/new.crt 2>/dev/null`;
  await vm.run(
    `${make}; cd /etc/hugo-mcp && cp -a server.crt server.key /root/ && cat /root/new.crt >server.crt && cat /root/new.key >server.key`,
  );
  await again(vm, 'hugo-mcp');
  const differs = await doctor(nuc);
  await nuc.run(
    `cp -a /etc/hugo-mcp-proxy/server.crt /root/ && echo '${await vm.run('cat /root/new.crt')}' >/etc/hugo-mcp-proxy/server.crt`,
  );
  await again(nuc, 'hugo-mcp-proxy');
  const [front, site] = [await doctor(nuc), await doctor(vm)];
  await nuc.run('cat /root/server.crt >/etc/hugo-mcp-proxy/server.crt');
  await vm.run('cd /etc/hugo-mcp && cat /root/server.crt >server.crt && cat /root/server.key >server.key');
  await again(vm, 'hugo-mcp');
  await again(nuc, 'hugo-mcp-proxy');
  expect(differs.codes).toContain('pin_mismatch');
  expect([front.status, front.codes]).toEqual([3, expect.arrayContaining(['internal_cert_expiring'])]);
  expect([site.status, site.codes]).toEqual([3, expect.arrayContaining(['internal_cert_expiring'])]);
});

test('[R-DOCTOR-CLOCK] the clock of the other host is wrong', async () => {
  // The hosts share the clock of this machine: the service is given another one.
  await vm.run(`install -d /run/systemd/system/hugo-mcp.service.d
    echo 'const now = Date.now; globalThis.Date = class extends Date { constructor(...a) { super(...(a.length ? a : [now() + 6e5])); } static now() { return now() + 6e5; } };' >/usr/local/lib/hugo-mcp/clock.mjs
    printf '[Service]\\nEnvironment=NODE_OPTIONS=--import=/usr/local/lib/hugo-mcp/clock.mjs\\n' >/run/systemd/system/hugo-mcp.service.d/clock.conf`);
  await again(vm, 'hugo-mcp');
  const { codes } = await doctor(nuc);
  await vm.run('rm -r /run/systemd/system/hugo-mcp.service.d /usr/local/lib/hugo-mcp/clock.mjs');
  await again(vm, 'hugo-mcp');
  expect(codes).toContain('hop_clocks_differ');
});

describe('[R-DOCTOR-DISK] disks', () => {
  test('a full one is named on its host, and from the one before it', async () => {
    await vm.run(`systemctl stop hugo-mcp && mkdir /root/state && cp -a /var/lib/hugo-mcp/. /root/state/
      mount -t tmpfs -o size=64m,mode=0750 state /var/lib/hugo-mcp && chown hugo-mcp:hugo-mcp /var/lib/hugo-mcp
      cp -a /root/state/. /var/lib/hugo-mcp/ && systemctl start hugo-mcp
      until [[ -e /var/lib/hugo-mcp/public ]]; do sleep 0.2; done
      dd if=/dev/zero of=/var/lib/hugo-mcp/filler bs=1M 2>/dev/null || true`);
    const [front, site] = [await doctor(nuc), await doctor(vm)];
    await vm.run(
      'rm /var/lib/hugo-mcp/filler && systemctl stop hugo-mcp && umount /var/lib/hugo-mcp && systemctl start hugo-mcp',
    );
    for (const { status, codes, says } of [front, site]) {
      expect([status, codes]).toEqual([4, expect.arrayContaining(['disk_full'])]);
      expect(says).toContain('/var/lib/hugo-mcp');
    }
  });

  test('one that hangs is named on its host, and from the one before it; doctor itself ends', async () => {
    const image = path.join(folder, 'site.img');
    execFileSync('truncate', ['-s', '64M', image]);
    execFileSync('mkfs.ext4', ['-q', '-m', '0', image]);
    await vm.put(image, '/root');
    await vm.run(`systemctl stop hugo-mcp
      [[ -e /dev/loop-control ]] || mknod /dev/loop-control c 10 237
      for n in {0..31}; do [[ -e /dev/loop$n ]] || mknod /dev/loop$n b 7 $n; done
      cp -a /srv/site /root/site && mount -o loop /root/site.img /srv/site && cp -a /root/site/. /srv/site/
      chown hugo-mcp:hugo-mcp /srv/site && systemctl start hugo-mcp && sync
      systemd-run -q --on-active=100 fsfreeze --unfreeze /srv/site
      systemd-run -q --unit=thaw -p RemainAfterExit=yes -p ExecStop='-/usr/sbin/fsfreeze --unfreeze /srv/site' true || true
      fsfreeze --freeze /srv/site`);
    try {
      const [front, site] = [await doctor(nuc), await doctor(vm)];
      for (const { status, codes, says } of [front, site]) {
        expect([status, codes]).toEqual([4, expect.arrayContaining(['disk_hangs'])]);
        expect(says).toContain('/srv/site');
      }
    } finally {
      await vm.run('fsfreeze --unfreeze /srv/site && systemctl stop hugo-mcp && umount /srv/site');
    }
  });
});

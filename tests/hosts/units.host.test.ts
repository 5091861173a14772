import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { makeIdentity } from '@arleo/core/certificates/make-identity';
import { createPage as createPageThrough } from './create-page.ts';
import { install, PACKAGES } from './install.ts';
import { carry, type Installed, installOnTwo, UNITS } from './install-two.ts';
import { ADDRESSES, bootHosts, type Outcome, type TestHost, type TestHosts } from './test-hosts.ts';

const ALL = Object.entries(UNITS).flatMap(([host, units]) => units.map((unit) => [unit, host] as const));

/** Where a server in Cloudflare's place listens. */
const EDGE = '192.168.122.200';

let folder: string;
let hosts: TestHosts;
let installed: Installed;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'arleo-units-'));
  hosts = await bootHosts(PACKAGES, { ...ADDRESSES, edge: EDGE });
  installed = await installOnTwo(hosts, folder);
});
afterAll(async () => {
  await hosts?.dispose();
  await rm(folder, { recursive: true, force: true });
});

/** Answers every call as Cloudflare does, and prints what it was asked; for `node -e` within single quotes. */
const FAKE_CLOUDFLARE = `const { readFileSync } = require("fs");
  require("https").createServer({ key: readFileSync("key"), cert: readFileSync("crt") }, (request, response) => {
    request.setEncoding("utf8").on("data", (text) => console.log(request.url, text));
    request.on("end", () => response.setHeader("content-type", "application/json").end(JSON.stringify({ success: true })));
  }).listen(443)`;

const createPage = (route: string, title: string): Promise<unknown> =>
  createPageThrough(hosts, installed, route, title);

/** Runs a command where the unit's own processes are: in its cgroup and mount namespace, as root. */
function withinUnit(host: TestHost, unit: string, command: string): Promise<Outcome> {
  return host.try(`echo $$ >"/sys/fs/cgroup$(systemctl show -P ControlGroup ${unit})/cgroup.procs"
    exec nsenter -t "$(systemctl show -P MainPID ${unit})" -m ${command}`);
}

const connect = (address: string) => `timeout 2 bash -c 'echo >/dev/tcp/${address}/9'`;
const REFUSED = { status: 1, stderr: expect.stringContaining('Connection refused') };
const SILENT = { status: 124 };

test('[R-UNIT-WORKS] a page goes live through all hops, each in its sandbox', async () => {
  expect(await createPage('posts/sandboxed', 'Sandboxed')).toMatchObject({ isError: false });
  const html = await hosts.host('vm').run('cat /var/lib/hugo-mcp/public/en/posts/sandboxed/index.html');
  expect(html).toContain('Written through all hops.');
});

test.each(ALL)(
  '[R-UNIT-EXPOSURE] %s: the exposure that systemd finds is at most 2.0, and its unit file has no fault',
  async (unit, name) => {
    const host = hosts.host(name);
    const text = await host.run(`systemd-analyze security --no-pager ${unit} | tail -n 1`);
    process.stderr.write(text);
    expect(Number(/exposure level for \S+: ([\d.]+)/.exec(text)?.[1])).toBeLessThanOrEqual(2);
    expect(await host.run(`systemd-analyze verify /etc/systemd/system/${unit}.service 2>&1`)).toBe('');
  },
);

test.each(ALL)('%s runs as its own user, with limits, and waits for calls when it stops', async (unit, name) => {
  const asked = 'User,Type,NotifyAccess,Restart,WatchdogUSec,TimeoutStopUSec,TasksMax,MemoryMax,IPAddressDeny';
  const shown = await hosts.host(name).run(`systemctl show -p ${asked} ${unit}`);
  const limits = {
    'mcp-oauth-proxy': ['TasksMax=64', 'MemoryMax=536870912'],
    'hugo-mcp-proxy': ['TasksMax=64', 'MemoryMax=268435456'],
    'hugo-mcp': ['TasksMax=256', 'MemoryMax=2147483648'],
  }[unit];
  expect(shown.trim().split('\n')).toEqual(
    expect.arrayContaining([
      `User=${unit}`,
      'Type=notify',
      'NotifyAccess=all',
      'Restart=on-failure',
      'WatchdogUSec=1min',
      'TimeoutStopUSec=2min 20s',
      expect.stringMatching(/^IPAddressDeny=(?=.*0\.0\.0\.0\/0)(?=.*::\/0)/),
      ...limits,
    ]),
  );
});

test.each([
  ['mcp-oauth-proxy', 'nuc', '127.0.0.1', ADDRESSES.vm],
  ['hugo-mcp-proxy', 'nuc', ADDRESSES.vm, ADDRESSES.nuc],
  ['hugo-mcp', 'vm', ADDRESSES.nuc, ADDRESSES.vm],
] as const)(
  '[R-UNIT-NETWORK] %s on %s reaches %s, and of %s it gets only silence',
  async (unit, name, allowed, denied) => {
    const host = hosts.host(name);
    // Without the unit both addresses answer at once: it is the unit that is silent.
    expect(await host.try(connect(denied))).toMatchObject(REFUSED);
    expect(await withinUnit(host, unit, connect(allowed))).toMatchObject(REFUSED);
    expect(await withinUnit(host, unit, connect(denied))).toMatchObject(SILENT);
  },
);

test.each(ALL)(
  '[R-UNIT-FILES] %s cannot write outside of its folders, nor read the secrets of others',
  async (unit, name) => {
    const host = hosts.host(name);
    for (const file of [
      '/etc/hostile',
      `/usr/local/lib/${unit}/hostile`,
      '/var/hostile',
      '/etc/systemd/system/hostile.service',
    ])
      expect(await withinUnit(host, unit, `touch ${file}`)).toMatchObject({
        status: 1,
        stderr: expect.stringContaining('Read-only file system'),
      });
    for (const place of ['/dev/shm', '/run/lock']) {
      expect(
        await withinUnit(host, unit, `setpriv --reuid=${unit} --clear-groups touch ${place}/hostile`),
      ).toMatchObject({
        status: 1,
        stderr: expect.stringContaining('Permission denied'),
      });
    }
    for (const own of [`/var/lib/${unit}`, `/var/log/${unit}`])
      expect(await withinUnit(host, unit, `bash -c 'touch ${own}/probe && rm ${own}/probe'`)).toMatchObject({
        status: 0,
      });
    // The release was unpacked there.
    expect(await host.run('ls /root')).toContain('arleo');
    expect(await withinUnit(host, unit, 'ls /root')).toMatchObject({ stdout: '' });
    for (const secret of [`/etc/${unit}/.env`, '/etc/shadow'])
      expect(await host.try(`setpriv --reuid=${unit} --regid=${unit} --clear-groups cat ${secret}`)).toMatchObject({
        status: 1,
        stderr: expect.stringContaining('Permission denied'),
      });
  },
);

test.each(ALL)('%s has no secret in its environment', async (unit, name) => {
  const environment = await hosts
    .host(name)
    .run(`tr '\\0' '\\n' <"/proc/$(systemctl show -P MainPID ${unit})/environ"`);
  expect(environment).toContain('CREDENTIALS_DIRECTORY=');
  expect(environment).not.toMatch(/^(?:MCP_TOKEN|TOKEN_SECRET|WEBHOOK_TOKEN|.*hmcp_)/m);
});

test.each(ALL)(
  '[R-UNIT-EXPOSURE] %s takes every drop-in that is offered for it, and stays below 2.0',
  async (unit, name) => {
    const host = hosts.host(name);
    const folder = `/run/systemd/system/${unit}.service.d`;
    const offered = `/root/arleo-*/infra/systemd/drop-ins/${unit}.service.d`;
    await host.run(
      `install -D -m 0644 -t ${folder} ${offered}/*.conf && systemctl daemon-reload && systemctl restart ${unit}`,
    );
    expect(await host.run(`systemd-analyze verify ${unit}.service 2>&1`)).toBe('');
    expect(await host.try(`systemd-analyze security --no-pager --threshold=20 ${unit}`)).toMatchObject({ status: 0 });
    await host.run(`rm -r ${folder} && systemctl daemon-reload && systemctl restart ${unit}`);
  },
);

test('the drop-in for client documents turns them on, and keeps private networks closed', async () => {
  const nuc = hosts.host('nuc');
  const folder = '/run/systemd/system/mcp-oauth-proxy.service.d';
  await nuc.run(`install -D -m 0644 -t ${folder} /root/arleo-*/infra/systemd/drop-ins/mcp-oauth-proxy.service.d/client-documents.conf
    systemctl daemon-reload && systemctl restart mcp-oauth-proxy`);
  expect(await nuc.run('systemctl show -P Environment mcp-oauth-proxy')).toContain('CIMD=true');
  expect(await withinUnit(nuc, 'mcp-oauth-proxy', connect(ADDRESSES.vm))).toMatchObject(SILENT);
  expect(await withinUnit(nuc, 'mcp-oauth-proxy', connect('127.0.0.1'))).toMatchObject(REFUSED);
  await nuc.run(`rm -r ${folder} && systemctl daemon-reload && systemctl restart mcp-oauth-proxy`);
});

test('[R-CERT-TIMER] the timer renews a certificate that is due, in its sandbox, and both services go on', async () => {
  const [nuc, vm] = [hosts.host('nuc'), hosts.host('vm')];
  const days = (count: number) => Date.now() + count * 24 * 3600 * 1000;
  const due = await makeIdentity({ names: [`IP:${ADDRESSES.vm}`], from: days(-345), to: days(20) });
  for (const [name, text] of [
    ['server.key', due.key],
    ['server.crt', due.certificate],
  ] as const)
    await writeFile(path.join(folder, name), text);
  await vm.put(path.join(folder, 'server.key'), '/etc/hugo-mcp');
  for (const [host, unit] of [
    [vm, 'hugo-mcp'],
    [nuc, 'hugo-mcp-proxy'],
  ] as const) {
    await host.put(path.join(folder, 'server.crt'), `/etc/${unit}`);
    await host.run(`systemd-tmpfiles --create ${unit}.conf && systemctl restart ${unit}`);
  }
  const pids = () =>
    Promise.all([vm.run('systemctl show -P MainPID hugo-mcp'), nuc.run('systemctl show -P MainPID hugo-mcp-proxy')]);
  const before = await pids();
  expect(await createPage('posts/before-the-timer', 'Before')).toMatchObject({ isError: false });

  const unit = 'arleo-cert-renew';
  await vm.run(`install -d /run/systemd/system/${unit}.timer.d
    printf '[Timer]\\nOnActiveSec=1\\nRandomizedDelaySec=0\\nAccuracySec=1\\n' >/run/systemd/system/${unit}.timer.d/now.conf
    systemctl daemon-reload && systemctl restart ${unit}.timer
    until [[ -n $(systemctl show -P ExecMainExitTimestamp ${unit}) ]]; do sleep 0.2; done`);
  expect(await vm.run(`systemctl show -P Result ${unit}`)).toBe('success\n');
  const { server } = JSON.parse(await vm.run('node /usr/local/lib/arleo/arleo.js cert show --json'));
  expect(server).toMatchObject({ due: false, next: null, in_force: { names: [`IP:${ADDRESSES.vm}`] } });
  expect(await vm.run("stat -c '%a %U %n' /etc/hugo-mcp/*.key")).toBe('600 hugo-mcp /etc/hugo-mcp/server.key\n');
  expect(await vm.run('cat /var/log/hugo-mcp/audit.jsonl')).toMatch(/"certificate.expiring".*"renewal_missing"/);
  expect(
    await nuc.run(`until grep -q '"certificate.dropped"' /var/log/hugo-mcp-proxy/audit.jsonl; do sleep 0.2; done
    openssl s_client -connect ${ADDRESSES.vm}:8000 </dev/null 2>/dev/null | openssl x509 -noout -checkend $((300 * 24 * 3600))`),
  ).toContain('will not expire');
  expect(await createPage('posts/after-the-timer', 'After')).toMatchObject({ isError: false });
  expect(await pids()).toEqual(before);

  expect(await vm.try(`systemd-analyze security --no-pager --threshold=20 ${unit}`)).toMatchObject({ status: 0 });
  for (const kind of ['service', 'timer'])
    expect(await vm.run(`systemd-analyze verify /etc/systemd/system/${unit}.${kind} 2>&1`)).toBe('');
  await vm.run(`rm -r /run/systemd/system/${unit}.timer.d && systemctl daemon-reload`);
  expect(await vm.run(`systemctl start ${unit} && journalctl --no-pager -o cat -u ${unit}`)).toContain(
    'Nothing is due',
  );
});

test('[R-UNIT-NETWORK] a purge reaches Cloudflare once its addresses are open to the unit, and not before', async () => {
  const [vm, edge] = [hosts.host('vm'), hosts.host('edge')];
  await edge.run(`mkdir /root/edge && cd /root/edge && openssl req -x509 -newkey rsa:2048 -noenc -days 1 -subj /CN=edge -addext subjectAltName=IP:${EDGE} -keyout key -out crt
    systemd-run -q --unit=edge --working-directory=/root/edge -p StandardOutput=file:/root/edge/asked node -e '${FAKE_CLOUDFLARE}'
    until bash -c 'echo >/dev/tcp/${EDGE}/443'; do sleep 0.1; done`);
  await vm.run(`echo '${await edge.run('cat /root/edge/crt')}' >/etc/hugo-mcp/edge.crt`);
  const folderOfDropIns = '/run/systemd/system/hugo-mcp.service.d';
  await vm.run(`install -d ${folderOfDropIns}
    printf 'CLOUDFLARE_ZONE_ID=%032d\\nCLOUDFLARE_API_TOKEN=%040d\\nCLOUDFLARE_API_URL=https://${EDGE}\\nHUGO_BASEURL=https://www.example.org/\\n' 0 0 >>/etc/hugo-mcp/.env
    printf '[Service]\\nEnvironment=NODE_EXTRA_CA_CERTS=/etc/hugo-mcp/edge.crt\\n' >${folderOfDropIns}/trust.conf
    systemctl daemon-reload && systemctl restart hugo-mcp`);
  expect(JSON.stringify(await createPage('posts/unpurged', 'Unpurged'))).toContain('cloudflare');
  expect(await edge.run('cat /root/edge/asked')).toBe('');

  await vm.run(`printf '[Service]\\nIPAddressAllow=${EDGE}\\n' >${folderOfDropIns}/edge.conf
    systemctl daemon-reload && systemctl restart hugo-mcp`);
  expect(await createPage('posts/purged', 'Purged')).toMatchObject({ isError: false });
  expect(await edge.run('until [[ -s /root/edge/asked ]]; do sleep 0.1; done; cat /root/edge/asked')).toContain(
    'https://www.example.org/en/posts/purged/',
  );
});

test('[R-UNIT-WATCHDOG] a service that hangs is killed by the watchdog, started again, and works', async () => {
  const nuc = hosts.host('nuc');
  // It is patient again before the next start, which takes the time it has from the unit as it is then.
  await nuc.run(`drop_ins=/run/systemd/system/hugo-mcp-proxy.service.d
    install -d $drop_ins && trap 'rm -rf $drop_ins && systemctl daemon-reload' EXIT
    printf '[Service]\\nTimeoutAbortSec=1\\n' >$drop_ins/abort.conf
    printf '[Service]\\nWatchdogSec=6\\n' >$drop_ins/impatient.conf
    systemctl daemon-reload && systemctl restart hugo-mcp-proxy
    of() { systemctl show -P "$1" hugo-mcp-proxy; }
    pid=$(of MainPID) heard=$(of WatchdogTimestampMonotonic)
    until [[ $(of WatchdogTimestampMonotonic) != "$heard" ]]; do sleep 0.1; done
    [[ $(of MainPID) == "$pid" ]]
    rm $drop_ins/impatient.conf && systemctl daemon-reload
    kill -STOP "$pid"
    until [[ $(of NRestarts) -ge 1 ]]; do sleep 0.1; done
    until systemctl is-active -q hugo-mcp-proxy; do sleep 0.1; done
    [[ $(of WatchdogUSec) == 1min ]]`);
  expect(await nuc.run('journalctl --no-pager -u hugo-mcp-proxy')).toContain('Watchdog timeout');
  expect(await createPage('posts/after-the-watchdog', 'After')).toMatchObject({ isError: false });
});

test('[R-INSTALL-TWO] tokens made anew on one host are carried to the other, after which calls go through again', async () => {
  const [nuc, vm] = [hosts.host('nuc'), hosts.host('vm')];
  const { status, stdout } = await install(nuc, '--force-rotate-tokens');
  expect({ status, stdout }).toMatchObject({ status: 0, stdout: expect.stringContaining('to know its new tokens') });
  expect(await nuc.try('arleo self-test --role nuc')).toMatchObject({ status: 1 });
  await carry(nuc, vm, 'for-vm.join');
  expect(await install(vm, '--join /root/for-vm.join')).toMatchObject({ status: 0, stderr: '' });
  expect(await install(nuc)).toMatchObject({ status: 0, stdout: expect.stringContaining('ok  signed call') });
});

test.each(ALL)('%s stops in order', async (unit, name) => {
  const host = hosts.host(name);
  await host.run(`systemctl stop ${unit}`);
  expect(await host.run(`systemctl show -P Result ${unit}`)).toBe('success\n');
});

import { install, snapshot, tear, UNPACKED, type UnpackedHost, unpackedHost } from './install.ts';
import type { Outcome, TestHost } from './test-hosts.ts';

let unpacked: UnpackedHost;
let host: TestHost;
/** The host as it is after one run that nothing interrupted. */
let installed: string[];
beforeAll(async () => {
  unpacked = await unpackedHost({ offered: true });
  host = unpacked.host;
});
afterAll(() => unpacked?.dispose());

const RELEASES = '/usr/local/lib/arleo-releases';

/** Makes another release out of the unpacked one: the script changes it, and its sums are made anew. */
async function otherRelease(name: string, change: string): Promise<string> {
  await host.run(`rm -rf /root/${name} && cp -R ${UNPACKED} /root/${name} && cd /root/${name} && ${change}
    find . -type f ! -name SHA256SUMS -printf '%P\\0' | LC_ALL=C sort -z | xargs -0 sha256sum >/root/sums && mv /root/sums SHA256SUMS`);
  return `/root/${name}`;
}

const run = (release: string, options = ''): Promise<Outcome> =>
  host.try(`${release}/install.sh ${options} </dev/null`);
const current = () => host.run(`readlink ${RELEASES}/current`);
const selfTest = () => host.try('arleo self-test');

/** Lines that one has and the other has not. */
function difference(before: readonly string[], after: readonly string[]): string[] {
  const [old, now] = [new Set(before), new Set(after)];
  return [...before.filter((line) => !now.has(line)), ...after.filter((line) => !old.has(line))];
}

test('[R-INSTALL-INTERRUPTED] killed at any step and run again, the installation becomes whole', async () => {
  const seed = Number(process.env.ARLEO_KILL_SEED ?? Date.now() % 100_000);
  const kills = Number(process.env.ARLEO_KILLS ?? 9);
  process.stderr.write(`ARLEO_KILL_SEED=${seed}\n`);
  // The whole group of processes at once, as when the power goes: nothing of it can clean up.
  for (let kill = 0; kill < kills; kill++) {
    // The first few fall into the packages' installation.
    const seconds = (((seed * (kill + 1) * 7919) % 1000) / 1000) * (kill < 3 ? 20 : 10);
    await host.try(`cd ${UNPACKED} && systemd-run --quiet --unit=installer --collect --wait --pipe -p KillMode=control-group \\
      -p SendSIGKILL=yes -p KillSignal=SIGKILL -p RuntimeMaxSec=${seconds.toFixed(2)} -p WorkingDirectory=${UNPACKED} ./install.sh --yes </dev/null`);
  }
  expect(await install(host)).toMatchObject({ status: 0, stderr: '' });
  expect(await selfTest()).toMatchObject({ status: 0 });
  installed = await snapshot(host);
  expect(installed.filter((line) => /\.arleo\.|arleo-new|\.new-|\.old-/.test(line))).toEqual([]);
  expect(await install(host)).toMatchObject({ status: 0 });
  expect(await snapshot(host)).toEqual(installed);
  // One active token for each of the two services, however often it was interrupted.
  const { tokens } = JSON.parse(await host.run('token-mgr list --json'));
  const active = tokens.filter(({ status }: { status: string }) => status === 'active');
  expect(active.map(({ label }: { label: string }) => label)).toEqual(['mcp-oauth-proxy', 'hugo-mcp-proxy: webhook']);
});

test('[R-INSTALL-ROLLBACK] a release that does not work is put back, says so with status 6, and the host is as before', async () => {
  const [before, release] = [await snapshot(host), await current()];
  const broken = await otherRelease(
    'broken',
    `sed -i '1a process.exit(1);' hugo-mcp-proxy/main.js && sed -i 's/Description=Arleo/Description=Broken/' infra/systemd/hugo-mcp-proxy.service &&
     sed -i 's/client_body_timeout 30s/client_body_timeout 31s/' infra/nginx/mcp.conf`,
  );
  const { status, stdout, stderr } = await run(broken);
  expect({ status, stderr }).toMatchObject({
    status: 6,
    stderr: expect.stringContaining('hugo-mcp-proxy.service does not start'),
  });
  expect(stdout).toContain('was put back and works');
  expect(await current()).toBe(release);
  expect(await selfTest()).toMatchObject({ status: 0 });
  const changed = difference(before, await snapshot(host)).filter((line) => !line.includes(`${RELEASES}/`));
  expect(changed.filter((line) => !line.includes('/var/lib/arleo'))).toEqual([]);
});

test('[R-INSTALL-ROLLBACK] so is one whose services start, and answer wrongly', async () => {
  const release = await current();
  const wrong = await otherRelease('wrong', `sed -i 's/\\/readyz/\\/ready-nowhere/g' mcp-oauth-proxy/main.js`);
  expect(await run(wrong)).toMatchObject({ status: 6, stderr: expect.stringContaining('mcp-oauth-proxy: status 403') });
  expect(await current()).toBe(release);
  expect(await selfTest()).toMatchObject({ status: 0 });
});

test('[R-INSTALL-ROLLBACK] so is one that was killed in the middle of the change, and tried again', async () => {
  const release = await current();
  const broken = '/root/broken';
  await host.try(
    `systemd-run --quiet --unit=installer --collect --wait -p KillSignal=SIGKILL -p RuntimeMaxSec=4 ${broken}/install.sh --yes`,
  );
  expect(await run(broken)).toMatchObject({ status: 6 });
  expect(await current()).toBe(release);
  expect(await selfTest()).toMatchObject({ status: 0 });
});

test('[R-INSTALL-UPGRADE] another release takes the place of the one before: code, units and nginx change, and nothing else', async () => {
  const before = await snapshot(host);
  const next = await otherRelease(
    'next',
    `echo 9.9.9 >VERSION && sed -i 's/Description=Arleo:/Description=Arleo 9:/' infra/systemd/hugo-mcp.service`,
  );
  expect(await run(next)).toMatchObject({ status: 0, stderr: '' });
  expect(await current()).toMatch(/^9\.9\.9-/);
  const changed = difference(before, await snapshot(host)).map(
    (line) => line.split(/\s+/).find((word) => word.startsWith('/')) ?? line,
  );
  const places = new Set(
    changed.map((file) => file.replace(/^(\/usr\/local\/lib\/arleo-releases|\/var\/lib\/arleo)\/.*/, '$1/…')),
  );
  expect([...places].sort()).toEqual([
    '/etc/systemd/system/hugo-mcp.service',
    '/usr/local/lib/arleo-releases/…',
    '/var/lib/arleo/…',
  ]);
  // One release to go back to stays, and no more.
  expect((await host.run(`ls ${RELEASES}`)).trim().split('\n')).toHaveLength(3);
});

test('[R-INSTALL-OWNERS] what the owner changed in nginx stays, and the release is put beside it once', async () => {
  await host.run(`echo '# mine' >>/etc/nginx/arleo/modsecurity/mcp.conf && nginx -t 2>&1`);
  const next = await otherRelease('newer', `sed -i '1i # of the release' infra/modsecurity/mcp.conf`);
  expect((await run(next)).stdout).toContain('/etc/nginx/arleo/modsecurity/mcp.conf was changed by hand and stays');
  expect(await host.run('tail -n 1 /etc/nginx/arleo/modsecurity/mcp.conf')).toBe('# mine\n');
  expect(await host.run('head -n 1 /etc/nginx/arleo/modsecurity/mcp.conf.arleo-new')).toBe('# of the release\n');
  expect((await run(next)).stdout).not.toContain('changed by hand');
  await host.run('mv /etc/nginx/arleo/modsecurity/mcp.conf.arleo-new /etc/nginx/arleo/modsecurity/mcp.conf');
  expect(await run(next)).toMatchObject({ status: 0 });
});

test('[R-INSTALL-UNINSTALL] off and on again: secrets and data stay, and Claude finds what it knew', async () => {
  const kept = () =>
    host.run(
      'sha256sum /etc/*/.env /etc/mcp-oauth-proxy/actor.key /etc/hugo-mcp/server.* /var/lib/hugo-mcp/tokens.json',
    );
  const before = await kept();
  expect(await host.try('/usr/local/lib/arleo/install.sh --uninstall </dev/null')).toMatchObject({
    status: 0,
    stderr: '',
  });
  expect(await kept()).toBe(before);
  const left =
    await host.run(`ls /usr/local/lib /usr/local/bin /etc/systemd/system /etc/sysusers.d /etc/tmpfiles.d /etc/nginx/conf.d
    curl -sk https://127.0.0.1 || true`);
  expect(left).not.toMatch(/arleo|hugo-mcp|mcp-oauth|token-mgr/);
  expect(await run('/root/newer')).toMatchObject({ status: 0, stderr: '' });
  expect(await kept()).toBe(before);
});

test('[R-INSTALL-UNINSTALL] --purge takes secrets and data too, asks first, and leaves the site', async () => {
  expect(await host.try('/usr/local/lib/arleo/install.sh --purge </dev/null')).toMatchObject({ status: 2 });
  expect(await host.try('/usr/local/lib/arleo/install.sh --purge --yes </dev/null')).toMatchObject({
    status: 0,
    stderr: '',
  });
  const left = await host.run(
    'ls -d /etc/*arleo* /etc/*mcp* /var/lib/*arleo* /var/lib/*mcp* /var/log/*mcp* 2>/dev/null || true; grep mcp /etc/passwd || true',
  );
  expect(left).toBe('');
  expect(await host.run('ls /srv/site')).toContain('hugo.toml');
});

test('[R-INSTALL-INTERRUPTED] packages that dpkg was killed in the middle of are unpacked again', async () => {
  const marked = () => host.run('apt-mark showauto');
  const before = await marked();
  expect(before).toContain('perl-modules-5.40\n');
  await host.run('dpkg --remove --force-depends nodejs');
  // One of them lacks nodejs.
  const torn = { 'perl-modules-5.40': 'unpacked', git: 'half-installed', 'node-corepack': 'half-installed' };
  await tear(host, torn);
  expect(await run('/root/newer', '--yes')).toMatchObject({ status: 0, stderr: '' });
  expect(await host.run('dpkg --audit')).toBe('');
  expect(await host.run(`dpkg --verify ${Object.keys(torn).join(' ')}; ls /var/cache/apt`)).not.toMatch(/missing|torn/);
  expect(await marked()).toBe(before);
});

test('[R-INSTALL-INTERRUPTED] what dpkg had only noted in its journal when it was killed is taken up', async () => {
  await host.run(`dpkg --remove --force-depends nodejs && dpkg --status hugo >/var/lib/dpkg/updates/0000
    [[ -z $(dpkg --audit) ]]; (apt-get -qq -y install nodejs 2>&1 || true) | grep 'dpkg was interrupted'`);
  expect(await run('/root/newer', '--yes')).toMatchObject({ status: 0, stderr: '' });
  expect(await host.run('ls /var/lib/dpkg/updates')).toBe('');
});

test('another apt that reads its lists just then is waited for', async () => {
  await host.run('dpkg --remove --force-depends nodejs');
  // It holds the lock (struct flock of Linux, 64 bits) until somebody waits.
  await host.run(`cat >/root/other-apt <<'PERL'
use Fcntl;
open(my $lock, '>>', '/var/lib/apt/lists/lock') or die $!;
my $whole = pack('ssx4qqlx4', F_WRLCK, 0, 0, 0, 0);
fcntl($lock, F_SETLK, $whole) or die $!;
open(my $locked, '>', '/root/locked');
for (1 .. 600) {
  open(my $waited, '>', '/root/waited') && last if grep { open(NAME, '<', $_) && (<NAME> // '') =~ /^sleep.5/ } glob('/proc/[0-9]*/cmdline');
  select(undef, undef, undef, 0.1);
}
PERL
    systemd-run --quiet --unit=other-apt perl /root/other-apt
    until [[ -e /root/locked ]] || systemctl is-failed -q other-apt; do sleep 0.1; done; ! apt-get -qq update 2>/dev/null`);
  expect(await run('/root/newer', '--yes')).toMatchObject({ status: 0, stderr: '' });
  await host.run('ls /root/waited');
});

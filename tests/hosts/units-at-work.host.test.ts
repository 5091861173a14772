import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createPage } from './create-page.ts';
import { PACKAGES } from './install.ts';
import { type Installed, installOnTwo } from './install-two.ts';
import { ADDRESSES, bootHosts, type TestHosts } from './test-hosts.ts';

let folder: string;
let hosts: TestHosts;
let installed: Installed;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'arleo-units-'));
  hosts = await bootHosts(PACKAGES);
  installed = await installOnTwo(hosts, folder);
});
afterAll(async () => {
  await hosts?.dispose();
  await rm(folder, { recursive: true, force: true });
});

/** An address of the hosts' network that no drop-in names. */
const ELSEWHERE = '192.168.122.200';

const ORIGIN = `git://${ADDRESSES.nuc}/site.git`;
const GIT = 'git -c user.name=Owner -c user.email=owner@example.org -c safe.directory=*';

/** Tells hugo-mcp-proxy of a push as GitHub does; for `node` on the first host. */
const PUSH = `const { createHmac, randomUUID } = require('crypto');
const body = JSON.stringify({ ref: 'refs/heads/main', before: '0'.repeat(40), after: process.argv[2], deleted: false, commits: [] });
const secret = require('fs').readFileSync('/etc/hugo-mcp-proxy/webhook-secret', 'utf8').trim();
fetch('http://127.0.0.1:8084/webhook/github', { method: 'POST', body, headers: {
  'content-type': 'application/json', 'x-github-event': 'push', 'x-github-delivery': randomUUID(),
  'x-hub-signature-256': 'sha256=' + createHmac('sha256', secret).update(body).digest('hex'),
} }).then(({ status }) => console.log(status));
`;

/** Hugo, which takes its time over builds once it is told to, and says that it builds. */
const SLOW_HUGO = `#!/bin/bash
if [[ " $* " == *" --destination "* && -e /var/lib/hugo-mcp/slow ]]; then
  touch /var/lib/hugo-mcp/builds
  until [[ $(systemctl is-active hugo-mcp) == deactivating ]]; do sleep 0.1; done
  sleep 1
fi
exec /usr/bin/hugo "$@"
`;

/** The owner's command after a build: what it can do, as the service's children can. */
const DEPLOY = `#!/bin/bash
{
  for place in /etc /usr/local/bin /usr/local/lib/hugo-mcp /etc/hugo-mcp /root /home /run /srv /var/lib /var/log /run/lock /dev/shm /sys/fs/cgroup; do
    touch "$place/probe" 2>/dev/null && echo "writes $place"
  done
  for file in /etc/shadow /etc/hugo-mcp/.env /proc/1/environ /root/.; do
    head -c 1 "$file" >/dev/null 2>&1 && echo "reads $file"
  done
  [[ -e /proc/1 ]] && echo 'sees init'
  unshare -r true 2>/dev/null && echo 'makes namespaces'
  busctl call org.freedesktop.systemd1 /org/freedesktop/systemd1 org.freedesktop.systemd1.Manager StopUnit ss dbus.service replace 2>/dev/null && echo 'stops units'
  bash -c 'echo probe >/dev/udp/${ELSEWHERE}/9' 2>/dev/null && echo 'sends datagrams'
  grep -qsE 'hmcp_|PRIVATE KEY' /proc/*/environ && echo 'finds a secret'
  echo "in $PWD"
} >/var/lib/hugo-mcp/probed
`;

test('[R-UNIT-PULL] a push is pulled and built in the sandbox, once its server is open to the unit', async () => {
  const [nuc, vm] = [hosts.host('nuc'), hosts.host('vm')];
  await nuc.run(`git init -q --bare -b main /srv/git/site.git
    systemd-run -q --unit=git-server git daemon --reuseaddr --export-all --enable=receive-pack --base-path=/srv/git /srv/git
    until bash -c 'echo >/dev/tcp/${ADDRESSES.nuc}/9418' 2>/dev/null; do sleep 0.1; done`);
  await vm.run(`cd /srv/site && git init -q -b main
    printf 'content/\\nresources/\\n.hugo_build.lock\\n' >.gitignore
    ${GIT} add -A
    ${GIT} commit -qm 'The site'
    ${GIT} remote add origin ${ORIGIN}
    ${GIT} push -q -u origin main
    chown -R hugo-mcp:hugo-mcp /srv/site && systemctl restart hugo-mcp`);
  const commit = await nuc.run(`git clone -q /srv/git/site.git /root/site
    cd /root/site
    echo '<p>pushed</p>' >>layouts/_default/baseof.html
    ${GIT} commit -qam 'A mark'
    git push -q
    git rev-parse HEAD`);
  await writeFile(path.join(folder, 'push.cjs'), PUSH);
  await nuc.put(path.join(folder, 'push.cjs'), '/root');
  expect(await nuc.run(`node /root/push.cjs ${commit.trim()}`)).toBe('202\n');
  await vm.run(`until grep -rqs 'pushed' /var/lib/hugo-mcp/public/; do sleep 0.2; done`);
  expect(await vm.run(`${GIT} -C /srv/site rev-parse HEAD`)).toBe(commit);
});

test('[R-UNIT-STOP] a write in flight is finished, its build too, before the service stops', async () => {
  const vm = hosts.host('vm');
  await writeFile(path.join(folder, 'slow-hugo'), SLOW_HUGO, { mode: 0o755 });
  await vm.put(path.join(folder, 'slow-hugo'), '/usr/local/bin');
  await vm.run(`echo HUGO_BIN=/usr/local/bin/slow-hugo >>/etc/hugo-mcp/.env && systemctl restart hugo-mcp`);
  expect(await createPage(hosts, installed, 'posts/before-the-stop', 'Before')).toMatchObject({ isError: false });
  await vm.run('touch /var/lib/hugo-mcp/slow');
  const created = createPage(hosts, installed, 'posts/during-the-stop', 'During');
  await vm.run('until [[ -e /var/lib/hugo-mcp/builds ]]; do sleep 0.1; done; systemctl restart hugo-mcp');
  expect(await created).toMatchObject({ isError: false, structured: { live: true } });
  await vm.run('rm /var/lib/hugo-mcp/slow');
  expect(await vm.run('journalctl --no-pager -u hugo-mcp')).not.toContain('does not hear');
});

test('[R-UNIT-SANDBOX] what the owner has run after a build is in the sandbox, too', async () => {
  const vm = hosts.host('vm');
  await writeFile(path.join(folder, 'deploy'), DEPLOY, { mode: 0o755 });
  await vm.put(path.join(folder, 'deploy'), '/usr/local/bin');
  await vm.run(`echo 'DEPLOY_CMD=["/usr/local/bin/deploy"]' >>/etc/hugo-mcp/.env && systemctl restart hugo-mcp`);
  expect(await createPage(hosts, installed, 'posts/deployed', 'Deployed')).toMatchObject({ isError: false });
  expect(await vm.run('cat /var/lib/hugo-mcp/probed')).toMatch(/^in \/var\/lib\/hugo-mcp\/releases\/[\w-]+\n$/);
});

test('a Hugo that outgrows its memory does not end the service', async () => {
  expect(await hosts.host('vm').run('systemctl show -P OOMPolicy hugo-mcp')).toBe('continue\n');
});

test('[R-UNIT-WATCHDOG] an event loop that turns no more is found and ended by the watchdog', async () => {
  const nuc = hosts.host('nuc');
  await nuc.run(`install -d /run/systemd/system/hugo-mcp-proxy.service.d
    printf '[Service]\\nWatchdogSec=3\\n' >/run/systemd/system/hugo-mcp-proxy.service.d/impatient.conf
    systemctl daemon-reload && systemctl restart hugo-mcp-proxy
    kill -USR1 "$(systemctl show -P MainPID hugo-mcp-proxy)"
    until bash -c 'echo >/dev/tcp/127.0.0.1/9229' 2>/dev/null; do sleep 0.1; done
    { sleep 5; echo 'exec("setTimeout(() => { for (;;); }, 10)")'; sleep 10; } | timeout 40 node inspect 127.0.0.1:9229 >/dev/null || true
    until [[ $(systemctl show -P NRestarts hugo-mcp-proxy) -ge 1 ]]; do sleep 0.1; done
    until systemctl is-active -q hugo-mcp-proxy; do sleep 0.1; done`);
  expect(await nuc.run('journalctl --no-pager -u hugo-mcp-proxy')).toContain('Watchdog timeout');
});

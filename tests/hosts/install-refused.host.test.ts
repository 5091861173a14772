import { install, snapshot, UNPACKED, type UnpackedHost, unpackedHost } from './install.ts';
import type { TestHost } from './test-hosts.ts';

let unpacked: UnpackedHost;
let host: TestHost;
beforeAll(async () => {
  unpacked = await unpackedHost();
  host = unpacked.host;
  // A site of the owner's own, which keeps nginx from taking ours: it has an upstream of the same name.
  await host.run(`cat >/etc/nginx/conf.d/own.conf <<'OWN'
upstream arleo_oauth_proxy { server 127.0.0.1:9; }
server { listen 127.0.0.1:81; location / { return 200 own; } }
OWN
    systemctl restart nginx`);
});
afterAll(() => unpacked?.dispose());

/** Where the unit looks for the site. */
const siteFolder = async () => /SITE_DIR=(\S+)/.exec(await host.run('systemctl show -P Environment hugo-mcp'))?.[1];
const PROBE = 'nginx -t 2>&1 && systemctl reload nginx && sleep 1';

test('a port that another program has is refused with status 3, and nothing is installed', async () => {
  await host.run(
    `systemd-run -q --unit=other node -e 'require("net").createServer().listen(8083, "127.0.0.1")'
    until bash -c 'echo >/dev/tcp/127.0.0.1/8083' 2>/dev/null; do sleep 0.1; done`,
  );
  expect(await install(host)).toMatchObject({ status: 3, stderr: expect.stringContaining('port 8083') });
  expect(await host.run('systemctl stop other; ls /usr/local/lib')).not.toContain('arleo');
});

test('[R-INSTALL-OWNERS] a first installation that nginx does not take leaves it with the configuration that it had', async () => {
  expect(await install(host, '--domain mcp.example.org --site /data/site/')).toMatchObject({
    status: 7,
    stderr: expect.stringContaining('nginx does not take its configuration'),
  });
  await host.run(PROBE);
  expect(await host.run(`node -e 'fetch("http://127.0.0.1:81").then((r) => r.text()).then(console.log)'`)).toBe(
    'own\n',
  );
});

test('[R-INSTALL-SITE] the site may be elsewhere, also for a root whose PATH lacks sbin', async () => {
  await host.run('rm /etc/nginx/conf.d/own.conf');
  const { status, stderr } = await install(host, '--site /data/site/', 'PATH=/usr/local/bin:/usr/bin:/bin');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(await siteFolder()).toBe('/data/site');
});

test('[R-INSTALL-SITE] and come back', async () => {
  expect(await install(host, '--site /srv/site')).toMatchObject({ status: 0, stderr: '' });
  expect(await siteFolder()).toBe('/srv/site');
});

test('[R-INSTALL-ROLLBACK] an answer that a failing run changed is put back with the rest', async () => {
  const before = (await snapshot(host)).filter((line) => !line.includes('/var/lib/arleo'));
  await host.run(`rm -rf /root/broken && cp -R ${UNPACKED} /root/broken && cd /root/broken
    sed -i '1a process.exit(1);' mcp-oauth-proxy/main.js
    find . -type f ! -name SHA256SUMS -printf '%P\\0' | LC_ALL=C sort -z | xargs -0 sha256sum >/root/sums && mv /root/sums SHA256SUMS`);
  expect(await host.try('/root/broken/install.sh --domain other.example.org </dev/null')).toMatchObject({ status: 6 });
  const after = (await snapshot(host)).filter((line) => !line.includes('/var/lib/arleo'));
  expect(after.filter((line) => !line.includes('/arleo-releases') && !line.includes('/tls'))).toEqual(
    before.filter((line) => !line.includes('/arleo-releases') && !line.includes('/tls')),
  );
});

test.each([
  ['a certificate that is none', '--tls-certificate /etc/hostname --tls-key /etc/hugo-mcp/server.key'],
  [
    'a key of another certificate',
    '--tls-certificate /etc/hugo-mcp/server.crt --tls-key /etc/mcp-oauth-proxy/actor.key',
  ],
  ['a site in a folder of the services', '--site /var/lib/hugo-mcp/site'],
  ['a link to a place that the sandbox hides', '--site /srv/link'],
])('%s is refused with status 3, before anything is changed', async (_, options) => {
  await host.run('mkdir -p /home/me/site && touch /home/me/site/hugo.toml && ln -sfn /home/me/site /srv/link');
  const before = await snapshot(host);
  expect(await install(host, options)).toMatchObject({ status: 3 });
  expect(await snapshot(host)).toEqual(before);
});

test('[R-INSTALL-OWNERS] what the owner changed in nginx is put aside when all is taken off, not removed', async () => {
  await host.run(`echo '# mine' | tee -a /etc/nginx/conf.d/mcp.conf /etc/nginx/arleo/callers.conf`);
  expect(await install(host, '--uninstall')).toMatchObject({ status: 0, stderr: '' });
  expect(await host.run('tail -qn 1 /etc/nginx/conf.d/mcp.conf.by-hand /etc/nginx/arleo/callers.conf.by-hand')).toBe(
    '# mine\n# mine\n',
  );
  expect(await host.run('ls /etc/nginx/conf.d /etc/nginx/arleo')).toBe(
    '/etc/nginx/arleo:\ncallers.conf.by-hand\n\n/etc/nginx/conf.d:\nmcp.conf.by-hand\n',
  );
});

test('[R-INSTALL-TWO] the host that faces the internet says what is left where the other one came first', async () => {
  // Its certificate is known; that it has the tokens is not, and nobody answers there.
  await host.run(
    `printf 'ARLEO_JOIN=nuc\\nADDRESS=192.168.122.69\\nSERVER_CRT=%s\\n' "$(base64 -w0 /etc/hugo-mcp/server.crt)" >/root/for-nuc.join`,
  );
  await install(host, '--purge --yes');
  expect(await host.run('stat -c %U /srv/site')).toBe('root\n');
  const { status, stdout } = await install(host, '--role nuc --domain mcp.example.org --join /root/for-nuc.join');
  expect(status).toBe(7);
  expect(stdout).toContain('copy /var/lib/arleo/for-vm.join to it');
  expect(await install(host, '--force-rotate-tokens --role vm')).toMatchObject({ status: 3 });
});

import { everything, install, snapshot, UNPACKED, type UnpackedHost, unpackedHost } from './install.ts';
import type { TestHost } from './test-hosts.ts';

let unpacked: UnpackedHost;
let host: TestHost;
beforeAll(async () => {
  unpacked = await unpackedHost({ offered: true });
  host = unpacked.host;
});
afterAll(() => unpacked?.dispose());

const OAUTH_ENV = '/etc/mcp-oauth-proxy/.env';

/** The test at the end of the post-mortem, as it stands there. */
const POST_MORTEM = `#!/bin/bash
# tests/test-idempotence.sh

# First install
sudo ./install.sh
TOKEN1=$(grep MCP_TOKEN /etc/mcp-oauth-proxy/.env | cut -d= -f2)

# Second install (should preserve)
sudo ./install.sh
TOKEN2=$(grep MCP_TOKEN /etc/mcp-oauth-proxy/.env | cut -d= -f2)

if [ "$TOKEN1" != "$TOKEN2" ]; then
    echo "FAIL: tokens regenerated on second install"
    exit 1
fi

# Force rotate (should regenerate)
sudo ./install.sh --force-rotate-tokens
TOKEN3=$(grep MCP_TOKEN /etc/mcp-oauth-proxy/.env | cut -d= -f2)

if [ "$TOKEN3" = "$TOKEN1" ]; then
    echo "FAIL: --force-rotate-tokens didn't regenerate"
    exit 1
fi

echo "PASS"
`;

test('[R-INSTALL-DRY-RUN] on a fresh host a dry run says what would be done, and changes nothing', async () => {
  const before = await everything(host);
  const { status, stdout, stderr } = await install(host, '--dry-run');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  for (const line of stdout.trim().split('\n')) expect(line).toMatch(/^\[DRY-RUN\] Would /);
  expect(stdout).toContain('[DRY-RUN] Would install packages ');
  expect(stdout).toContain('[DRY-RUN] Would create directory /etc/mcp-oauth-proxy/\n');
  expect(stdout).toContain('[DRY-RUN] Would write systemd unit /etc/systemd/system/mcp-oauth-proxy.service\n');
  expect(stdout).toContain('[DRY-RUN] Would generate MCP_TOKEN\n');
  expect(await everything(host)).toBe(before);
});

test('[R-INSTALL-SEED] the test of the post-mortem passes as it stands, from a fresh host on', async () => {
  await host.run(`printf '#!/bin/sh\\nexec "$@"\\n' >/usr/bin/sudo && chmod 755 /usr/bin/sudo`);
  await host.run(`cat >${UNPACKED}/test-idempotence.sh <<'SEED'\n${POST_MORTEM}SEED`);
  const { status, stdout, stderr } = await host.try(`cd ${UNPACKED} && bash test-idempotence.sh </dev/null`);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(stdout.trim().split('\n').at(-1)).toBe('PASS');
  // After the rotation too a signed call went through the chain.
  expect(stdout.match(/ok {2}signed call/g)).toHaveLength(3);
  await host.run(`rm ${UNPACKED}/test-idempotence.sh`);
});

test('[R-INSTALL-IDEMPOTENT] twice and five times give the same host, to the byte, and nothing is started again', async () => {
  await install(host);
  const [before, started] = [await snapshot(host), await starts()];
  for (let run = 0; run < 5; run++) expect(await install(host)).toMatchObject({ status: 0, stderr: '' });
  expect(await snapshot(host)).toEqual(before);
  expect(await starts()).toBe(started);
});

test('[R-INSTALL-DRY-RUN] on an installed host a dry run says that tokens are preserved, and changes nothing', async () => {
  const before = await everything(host);
  const { stdout } = await install(host, '--dry-run');
  expect(stdout).toBe(`[DRY-RUN] Existing .env detected — tokens would be PRESERVED
[DRY-RUN] Would prove that it works: arleo self-test --role all
`);
  expect((await install(host, '--dry-run --force-rotate-tokens --domain other.example.org')).stdout).toContain(
    '[DRY-RUN] Would reload systemd and restart ',
  );
  expect((await install(host, '--dry-run --uninstall')).stdout).toContain('[DRY-RUN] Would remove ');
  expect(await everything(host)).toBe(before);
});

test('[R-INSTALL-SECRETS] a .env that lacks a secret is completed, and what the owner wrote stays', async () => {
  const before = await host.run(`cat ${OAUTH_ENV}`);
  await host.run(`sed -i -e '/^CLIENT_SECRET=/d' -e 's/^CLIENT_ID=.*/CLIENT_ID=/' ${OAUTH_ENV}
    printf '# mine\\nLOG_LEVEL=debug\\nREDIRECT_HOSTS="$(touch /root/run-as-shell)"; touch /root/run-as-shell #' >>${OAUTH_ENV}`);
  // A hostile text is a value that the service refuses, not a command: so mend it before the service sees it.
  await host.run(
    `sed -i 's/^REDIRECT_HOSTS=.*/REDIRECT_HOSTS=app.example.org # $(touch \\/root\\/run-as-shell)/' ${OAUTH_ENV}`,
  );
  expect(await install(host)).toMatchObject({ status: 0 });
  const after = await host.run(`cat ${OAUTH_ENV}`);
  expect(after).toMatch(/^CLIENT_ID=[0-9a-f]{32}$/m);
  expect(after).toMatch(/^CLIENT_SECRET=[0-9a-f]{64}$/m);
  expect(after).toContain('# mine\nLOG_LEVEL=debug\nREDIRECT_HOSTS=app.example.org # $(touch /root/run-as-shell)\n');
  for (const name of ['MCP_TOKEN', 'TOKEN_SECRET']) {
    const line = new RegExp(`^${name}=.*$`, 'm');
    expect(line.exec(after)?.[0]).toBe(line.exec(before)?.[0]);
  }
  expect(await host.run('ls /root')).not.toContain('run-as-shell');
});

test.each([
  ['a cut-off secret', `sed -i 's/^\\(MCP_TOKEN=hmcp_....\\).*/\\1/'`, 'MCP_TOKEN does not have the form'],
  ['a half-written line', `sed -i '$s/.*/TOKEN_SEC/'`, 'is not NAME=VALUE'],
  ['a shell in it', `sed -i '$a$(touch /root/run-as-shell)'`, 'is not NAME=VALUE'],
  ['the same name twice', `sed -i '$aMCP_TOKEN=x'`, 'a second time'],
  ['an open quote', `sed -i '$aALLOWED_ORIGINS="https://'`, 'is not closed'],
  ['zero bytes', `truncate -s +512`, 'zero bytes'],
])(
  '[R-INSTALL-SECRETS] a .env with %s is refused with status 4, and nothing is changed',
  async (_, damage, message) => {
    await host.run(`cp -p ${OAUTH_ENV} /root/whole.env && ${damage} ${OAUTH_ENV}`);
    const before = await snapshot(host);
    for (const options of ['', '--force-rotate-tokens'])
      expect(await install(host, options)).toMatchObject({ status: 4, stderr: expect.stringContaining(message) });
    expect(await snapshot(host)).toEqual(before);
    expect(await host.run('ls /root')).not.toContain('run-as-shell');
    await host.run(`cp -p /root/whole.env ${OAUTH_ENV} && rm /root/whole.env`);
  },
);

test.each([
  ['an unknown option', '--nonsense', 2],
  ['a domain that would mean something to nginx', `--domain 'a; b'`, 2],
  ['another role', '--role vm --vm-address 192.0.2.1 --nuc-address 192.0.2.2', 3],
  ['a site that the sandbox hides', '--site /home/me/site', 3],
  ['half a certificate', '--tls-key /root/key', 2],
])('%s is refused before anything is changed', async (_, options, status) => {
  const before = await snapshot(host);
  expect(await install(host, options)).toMatchObject({
    status,
    stderr: expect.stringMatching(/^error: .+\n {7}.+\n$/),
  });
  expect(await snapshot(host)).toEqual(before);
});

test('a release with a changed file is refused with status 5', async () => {
  await host.run(`cp -R ${UNPACKED} /root/changed && echo >>/root/changed/hugo-mcp/main.js`);
  expect(await host.try('/root/changed/install.sh --yes')).toMatchObject({
    status: 5,
    stderr: expect.stringContaining('hugo-mcp/main.js'),
  });
  await host.run('rm -r /root/changed');
});

/** When each unit was started. */
function starts(): Promise<string> {
  return host.run(
    'systemctl show -p Id,ActiveEnterTimestampMonotonic,ExecReloadStartTimestamp hugo-mcp hugo-mcp-proxy mcp-oauth-proxy nginx',
  );
}

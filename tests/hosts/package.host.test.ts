import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { VERSION } from '@arleo/core/version';
import { packRelease } from './release.ts';
import { ADDRESSES, bootHosts, type TestHost, type TestHosts } from './test-hosts.ts';

const RELEASE = `/root/arleo-${VERSION}`;
const SERVICES = ['mcp-oauth-proxy', 'hugo-mcp-proxy', 'hugo-mcp'];

let folder: string;
let tarball: string;
let hosts: TestHosts;
let host: TestHost;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'arleo-release-'));
  tarball = await packRelease(path.join(folder, 'one'));
  hosts = await bootHosts(['nodejs'], { nuc: ADDRESSES.nuc });
  host = hosts.host('nuc');
  await host.put(path.join(folder, 'one'), '/root');
  await host.run(`cd /root && sha256sum --check --strict SHA256SUMS && tar -xzf ${path.basename(tarball)}`);
});
afterAll(async () => {
  await hosts?.dispose();
  await rm(folder, { recursive: true, force: true });
});

test('[R-RELEASE-BYTES] the same checkout packed again, elsewhere in the world, gives the same bytes', async () => {
  const again = await packRelease(path.join(folder, 'two'), { TZ: 'Asia/Tokyo', LC_ALL: 'C.UTF-8', HOME: folder });
  expect(path.basename(again)).toBe(path.basename(tarball));
  expect((await readFile(again)).equals(await readFile(tarball))).toBe(true);
});

test('a changed file is found by the sums, outside and inside', async () => {
  const damaged = path.join(folder, 'damaged');
  await packRelease(damaged, { SOURCE_DATE_EPOCH: '1000000000' });
  await copyFile(path.join(folder, 'one/SHA256SUMS'), path.join(damaged, 'SHA256SUMS'));
  await host.put(damaged, '/root/damaged');
  expect(await host.try('cd /root/damaged && sha256sum --check --strict SHA256SUMS')).toMatchObject({ status: 1 });

  const inside = `cd ${RELEASE} && sha256sum --check --strict --quiet SHA256SUMS`;
  await host.run(inside);
  expect(await host.try(`cd ${RELEASE} && echo >>hugo-mcp/main.js && ${inside}`)).toMatchObject({ status: 1 });
});

test.each(SERVICES)('[R-RELEASE-NODE] %s runs with nothing but Node', async (service) => {
  expect(await host.run(`ls ${RELEASE}/${service} | grep -c node_modules || true`)).toBe('0\n');
  expect(await host.run(`node ${RELEASE}/${service}/main.js --version`)).toBe(`${VERSION}\n`);
  expect(await host.run(`node ${RELEASE}/${service}/main.js --help`)).toContain('Usage: main.js');
  expect(await host.try(`env -i /usr/bin/node ${RELEASE}/${service}/main.js`)).toMatchObject({
    status: 78,
    stderr: expect.stringContaining('the configuration is not complete'),
  });
});

test.each(['arleo', 'token-mgr'])('[R-RELEASE-NODE] %s runs with nothing but Node', async (tool) => {
  expect(await host.run(`${RELEASE}/arleo/${tool}.js --version`)).toBe(`${VERSION}\n`);
  expect(await host.run(`${RELEASE}/arleo/${tool}.js --help`)).toContain('Usage:');
});

test('oauth-proxy starts from the tarball with its native database', async () => {
  await host.run(`cd /root && umask 077
    node ${RELEASE}/arleo/token-mgr.js create --file /root/tokens.json --label test --json >token.json
    node -e 'const { writeFileSync } = require("fs"); const { generateKeyPairSync } = require("crypto");
      writeFileSync("token", JSON.parse(require("fs").readFileSync("token.json")).token);
      writeFileSync("actor.key", generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ type: "pkcs8", format: "pem" }))'
    systemd-run -q --unit=oauth-proxy -E PUBLIC_URL=https://mcp.example.org -E UPSTREAM_URL=http://127.0.0.1:8084 -E CIMD=false \
      -E MCP_TOKEN_FILE=/root/token -E TOKEN_SECRET=0123456789abcdef0123456789abcdef -E ACTOR_KEY_FILE=/root/actor.key \
      -E OWNER_FILE=/root/owner.json -E STATE_DIR=/root/state -E AUDIT_LOG=/root/audit.jsonl \
      -p Type=notify -p NotifyAccess=all node ${RELEASE}/mcp-oauth-proxy/main.js`);
  // Type=notify: systemd-run came back because the service said that it is ready.
  const asked = `fetch("http://127.0.0.1:8083/healthz").then(({ status }) => console.log(status))`;
  expect(await host.run(`node -e '${asked}'`)).toBe('200\n');
  expect(await host.run('ls /root/state')).toContain('oauth.lmdb\n');
  await host.run('systemctl stop oauth-proxy');
  expect(await host.run('systemctl is-failed oauth-proxy || true')).toBe('inactive\n');
});

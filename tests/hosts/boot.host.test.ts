import { bootHosts, type TestHosts } from './test-hosts.ts';

let hosts: TestHosts;
beforeAll(async () => {
  hosts = await bootHosts([]);
});
afterAll(() => hosts?.dispose());

/** Says that it listens, takes one connection and prints what came: nothing but what a bare Debian has. */
const LISTEN = `perl -MIO::Socket::INET -e '
  my $server = IO::Socket::INET->new(LocalPort => 9000, Listen => 1, ReuseAddr => 1) or die; open my $up, ">", "/run/listens";
  my $peer = $server->accept; print scalar <$peer>'`;
const CONNECT = `bash -c 'echo hello >/dev/tcp/192.168.122.69/9000'`;

test('both hosts run systemd, and are fresh', async () => {
  for (const name of ['nuc', 'vm']) {
    const host = hosts.host(name);
    expect(await host.run('cat /proc/1/comm')).toBe('systemd\n');
    expect(await host.run('hostname')).toBe(`${name}\n`);
    expect(await host.run('systemctl is-active multi-user.target')).toBe('active\n');
    for (const absent of ['node', 'hugo', 'git', 'nginx'])
      expect(await host.try(`command -v ${absent}`)).toMatchObject({ status: 1, stdout: '' });
  }
});

test('a host reaches the other one, and nothing beyond', async () => {
  const vm = hosts.host('vm');
  await vm.run(
    `systemd-run -q --unit=listen --property=RemainAfterExit=yes --property=StandardOutput=file:/run/heard ${LISTEN}`,
  );
  await vm.run('until [[ -e /run/listens ]]; do sleep 0.05; done');
  await hosts.host('nuc').run(CONNECT);
  await vm.run('until [[ -s /run/heard ]]; do sleep 0.05; done');
  expect(await vm.run('cat /run/heard')).toBe('hello\n');
  const routes = await vm.run('cat /proc/net/route');
  // One line for the hosts' own network, and no gateway.
  expect(routes.trim().split('\n').slice(1)).toEqual([expect.stringMatching(/^eth0\t007AA8C0\t00000000\t/)]);
});

test('[R-HOST-DENY] IPAddressDeny= is in effect: what it forbids is silence, not an error', async () => {
  const nuc = hosts.host('nuc');
  const connect = (properties: string) => nuc.try(`systemd-run -q --pipe ${properties} timeout 2 ${CONNECT}`);
  // Nobody listens there any more: an allowed connection is refused at once, a denied one has no answer at all.
  expect(await connect('')).toMatchObject({ status: 1, stderr: expect.stringContaining('Connection refused') });
  expect(await connect('-p IPAddressDeny=any')).toMatchObject({ status: 124 });
  expect(await connect('-p IPAddressDeny=any -p IPAddressAllow=192.168.122.69')).toMatchObject({ status: 1 });
});

import { chmod, cp, lstat, mkdir, mkdtemp, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { checkRanges } from '../address-ranges/check-ranges.ts';
import { KNOWN_RANGES, type RangeList } from '../address-ranges/known-ranges.ts';
import { putRanges } from '../address-ranges/range-blocks.ts';
import { runArleo } from './run.ts';

const infra = (file: string) => fileURLToPath(new URL(`../../../../infra/${file}`, import.meta.url));
const UNIT = 'systemd/system/hugo-mcp.service.d';

let etc: string;
beforeEach(async () => {
  etc = await mkdtemp(path.join(tmpdir(), 'arleo-egress-'));
  await mkdir(path.join(etc, UNIT), { recursive: true });
  await mkdir(path.join(etc, 'nginx/arleo'), { recursive: true });
  for (const name of ['github.conf', 'cloudflare.conf']) {
    await cp(infra(`systemd/drop-ins/hugo-mcp.service.d/${name}`), path.join(etc, UNIT, name));
  }
  await cp(infra('nginx/arleo/callers-listed.conf'), path.join(etc, 'nginx/arleo/callers.conf'));
});
afterEach(() => rm(etc, { recursive: true, force: true }));

const run = (...args: string[]) => runArleo(['egress', 'update', '--etc', etc, ...args], {});
const read = (file: string) => readFile(path.join(etc, file), 'utf8');
const contents = () =>
  Promise.all([`${UNIT}/github.conf`, `${UNIT}/cloudflare.conf`, 'nginx/arleo/callers.conf'].map(read));
async function download(name: string, text: string): Promise<string> {
  const file = path.join(etc, name);
  await writeFile(file, text);
  return file;
}
/** What GitHub answers, as far as it matters, with one more address for Git and one range less for hooks. */
const meta = () =>
  download(
    'meta.json',
    JSON.stringify({
      verifiable_password_authentication: false,
      actions: ['4.148.0.0/16'],
      git: ['20.201.28.151/32', ...KNOWN_RANGES['github.git'].toReversed()],
      hooks: KNOWN_RANGES['github.hooks'].slice(1),
    }),
  );

describe('the files of infra/', () => {
  test.each([
    ['systemd/drop-ins/hugo-mcp.service.d/github.conf', 'systemd'],
    ['systemd/drop-ins/hugo-mcp.service.d/cloudflare.conf', 'systemd'],
    ['nginx/arleo/callers-listed.conf', 'nginx'],
  ] as const)('%s holds the lists of the release', async (file, style) => {
    const text = await readFile(infra(file), 'utf8');
    expect(text).toBe(putRanges(text, KNOWN_RANGES, style));
  });

  test.each(Object.keys(KNOWN_RANGES) as RangeList[])('the list of %s is as it would be taken', (list) => {
    expect(checkRanges(KNOWN_RANGES[list], list)).toEqual(KNOWN_RANGES[list]);
  });
});

test('a fresh host has nothing to change', async () => {
  const before = await contents();
  const { stdout, exitCode } = await run();
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(
    /^\S+github\.conf is up to date\n\S+cloudflare\.conf is up to date\n\S+callers\.conf is up to date\n$/,
  );
  expect(await contents()).toEqual(before);
  await expect(read('arleo/address-ranges.json')).rejects.toMatchObject({ code: 'ENOENT' });
});

test('new lists are put in, told, kept, and put in only once', async () => {
  const file = path.join(etc, UNIT, 'github.conf');
  await chmod(file, 0o640);
  const { stdout } = await run('--github', await meta());
  expect(stdout).toContain('+ github.git 20.201.28.151/32\n');
  expect(stdout).toContain('- github.hooks 9.234.98.160/28\n');
  expect(stdout).toContain('systemctl daemon-reload && systemctl restart hugo-mcp\n');
  expect(stdout).toContain('nginx -t && systemctl reload nginx\n');
  expect(await read(`${UNIT}/github.conf`)).toMatch(
    /^\[Service\]\n# ranges: github\.git\nIPAddressAllow=20\.201\.28\.151\/32 140/m,
  );
  expect((await stat(file)).mode & 0o777).toBe(0o640);
  const callers = await read('nginx/arleo/callers.conf');
  expect(callers).not.toContain('9.234.98.160/28');
  expect(callers).toContain(
    '  127.0.0.0/8 1;\n  ::1 1;\n  # ranges: anthropic\n  160.79.104.0/21 1;\n  # end of ranges\n}',
  );
  expect(JSON.parse(await read('arleo/address-ranges.json'))['github.git']).toContain('20.201.28.151/32');

  const before = await contents();
  const again = JSON.parse((await run('--github', await meta(), '--json')).stdout);
  expect(again).toMatchObject({ lists: [], apply: [] });
  expect(await contents()).toEqual(before);
  // A drop-in that is put back as it came with a release gets the lists of this host.
  await cp(infra('systemd/drop-ins/hugo-mcp.service.d/github.conf'), file);
  await run();
  expect(await contents()).toEqual(before);
});

test('a file that is a symlink stays one', async () => {
  const [link, target] = [path.join(etc, UNIT, 'github.conf'), path.join(etc, 'kept-elsewhere.conf')];
  await rename(link, target);
  await symlink(target, link);
  await run('--github', await meta());
  expect((await lstat(link)).isSymbolicLink()).toBe(true);
  expect(await readFile(target, 'utf8')).toContain('20.201.28.151/32');
});

test('--dry-run tells the same and changes nothing', async () => {
  const before = await contents();
  const { stdout } = await run('--github', await meta(), '--dry-run');
  expect(stdout).toContain('+ github.git 20.201.28.151/32\n');
  expect(stdout).toContain('github.conf would be changed\n');
  expect(await contents()).toEqual(before);
  await expect(read('arleo/address-ranges.json')).rejects.toMatchObject({ code: 'ENOENT' });
});

test('what the owner wrote beside the ranges stays, and so does a file without marks', async () => {
  await writeFile(path.join(etc, UNIT, 'github.conf'), '[Service]\nIPAddressAllow=198.51.100.7\n');
  const callers = path.join(etc, 'nginx/arleo/callers.conf');
  await writeFile(callers, (await readFile(callers, 'utf8')).replace('::1 1;', '::1 1;\n  198.51.100.7 1;'));
  const { stdout } = await run('--github', await meta());
  expect(stdout).toContain('github.conf has no marked ranges and stays as it is\n');
  expect(await read(`${UNIT}/github.conf`)).toBe('[Service]\nIPAddressAllow=198.51.100.7\n');
  expect(await read('nginx/arleo/callers.conf')).toContain('  198.51.100.7 1;\n');
});

test('a host that needs none of it is left alone', async () => {
  await rm(path.join(etc, 'nginx'), { recursive: true });
  await rm(path.join(etc, 'systemd'), { recursive: true });
  expect((await run()).stdout).toBe('Nothing on this host holds address ranges.\n');
});

describe('a download that is not right changes nothing', () => {
  const four = KNOWN_RANGES.cloudflare.filter((range) => range.includes('.')).join('\n');
  const refused = async (code: string, ...args: string[]) => {
    const before = await contents();
    expect(await run(...args, '--json')).toMatchObject({
      exitCode: 1,
      stdout: '',
      stderr: expect.stringContaining(`"code":"${code}"`),
    });
    expect(await contents()).toEqual(before);
    await expect(read('arleo/address-ranges.json')).rejects.toMatchObject({ code: 'ENOENT' });
  };

  test('half of Cloudflare', async () => {
    await refused('ranges_invalid', '--cloudflare', await download('ips-v4', four));
    const both = [
      '--cloudflare',
      await download('ips-v4', four),
      '--cloudflare',
      await download('ips-v6', '2400:cb00::/32\n'),
    ];
    expect((await run(...both)).stdout).toContain('- cloudflare 2606:4700::/32\n');
  });

  test.each([
    ['a page of HTML', '<html>\n'],
    ['an empty one', '\n'],
    ['what is no text', '\u0000\u0001'],
  ])('%s', async (_what, text) => {
    await refused('ranges_invalid', '--anthropic', await download('list', text));
    await refused('ranges_invalid', '--github', await download('list', text));
  });

  test('one that may be somebody else’s', async () => {
    const list = await download('list', '8.8.8.0/24\n');
    await refused('ranges_unlike', '--anthropic', list);
    expect((await run('--anthropic', list, '--replace')).exitCode).toBe(0);
    expect(await read('nginx/arleo/callers.conf')).toContain('# ranges: anthropic\n  8.8.8.0/24 1;\n');
  });

  test('one that is not there, or far too large', async () => {
    await refused('ranges_unreadable', '--anthropic', path.join(etc, 'absent'));
    await refused('ranges_invalid', '--anthropic', await download('list', '#'.repeat(9 * 1024 * 1024)));
  });

  test.each([
    '0.0.0.0/0',
    '::/0',
    '8.0.0.0/8',
    '8.0.0.0/11',
    '2600::/27',
    '10.1.0.0/16',
    '172.16.0.0/12',
    '192.168.1.0/24',
    '127.0.0.1/32',
    '169.240.0.0/12',
    '192.0.0.0/12',
    '100.64.1.0/24',
    '224.0.0.0/12',
    '255.255.255.255/32',
    '::1/128',
    'fd00::/32',
    'fe80::/64',
    '::ffff:10.0.0.0/104',
    '2001:db8::/32',
    '2002:a00::/32',
    '64:ff9b::/96',
    '8.8.8.8',
    '8.8.8.1/24',
    '2606:4700::1/32',
    '08.8.8.0/24',
    '8.8.8.0/024',
    '8.8.8.0/33',
    '8.8.8/24',
    '0x8.8.8.0/24',
    '134744072/32',
    '2606:4700:0::/32',
    '2606:4700::/129',
    '8.8.8.0/24; include /etc/passwd',
    '8.8.8.0/24\t1',
    'any',
    'fe80::1%eth0/64',
  ])('the range %j', async (range) => {
    await refused('ranges_invalid', '--anthropic', await download('list', `160.79.104.0/21\n${range}\n`));
  });

  test('any text is refused, or is one range of two words that systemd and nginx take', () => {
    const part = fc.oneof(fc.ipV4(), fc.ipV6(), fc.string({ unit: 'binary', maxLength: 20 }));
    fc.assert(
      fc.property(part, fc.oneof(fc.nat(140).map(String), fc.string()), (address, bits) => {
        try {
          const [range] = checkRanges([`${address}/${bits}`], 'x');
          expect(range).toMatch(/^[0-9a-f.:]+\/[1-9]\d{0,2}$/);
        } catch (error) {
          expect(error).toMatchObject({ code: 'ranges_invalid' });
        }
      }),
    );
  });

  test('too many', () => {
    const many = Array.from({ length: 501 }, (_, index) => `8.8.${index >> 8}.${index & 255}/32`);
    expect(() => checkRanges(many, 'x')).toThrow('501 ranges are too many');
  });
});

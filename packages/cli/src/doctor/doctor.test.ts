import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { runArleo } from '../arleo/run.ts';
import { checkSecrets } from './host/steps/check-secrets.ts';
import { judgeConnections } from './probes/open-connection.ts';
import { notPublic } from './probes/resolve-name.ts';
import { reportSchema, worstOf } from './report.ts';
import { reachEdge } from './steps/reach-edge.ts';
import { readAddress, readTarget } from './target-url.ts';
import { openTrail } from './trail.ts';

const doctor = (...args: string[]) => runArleo(['doctor', ...args], { NO_COLOR: '1' });
const quiet = () => openTrail(10_000, () => undefined);

describe('the address', () => {
  test.each([
    ['https://mcp.example.org/mcp', 'https://mcp.example.org/mcp'],
    ['https://mcp.example.org', 'https://mcp.example.org/mcp'],
    ['http://127.0.0.1:8083/mcp', 'http://127.0.0.1:8083/mcp'],
    ['http://[::1]:8083', 'http://[::1]:8083/mcp'],
  ])('%s is taken', (text, href) => expect(readTarget(text).href).toBe(href));

  test.each([
    'mcp.example.org',
    'http://mcp.example.org/mcp',
    'http://127.0.0.1.example.org/mcp',
    'http://localhost.example.org/mcp',
    'file:///etc/passwd',
    'https://user:word@mcp.example.org/mcp',
    'https://mcp.example.org/mcp?access_token=x',
    'https://mcp.example.org/mcp#x',
  ])('%s is refused as a wrong command line, and nothing is called', async (text) => {
    expect(await doctor(text)).toMatchObject({
      exitCode: 2,
      stdout: '',
      stderr: expect.stringMatching(/^arleo: (?:The address|http is for loopback alone)/),
    });
  });

  test('--address takes an address and nothing else', async () => {
    expect(readAddress('2001:db8::10')).toBe('2001:db8::10');
    expect(await doctor('https://mcp.example.org/mcp', '--address', 'example.org')).toMatchObject({ exitCode: 2 });
  });
});

test.each(['http://localhost:8083/mcp', 'http://127.0.0.1:8083/mcp', 'https://192.0.2.1/mcp'])(
  '--address goes with an https address with a name, not with %s: no token goes elsewhere in the clear',
  async (url) => {
    expect(await doctor(url, '--address', '203.0.113.5')).toMatchObject({ exitCode: 2, stdout: '' });
  },
);

test('a token file that cannot be read, or holds something else, is told before anything is called', async () => {
  expect(await doctor('https://mcp.example.org', '--token-file', '/nowhere')).toMatchObject({ exitCode: 1 });
  expect(await doctor('https://mcp.example.org', '--token-file', '/etc/passwd')).toMatchObject({ exitCode: 2 });
});

describe('words of strangers', () => {
  test('have nothing that a terminal would obey, no secret, and an end', async () => {
    const trail = quiet();
    trail.hide('very-secret-token');
    const says = `\u001b]0;owned\u0007 \u001b[2J\r\nline\u202e very-secret-token ${'x'.repeat(100_000)}`;
    await trail.look('edge', 'hostile', 1_000, async () => ({ says, found: [{ code: 'not_arleo', says }] }));
    for (const kept of [trail.steps()[0]?.says ?? '', trail.findings()[0]?.says ?? '']) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
      expect(kept).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]|very-secret/);
      expect(kept).toContain('line [secret] xxx');
      expect(kept.length).toBeLessThanOrEqual(400);
    }
  });

  test('a server that answers everything with nonsense is seen through, whatever it sends', async () => {
    const bodies = [
      '{',
      '[]',
      '{"error":{"data":{"hop":["x"],"reason":7}}}',
      'null',
      '\u0000'.repeat(200_000),
      '{"error":1}',
    ];
    let turn = 0;
    const server = createServer((request, response) => {
      request.resume();
      turn += 1;
      response
        .writeHead([200, 500, 418, 204][turn % 4] ?? 200, { 'x-evil': '\u00e9', server: 'evil' })
        .end(bodies[turn % bodies.length]);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { exitCode, stdout } = await doctor(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, '--json');
    server.closeAllConnections();
    server.close();
    const report = reportSchema.parse(JSON.parse(stdout));
    expect([exitCode, report.worst]).toEqual([4, 'failure']);
    expect(report.findings.map(({ code }) => code)).toContain('not_arleo');
  });
});

describe('every look has an end', () => {
  test('one that never answers is given up, and the others are done', async () => {
    const trail = quiet();
    expect(await trail.look('edge', 'silent', 20, () => new Promise<never>(() => undefined))).toBeUndefined();
    await trail.look('nginx', 'next', 1_000, async () => ({ says: 'here' }));
    expect(trail.steps().map(({ state }) => state)).toEqual(['warning', 'ok']);
    expect(trail.findings().map(({ code }) => code)).toEqual(['probe_failed']);
  });

  test('when the time of all is over, the rest is said to be not looked at', async () => {
    const trail = openTrail(50, () => undefined);
    await trail.look('edge', 'late', 1_000, async () => ({ says: 'never asked' }));
    expect(trail.findings()).toEqual([expect.objectContaining({ code: 'out_of_time', severity: 'warning' })]);
  });
});

describe('addresses', () => {
  test('a machine without IPv6 blames nobody for it', () => {
    const [open, six] = [
      { address: '192.0.2.1', failed: undefined },
      { address: '2001:db8::1', failed: 'ENETUNREACH' },
    ];
    const seen = judgeConnections([six, open], 443);
    expect([seen.value, seen.found, seen.says]).toEqual([
      '192.0.2.1',
      [],
      'port 443 open at 192.0.2.1; this machine has no network to 2001:db8::1',
    ]);
    expect(judgeConnections([{ ...six, failed: 'silent' }, open], 443).found).toMatchObject([{ code: 'address_dead' }]);
    expect(judgeConnections([six], 443).found).toMatchObject([{ code: 'tcp_unreachable' }]);
  });

  test('those that nobody reaches from the internet are known', () => {
    const hidden = ['10.0.0.1', '192.168.1.5', '127.0.1.1', '0.0.0.0', '100.64.0.1', '::', '::1', 'fd00::1', 'fe80::1'];
    expect(notPublic([...hidden, '::ffff:10.0.0.1'])).toEqual([...hidden, '::ffff:10.0.0.1']);
    expect(notPublic(['104.16.1.1', '2606:4700::1'])).toEqual([]);
  });
});

/** A server that only looks at the first bytes, and cuts the connection or answers as oauth-proxy does. */
async function cutting(cut: (request: string) => boolean): Promise<{ url: string; close(): void }> {
  const body = '{"error":{"data":{"hop":"oauth-proxy","reason":"token_missing"}}}';
  const server = createTcpServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (data) => {
      if (cut(data.toString())) socket.destroy();
      else
        socket.end(`HTTP/1.1 401 Unauthorized\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, close: () => server.close() };
}

describe('a connection that is cut', () => {
  const look = async (cut: (request: string) => boolean): Promise<{ codes: string[]; says: string }> => {
    const { url, close } = await cutting(cut);
    const { stdout } = await doctor(url, '--json');
    close();
    const { findings } = reportSchema.parse(JSON.parse(stdout));
    return { codes: findings.map(({ code }) => code), says: findings[0]?.says ?? '' };
  };

  test('without an answer is told as that, and not as somebody who hangs', async () => {
    const { codes, says } = await look(() => true);
    expect(codes).toContain('closed_unanswered');
    expect(codes).not.toContain('service_hangs');
    expect(says).toContain('ECONNRESET');
  });

  test('for a technical text alone is told of whoever reads texts', async () => {
    const { codes } = await look((request) => request.includes('create_page'));
    expect(codes).toContain('text_dropped');
  });
});

test('a file on a disk that hangs is not read: it would keep doctor from ending', async () => {
  const trail = quiet();
  const server = { unit: 'hugo-mcp' as const, folder: '/nowhere', unread: undefined, exposed: false, settings: {} };
  await checkSecrets({ 'hugo-mcp': server }, (file) => file.startsWith('/var/lib/hugo-mcp/'), trail);
  expect(trail.steps()).toMatchObject([{ name: '/var/lib/hugo-mcp/tokens.json', state: 'skipped' }]);
});

test('a host that does not reach its own public address may be behind a router that does not lead back', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  const target = new URL(`https://127.0.0.1:${port}/mcp`);
  const codes = async (fromHost: boolean) => {
    const trail = quiet();
    expect(await reachEdge({ target, fromHost }, trail)).toBeUndefined();
    return trail.findings().map(({ code, severity }) => [code, severity]);
  };
  expect(await codes(false)).toEqual([['tcp_refused', 'failure']]);
  expect(await codes(true)).toEqual([['no_way_back', 'warning']]);
});

test('the worst finding is the verdict', () => {
  expect(worstOf([])).toBe('ok');
  expect(worstOf([{ severity: 'warning' }])).toBe('warning');
  expect(worstOf([{ severity: 'warning' }, { severity: 'failure' }])).toBe('failure');
});

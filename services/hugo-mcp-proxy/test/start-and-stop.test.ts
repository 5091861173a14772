import { createHash } from 'node:crypto';
import http, { type ServerResponse } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { mintToken } from '@arleo/core/tokens/token';
import { type Identity, openProxyWorkshop, type RunningProxy } from './run-proxy.ts';
import { startUpstream, type Upstream } from './tls-upstream.ts';

const { token } = mintToken();
const digest = createHash('sha256').update(token).digest('hex');

let workshop: Awaited<ReturnType<typeof openProxyWorkshop>>;
let identity: Identity;
let upstream: Upstream;
let proxy: RunningProxy;
/** The streams that the upstream has begun and not yet ended. */
let streams: ServerResponse[];

beforeAll(async () => {
  workshop = await openProxyWorkshop();
  identity = await workshop.identity();
});
afterAll(() => workshop?.dispose());
afterEach(() => upstream?.close());

async function start(environment: Record<string, string> = {}): Promise<void> {
  streams = [];
  upstream = await startUpstream(identity, (request, response) => {
    if (request.headers['mcp-name'] !== 'stream') return void response.end('{"ok":true}');
    response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write('data: first\n\n');
    streams.push(response);
  });
  proxy = await workshop.start({
    UPSTREAM_URL: upstream.url,
    UPSTREAM_CERT: identity.cert,
    MCP_TOKEN_SHA256: digest,
    ...environment,
  });
}

interface Call {
  status: number;
  closes: boolean;
  text: Promise<string>;
}

/** A call; resolves with the head of the answer. */
function call(agent: http.Agent, name = 'list_pages'): Promise<Call> {
  return new Promise((resolve, reject) => {
    const headers = { Authorization: `Bearer ${token}`, 'Mcp-Name': name };
    const request = http.request(`${proxy.url}/mcp`, { method: 'POST', agent, headers }, (response) => {
      const text = new Promise<string>((read, broken) => {
        let all = '';
        response.setEncoding('utf8').on('data', (part) => {
          all += part;
        });
        response.on('end', () => read(all)).on('error', broken);
      });
      resolve({ status: response.statusCode ?? 0, closes: response.headers.connection === 'close', text });
    });
    request.on('error', reject).end('{}');
  });
}

const ownConnection = () => new http.Agent({ keepAlive: true, maxSockets: 1 });

describe('SIGTERM', () => {
  test('under load: every call is answered until its connection is closed, a stream ends whole, exit code 0', async () => {
    await start();
    const stream = await call(ownConnection(), 'stream');
    let answered = 0;
    let enough = () => {};
    const loaded = new Promise<void>((resolve) => {
      enough = resolve;
    });
    const load = Array.from({ length: 8 }, async () => {
      const agent = ownConnection();
      for (;;) {
        const { status, closes, text } = await call(agent);
        expect([status, await text]).toEqual([200, '{"ok":true}']);
        answered += 1;
        if (answered === 200) enough();
        if (closes) return;
      }
    });
    await loaded;
    proxy.process.kill('SIGTERM');
    await Promise.all(load);
    expect(proxy.process.exitCode).toBeNull();
    streams[0]?.end('data: last\n\n');
    expect(await stream.text).toBe('data: first\n\ndata: last\n\n');
    expect(await proxy.ended).toBe(0);
    const events = await proxy.audit();
    expect(events.filter(({ event_type: type }) => type === 'call.forwarded')).toHaveLength(answered + 1);
    expect(events.at(-1)).toMatchObject({ event_type: 'service.stopped', result: 'success' });
  });

  test.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('and then %s: an end at once, whatever is in flight', async (second, code) => {
    await start();
    const stream = await call(ownConnection(), 'stream');
    const broken = expect(stream.text).rejects.toMatchObject({ code: 'ECONNRESET' });
    proxy.process.kill('SIGTERM');
    // The first signal was taken once nobody new is let in.
    while (await accepts(Number(new URL(proxy.url).port)));
    expect(proxy.process.exitCode).toBeNull();
    proxy.process.kill(second);
    expect(await proxy.ended).toBe(code);
    await broken;
  });

  test('cuts off what does not end in time, which is recorded before the stop', async () => {
    await start({ DRAIN_SECONDS: '0' });
    const stream = await call(ownConnection(), 'stream');
    const broken = expect(stream.text).rejects.toMatchObject({ code: 'ECONNRESET' });
    proxy.process.kill('SIGTERM');
    expect(await proxy.ended).toBe(0);
    await broken;
    expect(await proxy.audit()).toMatchObject([
      { event_type: 'service.started', result: 'success' },
      { event_type: 'call.forwarded', result: 'failure' },
      { event_type: 'service.stopped', result: 'success' },
    ]);
  });

  test('with nothing in flight, by SIGINT as well: exit code 0', async () => {
    await start();
    proxy.process.kill('SIGINT');
    expect(await proxy.ended).toBe(0);
  });
});

describe('a start that cannot succeed', () => {
  const good = async () => ({
    PORT: '0',
    UPSTREAM_URL: 'https://127.0.0.1:1',
    UPSTREAM_CERT: identity.cert,
    MCP_TOKEN_SHA256: digest,
    AUDIT_LOG: `${workshop.folder}/failed/audit.jsonl`,
  });

  test('no configuration: exit code 78 and a line for each variable that is needed', async () => {
    const { code, stderr } = await workshop.failedStart({});
    expect(code).toBe(78);
    const lines = stderr.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^hugo-mcp-proxy: /);
    expect(lines.slice(1).map((line) => line.trim().split(':')[0])).toEqual([
      'UPSTREAM_URL',
      'UPSTREAM_CERT',
      'MCP_TOKEN_SHA256',
      'AUDIT_LOG',
    ]);
    for (const line of lines.slice(1)) expect(line).toMatch(/is missing; for example /);
  });

  test('wrong configuration: exit code 78, a line for each variable, and no value in any', async () => {
    const { code, stderr } = await workshop.failedStart({
      ...(await good()),
      PORT: '70007',
      UPSTREAM_URL: 'http://user:hunter2@example.test',
      MCP_TOKEN_SHA256: token,
      UPSTREAM_CERT: identity.key,
    });
    expect(code).toBe(78);
    expect([...stderr.matchAll(/^ {2}(\w+):/gm)].map(([, name]) => name)).toEqual([
      'PORT',
      'UPSTREAM_URL',
      'UPSTREAM_CERT',
      'MCP_TOKEN_SHA256',
    ]);
    for (const value of ['70007', 'hunter2', token, ...identity.key.split('\n').slice(1, 2)]) {
      expect(stderr).not.toContain(value);
    }
  });

  test('a SHA-256 that is not the one of the certificate beside it: exit code 78, and how to compare', async () => {
    const { code, stderr } = await workshop.failedStart({
      ...(await good()),
      UPSTREAM_CERT_SHA256: 'ab'.repeat(32),
    });
    expect(code).toBe(78);
    expect(stderr).toMatch(/^ {2}UPSTREAM_CERT_SHA256: is not the SHA-256 of UPSTREAM_CERT.*openssl x509/m);
  });

  test('a port that is taken: exit code 1 and one line that names it', async () => {
    const taken = net.createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as AddressInfo;
    try {
      const { code, stderr } = await workshop.failedStart({ ...(await good()), PORT: String(port) });
      expect(code).toBe(1);
      expect(stderr).toMatch(new RegExp(`^hugo-mcp-proxy: .*address already in use.*${port}.*\n$`));
    } finally {
      taken.close();
    }
  });

  test('an audit log that cannot be opened: exit code 1 and one line that names it', async () => {
    const { code, stderr } = await workshop.failedStart({ ...(await good()), AUDIT_LOG: '/dev/null/audit.jsonl' });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^hugo-mcp-proxy: .*\/dev\/null.*\n$/);
  });
});

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = net.connect(port, '127.0.0.1', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });
}

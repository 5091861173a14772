import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readdir, readFile, rename, rm } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { arleoJson } from './arleo.ts';
import { startImpostor } from './impostor.ts';
import { mcpHeaders, rpc } from './mcp.ts';
import { grant } from './oauth.ts';
import { startTestStack, type TestStack } from './start.ts';
import { auditEvents, expectNoSecrets, expectWholeChains } from './trail.ts';

type Name = 'hugo-mcp-proxy' | 'hugo-mcp-server';

let folder: string;
let stack: TestStack;
let token: string;
/** hugo-mcp-proxy has a copy of its own, as on a machine of its own. */
let copied: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'arleo-certificate-'));
  copied = path.join(folder, 'server.crt');
  stack = await startTestStack(
    { 'hugo-mcp-proxy': { UPSTREAM_CERT_FILE: copied, UPSTREAM_CERT_SHA256: '' } },
    (layout) => copyFile(layout.tlsCert, copied),
  );
  token = (await grant(stack.addresses.issuer, { passphrase: stack.state.passphrase })).accessToken;
});
afterAll(async () => {
  await stack?.dispose();
  await rm(folder, { recursive: true });
});

const files = () => ({
  TLS_KEY_FILE: stack.layout.tlsKey,
  TLS_CERT_FILE: stack.layout.tlsCert,
  STATE_DIR: stack.layout.serverState(stack.state.site),
  UPSTREAM_CERT_FILE: copied,
  PROXY_STATE_DIR: stack.layout.proxyState,
  PATH: process.env.PATH ?? '',
});
const cert = (...args: string[]) => arleoJson(['cert', ...args], files());
const until = async (holds: () => Promise<boolean>): Promise<void> => {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 50));
};
/** SHA-256 of the certificate that a stranger is shown. */
async function shown(): Promise<string> {
  const { host } = new URL(stack.addresses.hugoMcpUrl);
  const script = `openssl s_client -connect ${host} </dev/null 2>/dev/null | openssl x509 -noout -fingerprint -sha256`;
  const { stdout } = await promisify(execFile)('bash', ['-c', script]);
  return stdout.replace(/^.*=/, '').replaceAll(':', '').trim().toLowerCase();
}
const pins = async (): Promise<string[]> => {
  const { proxy } = await cert('show');
  return [proxy.present.sha256, ...(proxy.next ? [proxy.next.sha256] : [])];
};

/** Calls without a pause on both kinds of connections until it is stopped, and says how many went well and how others did. */
function load() {
  const { mcpUrl } = stack.addresses;
  const kept = new http.Agent({ keepAlive: true, maxSockets: 12 });
  const failed: unknown[] = [];
  let well = 0;
  let over = false;
  const call = (agent: http.Agent | false) =>
    new Promise<void>((resolve) => {
      const body = JSON.stringify({
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name: 'list_pages', arguments: {} },
      });
      const request = http.request(mcpUrl, { method: 'POST', agent, headers: mcpHeaders(token) }, (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (part) => {
          text += part;
        });
        response.on('end', () => {
          if (response.statusCode === 200 && text.includes('structuredContent')) well += 1;
          else failed.push({ status: response.statusCode, text });
          resolve();
        });
      });
      request.on('error', (error) => {
        failed.push(error);
        resolve();
      });
      request.end(body);
    });
  const running = [kept, kept, kept, kept, kept, kept, false as const, false as const].map(async (agent) => {
    while (!over) await call(agent);
  });
  return {
    well: () => well,
    async stop() {
      over = true;
      await Promise.all(running);
      kept.destroy();
      return { failed };
    },
  };
}

test('[R-CERT-RENEW] the certificate changes under load: no call fails, nothing is restarted, and the old one is gone', async () => {
  const before = await cert('show');
  const pids = (['hugo-mcp-proxy', 'hugo-mcp-server'] as const).map((name) => stack.service(name).pid);
  expect(await shown()).toBe(before.server.in_force.sha256);
  const calls = load();
  await until(async () => calls.well() > 30);

  const renewed = await cert('renew');
  expect(renewed.state).toBe('renewed');
  await until(async () => (await pins()).join() === renewed.sha256);
  await until(async () => (await shown()) === renewed.sha256);
  const after = calls.well();
  await until(async () => calls.well() > after + 30);
  expect(await calls.stop()).toEqual({ failed: [] });
  process.stderr.write(`${calls.well()} calls, 0 failed\n`);

  expect((await readdir(path.dirname(stack.layout.tlsCert))).sort()).toEqual(['server.crt', 'server.key']);
  expect((['hugo-mcp-proxy', 'hugo-mcp-server'] as const).map((name) => stack.service(name).pid)).toEqual(pids);
  await until(async () => {
    const { server } = await cert('show');
    return server.clients[0]?.pins.join() === renewed.sha256;
  });
  const types = async (hop: 'hugo-mcp-proxy' | 'hugo-mcp-server') =>
    (await auditEvents(stack, hop))
      .map(({ event_type }) => String(event_type))
      .filter((type) => type.startsWith('certificate.'));
  await until(async () => (await types('hugo-mcp-server')).length === 3);
  expect(await types('hugo-mcp-server')).toEqual(['certificate.offered', 'certificate.in_use', 'certificate.changed']);
  expect(await types('hugo-mcp-proxy')).toEqual(['certificate.pinned', 'certificate.dropped']);
});

/** Kills a service outright, as a power cut does, and starts it again. */
async function kill(name: Name): Promise<void> {
  stack.service(name).kill('SIGKILL');
  await stack.service(name).exited;
  await stack.restart(name);
}

async function expectWell(): Promise<void> {
  const { status, json } = await rpc(stack.addresses.mcpUrl, token, 'tools/list');
  expect({ status, error: json?.error }).toEqual({ status: 200, error: undefined });
}

/** What stands where the pair does, by the last part of the name. */
const beside = (name: string) => path.join(path.dirname(stack.layout.tlsCert), name);

test('[R-CERT-KILL] both services are killed at every step of a change: it goes on where it was, and the way stays whole', async () => {
  const both = ['hugo-mcp-server', 'hugo-mcp-proxy'] as const;
  await expect(cert('renew', '--wait', '0')).rejects.toThrow('certificate_not_in_use');
  for (const name of both) await kill(name);
  await until(async () => (await pins()).length === 2);
  for (const name of both) {
    await kill(name);
    await expectWell();
  }
  expect(await pins()).toHaveLength(2);
  await until(async () => (await cert('show')).server.next_in_use_since !== null);
  const { next } = (await cert('show')).server;
  await kill('hugo-mcp-server');
  await expectWell();
  expect((await cert('show')).server.next_in_use_since).not.toBeNull();

  // As if arleo had been killed between the two renames at the end.
  await rename(beside('next.key'), beside('server.key'));
  for (const name of both) {
    await kill(name);
    await expectWell();
  }
  expect(await cert('renew', '--if-due')).toMatchObject({ state: 'renewed', sha256: next.sha256 });
  await until(async () => (await pins()).join() === next.sha256);
  for (const name of both) {
    await kill(name);
    await expectWell();
  }
  expect(await shown()).toBe(next.sha256);
}, 600_000);

test('[R-CERT-DROPPED] who shows the dropped certificate, with its key, gets not one byte, and no pin in', async () => {
  const [keyFile, certFile] = [path.join(folder, 'dropped.key'), path.join(folder, 'dropped.crt')];
  await copyFile(stack.layout.tlsKey, keyFile);
  await copyFile(stack.layout.tlsCert, certFile);
  const { sha256 } = await cert('renew');
  await until(async () => (await pins()).join() === sha256);

  const impostor = await startImpostor({ keyFile, certFile });
  await stack.service('hugo-mcp-server').stop();
  await impostor.listen(Number(new URL(stack.addresses.hugoMcpUrl).port));
  // A restart brings back nothing, though the owner's file is that of the first certificate.
  await kill('hugo-mcp-proxy');
  const { status, json } = await rpc(stack.addresses.mcpUrl, token, 'tools/list');
  expect({ status, reason: json.error.data.reason }).toEqual({ status: 502, reason: 'pin_mismatch' });
  expect([impostor.connections() > 0, impostor.received()]).toEqual([true, 0]);
  expect(await pins()).toEqual([sha256]);
  await impostor.close();
  await stack.restart('hugo-mcp-server');
  await expectWell();
});

test('[R-CERT-BY-HAND] another pair, its certificate copied by hand, counts for more than all that was renewed', async () => {
  for (const name of ['server.key', 'server.crt']) await rm(beside(name));
  const { sha256 } = await cert('create');
  await kill('hugo-mcp-server');
  const { json } = await rpc(stack.addresses.mcpUrl, token, 'tools/list');
  expect(json.error.data.reason).toBe('pin_mismatch');
  await copyFile(stack.layout.tlsCert, copied);
  await kill('hugo-mcp-proxy');
  await expectWell();
  expect(await pins()).toEqual([sha256]);
});

test('no secret is in any log, and the audit chains are whole', async () => {
  await expectNoSecrets(stack, [token, (await readFile(stack.layout.tlsKey, 'utf8')).split('\n')[1] ?? '']);
  await expectWholeChains(stack);
});

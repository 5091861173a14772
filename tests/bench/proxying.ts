import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { TestStack } from '../e2e/start.ts';
import { createPost } from './http-calls.ts';
import { hopSite, startNginx, upstreamSite } from './nginx.ts';
import { paced } from './paced.ts';
import type { Row } from './report.ts';
import { type LoadRequest, type LoadResult, load } from './wrk.ts';

const connections = 16;
const seconds = 5;
const rounds = 3;
const pacedPerSecond = 500;

/** The answer of a `tools/list` as hugo-mcp-server gives it is about this large. */
function toolsListAnswer(): string {
  const properties = Object.fromEntries(
    Array.from({ length: 6 }, (_, index) => [`argument_${index}`, { type: 'string', description: 'd'.repeat(80) }]),
  );
  const tools = Array.from({ length: 6 }, (_, index) => ({
    name: `tool_${index}`,
    description: 'd'.repeat(300),
    inputSchema: { type: 'object', properties },
  }));
  return JSON.stringify({ jsonrpc: '2.0', id: 1, result: { tools } });
}

/** The upstream and the nginx chain of the same two hops, with the certificate that the stack pins. */
export async function startNginxChain(folder: string, ports: NginxPorts, certificate: string, key: string) {
  const root = path.join(folder, 'root');
  await mkdir(root, { recursive: true });
  await writeFile(path.join(root, 'answer.json'), toolsListAnswer());
  const upstream = new URL(`https://127.0.0.1:${ports.upstream}`);
  const stops = [
    await startNginx(folder, upstreamSite(ports.upstream, root, certificate, key)),
    await startNginx(folder, hopSite('inner', ports.inner, upstream, certificate)),
    await startNginx(folder, hopSite('outer', ports.outer, new URL(`http://127.0.0.1:${ports.inner}`))),
  ];
  return async () => {
    for (const stop of stops.reverse()) await stop();
  };
}

/** Ports of {@link startNginxChain}. */
export interface NginxPorts {
  upstream: number;
  inner: number;
  outer: number;
}

/**
 * The same POSTs through our two hops and through two nginx in front of the same TLS upstream, in turns, so that what
 * else the machine does hits both.
 */
export async function measureProxying(
  folder: string,
  stack: TestStack,
  accessToken: string,
  ports: NginxPorts,
): Promise<Row[]> {
  const request = (url: string): LoadRequest => ({
    url,
    headers: {
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      'MCP-Protocol-Version': '2025-11-25',
      Authorization: `Bearer ${accessToken}`,
    },
    body: '{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}',
  });
  const targets = {
    arleo: `${stack.addresses.issuer}/mcp`,
    nginx: `http://127.0.0.1:${ports.outer}/mcp`,
    upstream: `https://127.0.0.1:${ports.upstream}/mcp`,
  };
  const results: Record<keyof typeof targets, LoadResult[]> = { arleo: [], nginx: [], upstream: [] };
  const names = Object.keys(targets) as (keyof typeof targets)[];
  await load(folder, request(targets.arleo), { connections, seconds: 3 });
  for (let round = 0; round < rounds; round += 1) {
    for (const name of names) results[name].push(await load(folder, request(targets[name]), { connections, seconds }));
  }
  const median = (name: keyof typeof targets, value: keyof LoadResult): number =>
    results[name].map((result) => result[value]).sort((a, b) => a - b)[Math.floor(rounds / 2)] ?? Number.NaN;
  const failed = names.reduce((sum, name) => sum + results[name].reduce((all, one) => all + one.failed, 0), 0);
  const area = 'proxying';
  const added = await addedWhenPaced(request(targets.arleo), request(targets.upstream), stack);
  return [
    { area, name: 'two hops of Arleo', value: median('arleo', 'requestsPerSecond'), unit: 'requests/s' },
    { area, name: 'two hops of nginx', value: median('nginx', 'requestsPerSecond'), unit: 'requests/s' },
    {
      area,
      name: 'ratio',
      value: median('arleo', 'requestsPerSecond') / median('nginx', 'requestsPerSecond'),
      unit: '× nginx',
      target: { at: 'least', value: 0.25 },
    },
    { area, name: `p50 at the upstream, ${connections} connections`, value: median('upstream', 'p50'), unit: 'ms' },
    { area, name: `p50 through nginx, ${connections} connections`, value: median('nginx', 'p50'), unit: 'ms' },
    { area, name: `p50 through Arleo, ${connections} connections`, value: median('arleo', 'p50'), unit: 'ms' },
    {
      area,
      name: `p50 added per hop, ${connections} connections that never pause`,
      value: (median('arleo', 'p50') - median('upstream', 'p50')) / 2,
      unit: 'ms',
      target: { at: 'most', value: 0.5 },
    },
    {
      area,
      name: `p50 added per hop, ${connections} connections, ${pacedPerSecond} requests/s`,
      value: added,
      unit: 'ms',
      target: { at: 'most', value: 0.5 },
    },
    { area, name: 'failed requests', value: failed, unit: '', target: { at: 'most', value: 0 } },
  ];
}

/** What each hop adds when there is room: a steady rate instead of as much as goes. */
async function addedWhenPaced(through: LoadRequest, direct: LoadRequest, stack: TestStack): Promise<number> {
  const ca = await readFile(stack.layout.tlsCert, 'utf8');
  const p50 = async ({ url, body, headers }: LoadRequest): Promise<number> => {
    const { post, close } = createPost(url, body, { ca, connections });
    const result = await paced({ perSecond: pacedPerSecond, seconds }, async () => (await post(headers)) === 200);
    close();
    if (result.failed > 0) throw new Error(`${result.failed} requests to ${url} failed`);
    return result.p50;
  };
  return ((await p50(through)) - (await p50(direct))) / 2;
}

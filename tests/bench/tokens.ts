import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { openBcrypt } from '@arleo/core/tokens/bcrypt';
import { createToken } from '@arleo/core/tokens/manage';
import { openTokenStore } from '@arleo/core/tokens/token-store';
import type { TestStack } from '../e2e/start.ts';
import { createPost, longestDelay } from './http-calls.ts';
import { paced } from './paced.ts';
import type { Row } from './report.ts';

const listCall = '{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}';
const goodPerSecond = 100;
const wrongPerSecond = 500;
const seconds = 10;

/** What a check of a token costs that was verified a moment ago. */
export async function measureWarmCheck(folder: string): Promise<Row[]> {
  const file = path.join(folder, 'tokens.json');
  const bcrypt = openBcrypt();
  const { token } = await createToken(file, { label: 'bench' }, { bcrypt, now: Date.now });
  const store = await openTokenStore({ file, bcrypt });
  await store.verify(token, '127.0.0.1');
  const count = 200_000;
  for (let index = 0; index < 10_000; index += 1) store.verify(token, '127.0.0.1');
  const start = performance.now();
  for (let index = 0; index < count; index += 1) store.verify(token, '127.0.0.1');
  const microseconds = ((performance.now() - start) * 1000) / count;
  await store.close();
  await bcrypt.close();
  return [
    {
      area: 'tokens',
      name: 'warm check of a hop token',
      value: microseconds,
      unit: 'µs',
      target: { at: 'most', value: 20 },
    },
  ];
}

/** Good calls through all hops, in quiet and while wrong tokens arrive at `origin`, whose event loop is watched. */
export async function measureFlood(
  stack: TestStack,
  accessToken: string,
  hop: 'oauth-proxy' | 'hugo-mcp-server',
): Promise<Row[]> {
  const ca = await readFile(stack.layout.tlsCert, 'utf8');
  const origin = hop === 'oauth-proxy' ? stack.addresses.issuer : stack.addresses.hugoMcpUrl;
  const good = createPost(stack.addresses.mcpUrl, listCall);
  const bad = createPost(`${origin}/mcp`, listCall, { ca });
  const headers = {
    authorization: `Bearer ${accessToken}`,
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': '2025-11-25',
  };
  const wrong = wrongTokens(hop, hop === 'oauth-proxy' ? accessToken : stack.state.mcpToken);
  const sendGood = async () => (await good.post(headers)) === 200;
  await paced({ perSecond: goodPerSecond, seconds: 3 }, sendGood);
  const quiet = await paced({ perSecond: goodPerSecond, seconds }, sendGood);
  await longestDelay(origin, ca);
  const [flooded, flood] = await Promise.all([
    paced({ perSecond: goodPerSecond, seconds }, sendGood),
    paced({ perSecond: wrongPerSecond, seconds }, async (index) => {
      const status = await bad.post({ authorization: `Bearer ${wrong(index)}` });
      return status === 401 || status === 429;
    }),
  ]);
  const delay = await longestDelay(origin, ca);
  good.close();
  bad.close();
  const area = `flood ${hop}`;
  return [
    { area, name: 'good calls, p99 in quiet', value: quiet.p99, unit: 'ms' },
    { area, name: `good calls, p99 at ${wrongPerSecond} wrong tokens/s`, value: flooded.p99, unit: 'ms' },
    { area, name: 'p99 ratio', value: flooded.p99 / quiet.p99, unit: '× quiet', target: { at: 'most', value: 3 } },
    { area, name: 'longest block of the event loop', value: delay, unit: 'ms', target: { at: 'most', value: 20 } },
    {
      area,
      name: 'good calls refused, wrong ones let in',
      value: quiet.failed + flooded.failed + flood.failed,
      unit: '',
      target: { at: 'most', value: 0 },
    },
  ];
}

/** Wrong tokens that look as right as they can: the known key id with a false signature, the known lookup with a false secret. */
function wrongTokens(hop: 'oauth-proxy' | 'hugo-mcp-server', real: string): (index: number) => string {
  if (hop === 'oauth-proxy') {
    const [header, payload] = real.split('.');
    return () => `${header}.${payload}.${randomBytes(64).toString('base64url')}`;
  }
  const lookup = real.slice(0, real.lastIndexOf('_'));
  return () => `${lookup}_${randomBytes(32).toString('hex')}`;
}

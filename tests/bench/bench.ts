import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePorts } from '../e2e/free-ports.ts';
import { grant } from '../e2e/oauth.ts';
import { startTestStack, type TestStack } from '../e2e/start.ts';
import { measureFootprint } from './footprint.ts';
import { measureOauth } from './oauth.ts';
import { measureProxying, startNginxChain } from './proxying.ts';
import { type Row, reached, table } from './report.ts';
import { measureFlood, measureWarmCheck } from './tokens.ts';

const usage = `usage: pnpm bench [--json FILE]

Measures the services beside nginx on this machine (needs nginx and wrk) and prints a table, then the same as one line
of JSON. --json also writes it to FILE. Numbers are for reading: a target that is missed does not fail the run.
`;

async function main(args: readonly string[]): Promise<void> {
  if (args.includes('--help')) return void process.stdout.write(usage);
  const file = args[0] === '--json' ? args[1] : undefined;
  if (args.length > 0 && file === undefined) throw new Error(usage);
  const folder = await mkdtemp(path.join(tmpdir(), 'arleo-bench-'));
  const say = (text: string): void => void process.stderr.write(`==> ${text}\n`);
  // nginx reads its files as another user.
  await chmod(folder, 0o755);
  const rows: Row[] = [];
  try {
    say('warm token check');
    rows.push(...(await measureWarmCheck(folder)));
    rows.push(...(await benchProxying(folder, say)));
    rows.push(...(await benchStack(say)));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  const json = JSON.stringify({ node: process.version, rows: rows.map((row) => ({ ...row, reached: reached(row) })) });
  process.stdout.write(`\n${table(rows)}\n\n${json}\n`);
  if (file !== undefined) await writeFile(file, `${json}\n`);
}

/** The first two hops in front of an nginx upstream that is as fast as can be. */
async function benchProxying(folder: string, say: (text: string) => void): Promise<Row[]> {
  const free = await freePorts();
  const ports = { upstream: free['hugo-mcp-server'], inner: free['hugo-mcp-proxy'], outer: free['oauth-proxy'] };
  const env = {
    'oauth-proxy': { RATE_LIMIT_PER_ADDRESS: '1000000000', RATE_LIMIT_PER_SUBJECT: '1000000000' },
    'hugo-mcp-proxy': { UPSTREAM_URL: `https://127.0.0.1:${ports.upstream}` },
  };
  let stop = async (): Promise<void> => {};
  const stack = await startTestStack(env, async ({ tlsCert, tlsKey }) => {
    stop = await startNginxChain(folder, ports, tlsCert, tlsKey);
  });
  try {
    say('proxying, beside nginx');
    const { accessToken } = await grant(stack.addresses.issuer, { passphrase: await passphrase(stack) });
    const rows = await measureProxying(folder, stack, accessToken, ports);
    say('authorization, refresh and the check of /mcp, beside nginx');
    return [...rows, ...(await measureOauth(folder, stack, ports.outer))];
  } finally {
    await stack.dispose();
    await stop();
  }
}

/** All three services as they are. */
async function benchStack(say: (text: string) => void): Promise<Row[]> {
  const stack = await startTestStack({ 'oauth-proxy': { RATE_LIMIT_PER_ADDRESS: '60' } });
  const rows: Row[] = [];
  try {
    const { accessToken } = await grant(stack.addresses.issuer, {
      passphrase: await passphrase(stack),
    });
    say('start and memory');
    rows.push(...(await measureFootprint(stack)));
    for (const hop of ['oauth-proxy', 'hugo-mcp-server'] as const) {
      say(`wrong tokens at ${hop}`);
      rows.push(...(await measureFlood(stack, accessToken, hop)));
    }
  } finally {
    await stack.dispose();
  }
  return rows;
}

async function passphrase({ layout }: TestStack): Promise<string> {
  return (await readFile(layout.passphrase, 'utf8')).trim();
}

main(process.argv.slice(2)).catch((error: Error) => {
  process.stderr.write(`bench: ${error.message}\n`);
  process.exitCode = 1;
});

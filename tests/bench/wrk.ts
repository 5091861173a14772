import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** What one wrk run measured. */
export interface LoadResult {
  requestsPerSecond: number;
  /** Milliseconds. */
  p50: number;
  /** Milliseconds. */
  p99: number;
  /** Answers outside 2xx and 3xx, and socket errors. */
  failed: number;
}

/** A request that wrk repeats. */
export interface LoadRequest {
  url: string;
  headers: Record<string, string>;
  body: string;
}

const MILLISECONDS: Record<string, number> = { us: 0.001, ms: 1, s: 1000 };

function latency(output: string, percentile: string): number {
  const match = new RegExp(`${percentile}%\\s+([\\d.]+)(us|ms|s)`).exec(output);
  if (!match) throw new Error(`wrk printed no ${percentile}% line:\n${output}`);
  return Number(match[1]) * (MILLISECONDS[match[2] ?? ''] ?? Number.NaN);
}

/**
 * POSTs one request over and over on `connections` kept-alive connections for `seconds`, closed loop.
 *
 * @throws Error when wrk is missing or its output is not understood.
 */
export async function load(
  folder: string,
  request: LoadRequest,
  options: { connections: number; seconds: number },
): Promise<LoadResult> {
  const script = path.join(folder, 'post.lua');
  const headers = Object.entries(request.headers).map(
    ([name, value]) => `wrk.headers[${JSON.stringify(name)}] = ${JSON.stringify(value)}`,
  );
  await writeFile(
    script,
    ['wrk.method = "POST"', ...headers, `wrk.body = ${JSON.stringify(request.body)}`, ''].join('\n'),
  );
  const { stdout } = await run('wrk', [
    '-t1',
    `-c${options.connections}`,
    `-d${options.seconds}s`,
    '--latency',
    '-s',
    script,
    request.url,
  ]);
  const failedAnswers = Number(/Non-2xx or 3xx responses: (\d+)/.exec(stdout)?.[1] ?? 0);
  const sockets = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(stdout)?.slice(1) ?? [];
  return {
    requestsPerSecond: Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1]),
    p50: latency(stdout, '50'),
    p99: latency(stdout, '99'),
    failed: sockets.reduce((sum, count) => sum + Number(count), failedAnswers),
  };
}

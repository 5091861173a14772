import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { freePort } from './free-port.ts';

/** The password of the test's Redis, which must never appear in a log. */
export const REDIS_PASSWORD = 'redis-password-of-the-tests';

/** A real Redis on loopback, of the tests' own, that keeps its data over a restart. */
export interface RedisServer {
  /** With the password, and database 0. */
  readonly url: string;
  /** The process's id. */
  readonly pid: number;
  /** A connection for a look of the test's own; to be disconnected. */
  client(): Redis;
  /** Ends it; `SIGKILL` leaves it no time. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again, on the same port with the same data. */
  start(): Promise<void>;
  /** Ends it and removes its data. */
  dispose(): Promise<void>;
}

/**
 * Starts `redis-server` on a free port.
 *
 * @param settings further settings, such as `--appendonly no`
 * @throws Error when it is not installed or does not start within a minute
 */
export async function startRedis(...settings: string[]): Promise<RedisServer> {
  const folder = await mkdtemp(path.join(tmpdir(), 'arleo-redis-'));
  const port = await freePort();
  const url = `redis://:${REDIS_PASSWORD}@127.0.0.1:${port}/0`;
  let child: ChildProcess | undefined;

  const client = (): Redis => new Redis(url, { retryStrategy: () => null, lazyConnect: true }).on('error', () => {});
  const start = async (): Promise<void> => {
    let output = '';
    const started = spawn(
      'redis-server',
      [
        ...['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--requirepass', REDIS_PASSWORD],
        ...['--appendonly', 'yes', '--appendfsync', 'always', '--save', '', '--daemonize', 'no'],
        ...settings,
      ],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    for (const stream of [started.stdout, started.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    started.on('error', (error) => {
      output += error.message;
    });
    child = started;
    for (let tries = 0; tries < 1200 && started.pid !== undefined && started.exitCode === null; tries += 1) {
      const probe = client();
      const pong = await probe
        .connect()
        .then(() => probe.ping())
        .catch(() => undefined);
      probe.disconnect();
      if (pong === 'PONG') return;
      await sleep(50);
    }
    started.kill('SIGKILL');
    throw new Error(`redis-server did not start: ${output.trim() || 'no output; is it installed?'}`);
  };
  const stop = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<void> => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    // One that was paused takes no other signal.
    child.kill('SIGCONT');
    await gone;
  };
  await start();
  return {
    url,
    get pid() {
      return child?.pid ?? 0;
    },
    client,
    stop,
    start,
    async dispose() {
      await stop('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

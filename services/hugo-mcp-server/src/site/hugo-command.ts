import { type ChildProcess, spawn } from 'node:child_process';
import { ArleoError } from '@arleo/core/errors';

/** How one run of Hugo ended. */
export interface HugoRun {
  /** The exit code; null if a signal ended it. */
  code: number | null;
  stdout: string;
  stderr: string;
  durationMs: number;
}

export interface HugoRunOptions {
  /** The run is killed, with everything that it started, after this many milliseconds. */
  timeoutMs?: number;
  /** More variables for this run, for instance `HUGO_PUBLISHDIR`. */
  env?: Record<string, string>;
}

/** The `hugo` program, always run on one site. */
export interface Hugo {
  /**
   * Runs `hugo` with these arguments in the site's folder.
   *
   * @throws {@link ArleoError} `hugo_missing` if there is no such program, `hugo_timeout` if it takes too long,
   *   `shutting_down` if the service stops meanwhile
   */
  run(args: readonly string[], options?: HugoRunOptions): Promise<HugoRun>;
  /** The first line of `hugo version`. @throws as {@link Hugo.run} */
  version(): Promise<string>;
  /** Kills what still runs; later runs fail with `shutting_down`. */
  close(): void;
}

export interface HugoCommandOptions {
  /** A program name that is looked up in `searchPath`, or a path. */
  bin: string;
  siteDir: string;
  /** HOME of the child: caches of Go modules and npm land here and not with a user. */
  home: string;
  /** PATH of the child. */
  searchPath: string;
  /** More variables for every run: `HUGO_BASEURL`. */
  env?: Record<string, string>;
}

const defaultTimeoutMs = 30_000;
/** Output beyond this is dropped from its middle; Hugo says what is wrong first or last. */
const keepBytes = 256 * 1024;

/** A {@link Hugo} with a bounded environment, time limit and output. */
export function createHugo(options: HugoCommandOptions): Hugo {
  const running = new Set<ChildProcess>();
  let closed = false;

  const run = async (args: readonly string[], runOptions: HugoRunOptions = {}): Promise<HugoRun> => {
    if (closed) throw new ArleoError('shutting_down', 'The service is stopping.');
    const startedAt = performance.now();
    const child = spawn(options.bin, args, {
      cwd: options.siteDir,
      // A group of its own, so that a time limit also ends what Hugo started (postcss, asciidoctor).
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: options.searchPath,
        HOME: options.home,
        LANG: 'C.UTF-8',
        GIT_TERMINAL_PROMPT: '0',
        ...options.env,
        ...options.env,
        ...runOptions.env,
      },
    });
    running.add(child);
    const stdout = capture(child.stdout);
    const stderr = capture(child.stderr);
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      killGroup(child);
    }, runOptions.timeoutMs ?? defaultTimeoutMs);
    try {
      const code = await new Promise<number | null>((resolve, reject) => {
        child.once('error', reject);
        child.once('close', resolve);
      });
      if (closed) throw new ArleoError('shutting_down', 'The service is stopping.');
      if (timedOut) {
        const seconds = Math.round((runOptions.timeoutMs ?? defaultTimeoutMs) / 1000);
        throw new ArleoError('hugo_timeout', `Hugo was stopped after ${seconds} s.`, {
          hint: 'Run hugo by hand in the site to see what takes so long (often a remote resource or a module download).',
        });
      }
      return { code, stdout: stdout(), stderr: stderr(), durationMs: performance.now() - startedAt };
    } catch (error) {
      throw isMissing(error) ? hugoMissing(options.bin, error) : error;
    } finally {
      clearTimeout(timer);
      running.delete(child);
    }
  };

  return {
    run,
    async version() {
      const { stdout } = await run(['version'], { timeoutMs: 10_000 });
      return stdout.split('\n', 1)[0] ?? '';
    },
    close() {
      closed = true;
      for (const child of running) killGroup(child);
    },
  };
}

function hugoMissing(bin: string, cause: unknown): ArleoError {
  return new ArleoError('hugo_missing', `The hugo program was not found (${bin}).`, {
    cause,
    hint: "Install it on the site's machine (Debian and Ubuntu: apt-get install hugo) or set HUGO_BIN to its path.",
  });
}

function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return code === 'ENOENT' || code === 'EACCES' || code === 'ENOTDIR';
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It ended by itself in the meantime.
  }
}

/** Collects a stream's text: the first and the last half of {@link keepBytes}. */
function capture(stream: NodeJS.ReadableStream): () => string {
  const half = keepBytes / 2;
  const head: Buffer[] = [];
  let headBytes = 0;
  let tail: Buffer[] = [];
  let tailBytes = 0;
  let dropped = false;
  stream.on('data', (chunk: Buffer) => {
    if (headBytes < half) {
      head.push(chunk);
      headBytes += chunk.length;
      return;
    }
    tail.push(chunk);
    tailBytes += chunk.length;
    if (tailBytes > 2 * half) {
      const kept = Buffer.concat(tail).subarray(-half);
      tail = [kept];
      tailBytes = kept.length;
      dropped = true;
    }
  });
  return () => {
    const parts = [Buffer.concat(head).toString('utf8')];
    if (dropped) parts.push('\n[…]\n');
    if (tail.length > 0) parts.push(Buffer.concat(tail).toString('utf8'));
    return parts.join('');
  };
}

import { type ChildProcess, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { ArleoError } from '@arleo/core/errors';

/** How one run of a program ended. */
export interface ProgramRun {
  /** The exit code; null if a signal ended it. */
  code: number | null;
  stdout: string;
  stderr: string;
  durationMs: number;
}

/** What a program is run with. */
export interface ProgramOptions {
  /** A program name that is looked up in the child's `PATH`, or a path. */
  bin: string;
  cwd: string;
  /** The whole environment of the child: nothing is inherited. */
  env: Record<string, string>;
  /** The run is killed, with everything that it started, after this many milliseconds. */
  timeoutMs: number;
  /** Bytes of each output that are kept; 256 KiB if absent. */
  keepBytes?: number;
  /** What fails a run that took too long. */
  timedOut(): Error;
  /** What fails a run if there is no such program. */
  missing(cause: unknown): Error;
}

/** Runs programs, and can end all of them. */
export interface Programs {
  /** @throws what `options` says; {@link ArleoError} `shutting_down` after {@link Programs.close} */
  run(args: readonly string[], options: ProgramOptions): Promise<ProgramRun>;
  /** Kills what still runs. */
  close(): void;
}

/** Output beyond this is dropped from its middle; programs say what is wrong first or last. */
const defaultKeepBytes = 256 * 1024;

/** {@link Programs} with a bounded environment, time limit and output. */
export function createPrograms(): Programs {
  const running = new Set<ChildProcess>();
  let closed = false;
  const stopping = () => new ArleoError('shutting_down', 'The service is stopping.');
  return {
    async run(args, { bin, cwd, env, timeoutMs, keepBytes = defaultKeepBytes, timedOut, missing }) {
      if (closed) throw stopping();
      const startedAt = performance.now();
      // A group of its own, so that a time limit also ends what the program started (postcss, ssh); and no terminal that
      // it could ask for a password.
      const child = spawn(bin, args, { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
      running.add(child);
      void giveWay(child);
      const stdout = capture(child.stdout, keepBytes);
      const stderr = capture(child.stderr, keepBytes);
      let late = false;
      const timer = setTimeout(() => {
        late = true;
        killGroup(child);
      }, timeoutMs);
      try {
        const code = await new Promise<number | null>((resolve, reject) => {
          child.once('error', reject);
          child.once('close', resolve);
        });
        if (closed) throw stopping();
        if (late) throw timedOut();
        return { code, stdout: stdout(), stderr: stderr(), durationMs: performance.now() - startedAt };
      } catch (error) {
        throw isMissing(error) ? missing(error) : error;
      } finally {
        clearTimeout(timer);
        running.delete(child);
      }
    },
    close() {
      closed = true;
      for (const child of running) killGroup(child);
    },
  };
}

function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return code === 'ENOENT' || code === 'EACCES' || code === 'ENOTDIR';
}

/** How often it is tried to let others go before a child. */
const maxTries = 5;

/**
 * Lets everybody else go before a child that leads a session of its own: Linux deals out the processors by session, and a
 * build would get as much as all calls together that the service answers meanwhile. Where control groups deal them out,
 * it changes nothing.
 *
 * @see https://man7.org/linux/man-pages/man7/sched.7.html, "The autogroup feature"
 */
async function giveWay(child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < maxTries; tries += 1) {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    try {
      return await writeFile(`/proc/${child.pid}/autogroup`, '10');
    } catch (error) {
      // Whoever is not root may ask for it once in a tenth of a second, all sessions together.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
      await sleep(100);
    }
  }
}

/** Kills a child that leads a group of its own, with everything that it started. */
export function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It ended by itself in the meantime.
  }
}

/** Collects a stream's text: the first and the last half of `keepBytes`. */
function capture(stream: NodeJS.ReadableStream, keepBytes: number): () => string {
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

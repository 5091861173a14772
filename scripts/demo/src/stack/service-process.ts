import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createWriteStream, existsSync, renameSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { ArleoError } from '@arleo/core/errors';

/** How to start one process of the stack. */
export interface ServiceSpec {
  name: string;
  /** The bundled entry point, run by this process's own Node. */
  script: string;
  /** The whole environment; nothing of the caller's leaks in. */
  env: Record<string, string>;
  logFile: string;
}

/** How a process ended. */
export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A running process of the stack. */
export interface ServiceProcess {
  readonly name: string;
  readonly pid: number;
  /** Settles when the process is gone; never rejects. */
  readonly exited: Promise<Exit>;
  readonly running: boolean;
  /** The last lines that it wrote, oldest first. */
  tail(): string[];
  /** Asks it to stop, and after the grace kills it. Settles when it is gone. */
  stop(graceMs?: number): Promise<Exit>;
  kill(signal: NodeJS.Signals): void;
}

const TAIL_LINES = 15;
const READY_MS = 60_000;
const STOP_MS = 30_000;

/**
 * Starts a process and waits for its ready line.
 *
 * @throws ArleoError `service_failed`, whose message carries the last lines of its log; `not_built`
 */
export async function startService(spec: ServiceSpec): Promise<ServiceProcess> {
  if (!existsSync(spec.script)) {
    throw new ArleoError('not_built', `${spec.name} is not built: there is no ${spec.script}`, {
      hint: 'Run: pnpm build',
    });
  }
  const child = launch(spec);
  const tail: string[] = [];
  const ready = new Promise<'ready'>((resolve) => {
    keepLog(child, spec.logFile, (line) => {
      tail.push(line);
      if (tail.length > TAIL_LINES) tail.shift();
      if (isReadyLine(line)) resolve('ready');
    });
  });

  const exited = new Promise<Exit>((resolve) => {
    child.once('error', (error) => {
      tail.push(String(error));
      resolve({ code: null, signal: null });
    });
    child.once('close', (code, signal) => resolve({ code, signal }));
  });
  const service: ServiceProcess = {
    name: spec.name,
    pid: child.pid ?? 0,
    exited,
    get running() {
      return child.exitCode === null && child.signalCode === null;
    },
    tail: () => [...tail],
    stop: (graceMs = STOP_MS) => stop(child, exited, graceMs),
    kill: (signal) => void child.kill(signal),
  };

  const outcome = await Promise.race([ready, exited, after(READY_MS)]);
  if (outcome === 'ready') return service;
  await service.stop(0);
  const how =
    outcome === 'late' ? `was not ready within ${READY_MS / 1000} s` : `did not start (${describeExit(outcome)})`;
  throw serviceFailed(spec, how, tail);
}

/** A process of the stack that failed: what happened, and the last lines of its log. */
export function serviceFailed(
  spec: { name: string; logFile: string },
  how: string,
  tail: readonly string[],
): ArleoError {
  const lines = tail.length > 0 ? `. Its last lines:\n${tail.map((line) => `    ${line}`).join('\n')}` : '.';
  return new ArleoError('service_failed', `${spec.name} ${how}${lines}`, { hint: `Its whole log: ${spec.logFile}` });
}

/** "exit status 1" or "killed by SIGKILL". */
export function describeExit({ code, signal }: Exit): string {
  return signal === null ? `exit status ${code}` : `killed by ${signal}`;
}

function launch(spec: ServiceSpec): ChildProcess {
  const command = [process.execPath, spec.script];
  // When the launcher is killed outright, the kernel ends its services: nothing keeps running unseen.
  if (canFollowParent()) command.unshift('setpriv', '--pdeathsig', 'TERM');
  const [file = '', ...args] = command;
  return spawn(file, args, {
    env: spec.env,
    // A Ctrl-C on the terminal reaches the launcher only; it then stops the services in order, once.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

let followsParent: boolean | undefined;
function canFollowParent(): boolean {
  followsParent ??= spawnSync('setpriv', ['--pdeathsig', 'TERM', 'true']).status === 0;
  return followsParent;
}

function keepLog(child: ChildProcess, file: string, onLine: (line: string) => void): void {
  try {
    renameSync(file, `${file}.1`);
  } catch {
    // The first run: there is no earlier log to keep.
  }
  const log = createWriteStream(file, { mode: 0o600 });
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    stream.pipe(log, { end: false });
    createInterface({ input: stream }).on('line', onLine);
  }
  child.once('close', () => log.end());
}

function isReadyLine(line: string): boolean {
  if (!line.includes('"ready"')) return false;
  try {
    return (JSON.parse(line) as { message?: unknown }).message === 'ready';
  } catch {
    return false;
  }
}

async function stop(child: ChildProcess, exited: Promise<Exit>, graceMs: number): Promise<Exit> {
  child.kill('SIGTERM');
  const outcome = await Promise.race([exited, after(graceMs)]);
  if (outcome !== 'late') return outcome;
  child.kill('SIGKILL');
  return exited;
}

function after(ms: number): Promise<'late'> {
  return new Promise((resolve) => setTimeout(() => resolve('late'), ms).unref());
}

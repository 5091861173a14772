import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const folder = path.dirname(fileURLToPath(import.meta.url));

/** The Node that the published programs need, see package.json beside this file. */
const NODE_MAJOR = 22;

/** How a program ended. */
export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** A published program that runs. */
export interface Program {
  child: ChildProcessWithoutNullStreams;
  /** Settles when it is gone. */
  ended: Promise<Ended>;
}

/** What to run it with, beside its arguments. */
export interface ProgramOptions {
  /** In place of this process's environment, of which only PATH is passed on. */
  env?: Record<string, string>;
  cwd?: string;
  /** Killed after that; the default is two minutes. */
  timeoutMs?: number;
  /** Told about each piece of what it writes, on either stream. */
  onOutput?: (text: string) => void;
}

/**
 * The file of a program of an installed package.
 *
 * @throws Error with the remedy when the package is not installed, or this Node is too old for it
 */
export function programFile(packageName: string, bin: string): string {
  if (Number.parseInt(process.versions.node, 10) < NODE_MAJOR) {
    throw new Error(`${packageName} needs Node ${NODE_MAJOR} or newer, and this is ${process.version}`);
  }
  const root = path.join(folder, 'node_modules', packageName);
  if (!existsSync(root)) throw new Error(`${packageName} is not installed: pnpm --dir tests/published install`);
  const { bin: bins } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  return path.join(root, bins[bin]);
}

/** Runs a program of an installed package, unchanged, on this process's Node. */
export function runProgram(
  [packageName, bin]: readonly [packageName: string, bin: string],
  args: readonly string[],
  { env = {}, cwd, timeoutMs = 120_000, onOutput }: ProgramOptions = {},
): Program {
  const child = spawn(process.execPath, [programFile(packageName, bin), ...args], {
    env: { PATH: process.env.PATH ?? '', ...env },
    ...(cwd !== undefined && { cwd }),
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  });
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      output[stream] += text;
      onOutput?.(text);
    });
  }
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, ...output }));
  });
  return { child, ended };
}

import { type ExecFileException, execFile } from 'node:child_process';
import { statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Kept, keep } from './kept.ts';

/** How a command ended, and what it said. */
export interface Outcome {
  /** Exit status. */
  status: number;
  stdout: string;
  stderr: string;
}

/** A booted Debian under systemd. */
export interface TestHost {
  readonly name: string;
  readonly address: string;
  /** Runs a bash script on the host, as root; how it ended is the caller's to judge. */
  try(script: string): Promise<Outcome>;
  /** Runs a bash script on the host, as root. @returns its standard output @throws Error if its status is not 0 */
  run(script: string): Promise<string>;
  /** Copies a file, or what is in a folder, of this machine into a folder of the host, which is made; root owns all of it. */
  put(source: string, folder: string): Promise<void>;
  /** Runs a program of this machine in the host's network: for clients of what the host serves. */
  runBeside(command: string, args: readonly string[]): Promise<Outcome>;
}

/** Several hosts on a network of their own. */
export interface TestHosts {
  host(name: string): TestHost;
  /** Stops the hosts and removes all that they wrote. */
  dispose(): Promise<void>;
}

/** The addresses that the units and the documentation take as examples. */
export const ADDRESSES = { nuc: '192.168.122.1', vm: '192.168.122.69' } as const;

const execute = promisify(execFile);
const LAYER = fileURLToPath(new URL('layer.sh', import.meta.url));
const COMMAND_MS = 800_000;
const MAX_OUTPUT = 16 * 1024 * 1024;

/**
 * Boots fresh hosts: Debian, systemd and the packages, nothing else. They reach each other and nothing beyond.
 *
 * @param packages what is installed there already, or, with `offered`, what apt can install: hosts as they come fresh
 * @param hosts address (IPv4, one /24) by name; a name has at most 15 letters
 * @throws Error where this machine cannot boot them: no root, a missing program; the message says the remedy
 */
export async function bootHosts(
  packages: readonly string[],
  hosts: Readonly<Record<string, string>> = ADDRESSES,
  options: { offered?: boolean } = {},
): Promise<TestHosts> {
  const stacked = await layers([...(options.offered ? ['--offered'] : []), ...packages]);
  const folder = await mkdtemp(path.join(tmpdir(), 'arleo-hosts-'));
  const prefix = `arleo-${process.pid}`;
  const kept: Kept[] = [];
  const dispose = async (): Promise<void> => {
    for (const one of kept.reverse()) await one.release();
    await rm(folder, { recursive: true, force: true });
  };
  const booted = new Map<string, TestHost>();
  try {
    kept.push(await keep('network.sh', [prefix, ...Object.entries(hosts).map(([name, at]) => `${name}=${at}/24`)]));
    for (const [name, address] of Object.entries(hosts)) {
      const namespace = `${prefix}-${name}`;
      const host = await keep('host.sh', [name, namespace, stacked, path.join(folder, name)]);
      kept.push(host);
      booted.set(name, testHost(name, address, namespace, host.detail));
    }
  } catch (error) {
    await dispose();
    throw error;
  }
  const host = (name: string): TestHost => {
    const found = booted.get(name);
    if (!found) throw new Error(`no host ${name}`);
    return found;
  };
  return { host, dispose };
}

/**
 * What a host with these packages is stacked from, made if it is not there yet: `lowerdir=` of overlayfs.
 *
 * @throws Error as {@link bootHosts}
 */
export async function layers(packages: readonly string[]): Promise<string> {
  const { stdout } = await execute(LAYER, packages).catch((error: ExecFileException) => {
    throw new Error(`no test hosts: ${error.stderr ?? error.message}`);
  });
  return stdout.trim();
}

function testHost(name: string, address: string, namespace: string, init: string): TestHost {
  // All of the host's namespaces, and its cgroup: what a login on the host would have.
  const inside = ['-t', init, '-m', '-u', '-i', '-n', '-p', '-C', '-r', '-w', '/bin/bash', '-euo', 'pipefail', '-c'];
  const attempt = (script: string): Promise<Outcome> => outcome('nsenter', [...inside, script]);
  return {
    name,
    address,
    try: attempt,
    run: async (script) => {
      const { status, stdout, stderr } = await attempt(script);
      if (status !== 0) throw new Error(`on ${name}, status ${status}: ${script}\n${stdout}${stderr}`);
      return stdout;
    },
    put: async (source, folder) => {
      const unpack = ['nsenter', ...inside, 'mkdir -p "$0" && tar -x --no-same-owner -C "$0"', folder];
      const [from, what] = statSync(source).isDirectory()
        ? [source, '.']
        : [path.dirname(source), path.basename(source)];
      const pipe = 'from="$0" what="$1"; shift; tar -C "$from" -c "$what" | "$@"';
      await execute('bash', ['-euo', 'pipefail', '-c', pipe, from, what, ...unpack], { timeout: COMMAND_MS });
    },
    runBeside: (command, args) => outcome('ip', ['netns', 'exec', namespace, command, ...args]),
  };
}

/** Runs a program of this machine, for a quarter of an hour at most; how it ended is the caller's to judge. */
export async function outcome(command: string, args: readonly string[]): Promise<Outcome> {
  const options = { timeout: COMMAND_MS, maxBuffer: MAX_OUTPUT };
  try {
    return { status: 0, ...(await execute(command, args, options)) };
  } catch (error) {
    const { code, stdout = '', stderr = '', message } = error as ExecFileException;
    if (typeof code === 'number') return { status: code, stdout, stderr };
    throw new Error(`${command}: ${message}`, { cause: error });
  }
}

import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { keep } from './kept.ts';
import { layers, type Outcome, outcome } from './test-hosts.ts';

/** A Debian that is not booted: its files, its programs, root's rights, and no systemd. */
export interface StillHost {
  /** Runs a bash script there, as root; how it ended is the caller's to judge. */
  try(script: string): Promise<Outcome>;
  /** Runs a bash script there, as root. @returns its standard output @throws Error if its status is not 0 */
  run(script: string): Promise<string>;
  /** Copies a file or folder of this machine to a path there. */
  put(source: string, target: string): Promise<void>;
  dispose(): Promise<void>;
}

const execute = promisify(execFile);

/** Makes a fresh one, within a second. @throws Error as {@link bootHosts} */
export async function stillHost(packages: readonly string[]): Promise<StillHost> {
  const folder = await mkdtemp(path.join(tmpdir(), 'arleo-still-'));
  const kept = await keep('still.sh', [await layers(packages), folder]);
  const root = path.join(folder, 'root');
  const mounts = ['-t', kept.detail, '-m', '-p'];
  const inside = [...mounts, 'chroot', root, '/bin/bash', '-euo', 'pipefail', '-c'];
  const attempt = (script: string) => outcome('nsenter', [...inside, script]);
  return {
    try: attempt,
    run: async (script) => {
      const { status, stdout, stderr } = await attempt(script);
      if (status !== 0) throw new Error(`status ${status}: ${script}\n${stdout}${stderr}`);
      return stdout;
    },
    put: async (source, target) => {
      await attempt(`mkdir -p '${path.dirname(target)}'`);
      await execute('nsenter', [...mounts, 'cp', '-R', source, path.join(root, target)]);
    },
    dispose: async () => {
      await kept.release();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

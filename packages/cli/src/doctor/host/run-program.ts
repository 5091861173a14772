import { spawn } from 'node:child_process';

/** How a program ended, and the first of what it said. */
export interface ProgramEnd {
  /** Null if it was killed. */
  status: number | null;
  stdout: string;
}

/** As much of what a program says is kept, in characters. */
const maxOutput = 256 * 1024;

/**
 * Runs a program of this host, without a shell. One that hangs in the kernel, on a dead disk, cannot even be killed: it is left
 * behind, and nobody waits for it.
 *
 * @returns undefined if it had not ended in time, or there is no such program
 */
export function runProgram(program: string, args: readonly string[], ms: number): Promise<ProgramEnd | undefined> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8' },
    });
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (stdout.length < maxOutput) stdout += text;
    });
    const settle = (end: ProgramEnd | undefined): void => {
      clearTimeout(timer);
      child.stdout.destroy();
      child.unref();
      resolve(end);
    };
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      settle(undefined);
    }, ms);
    child.once('error', () => settle(undefined));
    child.once('close', (status) => settle({ status, stdout: stdout.slice(0, maxOutput) }));
  });
}

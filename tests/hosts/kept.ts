import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** Something of this machine (a network, a host) that a script keeps up and takes down again. */
export interface Kept {
  /** What it said after "ready". */
  readonly detail: string;
  /** Has the script take down what it made, and waits until it has. */
  release(): Promise<void>;
}

/**
 * Starts a script of this folder and waits until it says "ready". The script cleans up when its standard input ends: that
 * happens also when this process is killed. It has a session of its own, so that Ctrl-C leaves the cleaning to it.
 *
 * @throws Error with what the script said on standard error, when it ends before
 */
export async function keep(script: string, args: readonly string[]): Promise<Kept> {
  const file = fileURLToPath(new URL(script, import.meta.url));
  const child = spawn(file, args, { detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
  const said: string[] = [];
  child.stderr.setEncoding('utf8').on('data', (text: string) => said.push(text));
  const ended = once(child, 'close');
  const detail = await Promise.race([readyLine(child), ended.then(() => undefined)]);
  if (detail === undefined) throw new Error(`${script} ${args.join(' ')}: ${said.join('').trim()}`);
  return {
    detail,
    release: async () => {
      child.stdin.end();
      await ended;
    },
  };
}

async function readyLine({ stdout }: ChildProcess): Promise<string | undefined> {
  if (!stdout) return undefined;
  for await (const line of createInterface({ input: stdout })) {
    if (line.startsWith('ready')) return line.slice('ready'.length).trim();
  }
  return undefined;
}

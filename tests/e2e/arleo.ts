import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** The program as it is delivered. */
export const ARLEO = fileURLToPath(new URL('../../packages/cli/dist/arleo.js', import.meta.url));

/** Runs `arleo`, with nothing but `env` and these lines on standard input. @returns what it printed; fails as it does */
export async function arleo(
  args: readonly string[],
  env: Record<string, string>,
  lines: readonly string[] = [],
): Promise<string> {
  const running = promisify(execFile)(process.execPath, [ARLEO, ...args], { env });
  running.child.stdin?.end(lines.map((line) => `${line}\n`).join(''));
  return (await running).stdout;
}

/** The same with `--json`. @returns what it told */
export async function arleoJson(args: readonly string[], env: Record<string, string>, lines: readonly string[] = []) {
  return JSON.parse(await arleo([...args, '--json'], env, lines));
}

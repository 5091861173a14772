import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const packageDir = fileURLToPath(new URL('../..', import.meta.url));
const preload = fileURLToPath(new URL('./die-at-step.cjs', import.meta.url));

/** The real service, bundled as it is delivered. Gives its main file. */
export function bundleService(): string {
  const out = mkdtempSync(path.join(os.tmpdir(), 'service-bundle-'));
  const bundle = path.join(packageDir, '../../scripts/bundle.mjs');
  execFileSync('node', [bundle, `--out=${out}`, 'src/main.ts'], { cwd: packageDir, stdio: 'pipe' });
  return path.join(out, 'main.js');
}

/** A service as a process of its own. */
export interface ServiceProcess {
  /** Where it listens; undefined if it died before it did. */
  url: string | undefined;
  /** Resolves when the process is gone. */
  gone: Promise<void>;
  kill(signal: NodeJS.Signals): void;
  /** What it wrote to its log at the levels warn and error. */
  troubles(): string[];
}

/** Starts the service; resolves when it listens or has died. */
export async function startProcess(
  main: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<ServiceProcess> {
  const child: ChildProcess = spawn('node', ['--require', preload, main], {
    env: { ...environment, LOG_LEVEL: 'info' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const troubles: string[] = [];
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const listening = new Promise<string>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue;
      createInterface(stream).on('line', (line) => {
        const url = /"url":"(https:[^"]+)"/.exec(line)?.[1];
        if (url !== undefined && line.includes('"ready"')) resolve(url);
        else if (!line.includes('"level":"info"')) troubles.push(line);
      });
    }
  });
  const url = await Promise.race([listening, gone.then(() => undefined)]);
  return { url, gone, kill: (signal) => void child.kill(signal), troubles: () => troubles };
}

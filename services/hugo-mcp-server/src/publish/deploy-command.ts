import { createPrograms } from '../site/run-program.ts';
import { PublishFailure, type PublishPlugin } from './plugin.ts';

/** The most time that ending it and all that it started may take, in milliseconds. */
const KILLED_MS = 5_000;

export interface DeployOptions {
  /** The program and its arguments. No shell reads them. */
  argv: readonly [string, ...string[]];
  timeoutMs: number;
  /** PATH and HOME of the command. */
  searchPath: string;
  home: string;
  /** The folder of a release. */
  dirOf(release: string): string;
  /** Told what a command that failed wrote last: it may hold what is nobody's business but the owner's. */
  onOutput(output: string): void;
}

/** As much of a failed command's output as is kept. */
const keepBytes = 4_096;

/** The owner's own command, which brings a release elsewhere. It runs in the release's folder. */
export function deployCommand(options: DeployOptions): PublishPlugin & { close(): void } {
  const { argv, timeoutMs, onOutput } = options;
  const [bin, ...args] = argv;
  const programs = createPrograms();
  return {
    name: 'deploy',
    // Beyond the command's own time: one that leaves its output open to something else is not waited for.
    timeoutMs: timeoutMs + KILLED_MS,
    async announce({ release, since, facts }) {
      const cwd = options.dirOf(release.id);
      const run = await programs.run(args, {
        bin,
        cwd,
        env: {
          PATH: options.searchPath,
          HOME: options.home,
          LANG: 'C.UTF-8',
          ARLEO_RELEASE: release.id,
          ARLEO_RELEASE_DIR: cwd,
          ARLEO_RELEASE_BEFORE: since ?? '',
          ARLEO_BASE_URL: facts.baseUrl,
        },
        timeoutMs,
        keepBytes,
        timedOut: () => new PublishFailure(`DEPLOY_CMD was stopped after ${Math.round(timeoutMs / 1000)} s.`),
        missing: (cause) => new PublishFailure('The program of DEPLOY_CMD was not found.', { cause }),
      });
      if (run.code !== 0) {
        onOutput(`${run.stdout}\n${run.stderr}`.trim());
        const how = run.code === null ? 'was ended by a signal' : `ended with status ${run.code}`;
        throw new PublishFailure(`DEPLOY_CMD ${how}; the log of hugo-mcp-server has its last words.`);
      }
      return { detail: `DEPLOY_CMD took ${Math.round(run.durationMs)} ms.`, urls: [] };
    },
    close: programs.close,
  };
}

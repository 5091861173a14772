import { ArleoError } from '@arleo/core/errors';
import { createPrograms, type ProgramRun } from './run-program.ts';

/** How one run of Hugo ended. */
export type HugoRun = ProgramRun;

export interface HugoRunOptions {
  /** The run is killed, with everything that it started, after this many milliseconds. */
  timeoutMs?: number;
  /** More variables for this run, for instance `HUGO_PUBLISHDIR`. */
  env?: Record<string, string>;
  /** Where it runs, if not in the site. */
  cwd?: string;
}

/** The `hugo` program, always run on one site. */
export interface Hugo {
  /**
   * Runs `hugo` with these arguments in the site's folder.
   *
   * @throws {@link ArleoError} `hugo_missing` if there is no such program, `hugo_timeout` if it takes too long,
   *   `shutting_down` if the service stops meanwhile
   */
  run(args: readonly string[], options?: HugoRunOptions): Promise<HugoRun>;
  /** The first line of `hugo version`. @throws as {@link Hugo.run} */
  version(): Promise<string>;
  /** Kills what still runs; later runs fail with `shutting_down`. */
  close(): void;
}

export interface HugoCommandOptions {
  /** A program name that is looked up in `searchPath`, or a path. */
  bin: string;
  siteDir: string;
  /** HOME of the child: caches of Go modules and npm land here and not with a user. */
  home: string;
  /** PATH of the child. */
  searchPath: string;
  /** More variables for every run: `HUGO_BASEURL`. */
  env?: Record<string, string>;
}

const defaultTimeoutMs = 30_000;

/** A {@link Hugo} with a bounded environment, time limit and output. */
export function createHugo(options: HugoCommandOptions): Hugo {
  const programs = createPrograms();
  const run = (
    args: readonly string[],
    { timeoutMs = defaultTimeoutMs, env = {}, cwd = options.siteDir }: HugoRunOptions = {},
  ) =>
    programs.run(args, {
      bin: options.bin,
      cwd,
      env: {
        PATH: options.searchPath,
        HOME: options.home,
        LANG: 'C.UTF-8',
        GIT_TERMINAL_PROMPT: '0',
        ...options.env,
        ...env,
      },
      timeoutMs,
      timedOut: () =>
        new ArleoError('hugo_timeout', `Hugo was stopped after ${Math.round(timeoutMs / 1000)} s.`, {
          hint: 'Run hugo by hand in the site to see what takes so long (often a remote resource or a module download).',
        }),
      missing: (cause) => hugoMissing(options.bin, cause),
    });

  return {
    run,
    async version() {
      // Node waits while a child enters its folder: on a disk that hangs that would be for ever, and of all the service.
      const { stdout } = await run(['version'], { timeoutMs: 10_000, cwd: '/' });
      return stdout.split('\n', 1)[0] ?? '';
    },
    close: programs.close,
  };
}

function hugoMissing(bin: string, cause: unknown): ArleoError {
  return new ArleoError('hugo_missing', `The hugo program was not found (${bin}).`, {
    cause,
    hint: "Install it on the site's machine (Debian and Ubuntu: apt-get install hugo) or set HUGO_BIN to its path.",
  });
}

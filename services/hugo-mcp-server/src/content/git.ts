import { spawn } from 'node:child_process';
import { ArleoError } from '@arleo/core/errors';
import { killGroup } from '../site/run-program.ts';

export interface GitOptions {
  gitDir: string;
  workTree: string;
  /** PATH of the child. */
  searchPath: string;
  /** A run is killed, with everything that it started, after this many milliseconds; five minutes if absent. */
  timeoutMs?: number;
}

export interface GitRun {
  stdout: Buffer;
  code: number;
  stderr: string;
}

export interface GitRunOptions {
  /** More variables for this run. */
  env?: Record<string, string>;
  /** Exit codes that are no failure, beside 0. */
  allow?: readonly number[];
  /** What git reads from its standard input. */
  input?: string | Buffer;
  /** Kills it, with everything that it started. */
  signal?: AbortSignal;
}

/** What changes nothing. */
const reading = new Set(['cat-file', 'diff', 'log', 'ls-files', 'ls-tree', 'merge-base', 'rev-parse', 'show']);

/** The first look at a large site writes every page of it. */
const defaultTimeoutMs = 300_000;

/** Runs git on one repository. */
export interface Git {
  /**
   * @throws {@link ArleoError} `git_missing`; `git_failed` unless the exit code is 0 or in `allow`, and if it took too
   *   long
   */
  run(args: readonly string[], options?: GitRunOptions): Promise<GitRun>;
}

/**
 * A git whose behaviour depends on nothing but this repository: no user's or system's configuration, no hooks, no
 * attributes or ignore files of the site's own that could change bytes or hide files, no prompts, no signing.
 */
export function createGit({ gitDir, workTree, searchPath, timeoutMs = defaultTimeoutMs }: GitOptions): Git {
  const settings: Record<string, string> = {
    'core.hooksPath': '/dev/null',
    'core.attributesFile': '/dev/null',
    'core.excludesFile': '/dev/null',
    'core.autocrlf': 'false',
    'core.quotePath': 'false',
    'core.precomposeUnicode': 'false',
    'core.fsmonitor': 'false',
    'core.fsync': 'all',
    'commit.gpgSign': 'false',
    // The repository and the site may belong to different users; both paths come from our own configuration.
    'safe.directory': '*',
    'gc.autoDetach': 'false',
  };
  const env: Record<string, string> = {
    PATH: searchPath,
    HOME: '/nonexistent',
    LANG: 'C.UTF-8',
    GIT_DIR: gitDir,
    GIT_WORK_TREE: workTree,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
    GIT_OPTIONAL_LOCKS: '0',
    // Path arguments are file names, never patterns.
    GIT_LITERAL_PATHSPECS: '1',
    // Names of bytes are worked out here too, and locks of killed gits are removed by their names.
    GIT_DEFAULT_HASH: 'sha1',
    GIT_DEFAULT_REF_FORMAT: 'files',
    GIT_CONFIG_COUNT: String(Object.keys(settings).length),
  };
  for (const [i, [key, value]] of Object.entries(settings).entries()) {
    env[`GIT_CONFIG_KEY_${i}`] = key;
    env[`GIT_CONFIG_VALUE_${i}`] = value;
  }
  return {
    async run(args, options = {}) {
      const result = await spawnGit(args, { cwd: workTree, env: { ...env, ...options.env }, timeoutMs }, options);
      if (!result.late && (result.code === 0 || options.allow?.includes(result.code))) return result;
      const [line = ''] = result.stderr.trim().split('\n', 1);
      const why = result.late ? `it was stopped after ${timeoutMs / 1000} s` : line;
      const done = reading.has(args[0] ?? '') ? 'read' : 'written';
      throw new ArleoError('git_failed', `The content history could not be ${done}: git ${args[0]}: ${why}`, {
        hint: hintFor(line),
      });
    },
  };
}

function hintFor(line: string): string {
  const lock = /'([^']+\.lock)'/.exec(line)?.[1];
  if (lock !== undefined) return `A git that was killed left ${lock}: the next change removes it. Try again.`;
  return 'Check free space and permissions of the state folder; `git --git-dir STATE_DIR/history.git fsck` says if it is damaged.';
}

function spawnGit(
  args: readonly string[],
  { timeoutMs, ...options }: { cwd: string; env: Record<string, string>; timeoutMs: number },
  { input, signal }: GitRunOptions,
): Promise<GitRun & { late: boolean }> {
  return new Promise((resolve, reject) => {
    // A group of its own, so that the time limit also ends what git started.
    const child = spawn('git', args, {
      ...options,
      detached: true,
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    });
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      killGroup(child);
    }, timeoutMs);
    const end = () => killGroup(child);
    signal?.addEventListener('abort', end);
    if (signal?.aborted) end();
    // A git that ends before it has read everything says why on its own.
    child.stdin?.on('error', () => {}).end(input);
    const stdout: Buffer[] = [];
    let stderr = '';
    child.stdout?.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr?.on('data', (chunk: Buffer) => {
      if (stderr.length < 16_384) stderr += chunk.toString('utf8');
    });
    child.once('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      if (error.code !== 'ENOENT') return reject(error);
      const hint = 'Install it: apt-get install git.';
      reject(new ArleoError('git_missing', 'The git program was not found.', { cause: error, hint }));
    });
    child.once('close', (code) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve({ stdout: Buffer.concat(stdout), stderr, code: code ?? 128, late });
    });
  });
}

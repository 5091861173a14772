import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { ArleoError } from '@arleo/core/errors';
import { createPrograms, type ProgramRun } from '../site/run-program.ts';

/** Where and with what {@link SiteGit} runs. */
export interface SiteGitOptions {
  /** The site's real path. */
  siteDir: string;
  /** HOME of the child; nothing in it is read as Git's configuration. */
  home: string;
  /** PATH of the child. */
  searchPath: string;
}

/** Runs `git` in the site's own repository. */
export interface SiteGit {
  /**
   * @param options.allow exit codes, beside 0, that are no failure
   * @throws {@link ArleoError} `git_missing`, `shutting_down`, or `git_failed` with Git's own words, credentials taken out
   */
  run(args: readonly string[], options?: { allow?: readonly number[]; timeoutMs?: number }): Promise<ProgramRun>;
  /** Kills what still runs. */
  close(): void;
}

const defaultTimeoutMs = 60_000;

/** Lists of files are kept whole: what is missing from one would not be looked after. */
const keepBytes = 64 * 1024 * 1024;

/**
 * A git that reads no configuration but the repository's own (which holds the remote and how to log in there), runs no
 * hooks and no monitor, asks nobody for a password, and finds no repository above the site's folder.
 */
export function createSiteGit({ siteDir, home, searchPath }: SiteGitOptions): SiteGit {
  const programs = createPrograms();
  const settings: Record<string, string> = {
    'core.hooksPath': '/dev/null',
    'core.fsmonitor': 'false',
    'protocol.ext.allow': 'never',
    'submodule.recurse': 'false',
    'fetch.recurseSubmodules': 'false',
    'gc.autoDetach': 'false',
    'commit.gpgSign': 'false',
    // The site and its submodules may belong to another user than the service; the path comes from our configuration.
    'safe.directory': '*',
  };
  const env: Record<string, string> = {
    PATH: searchPath,
    HOME: home,
    LANG: 'C.UTF-8',
    GIT_CEILING_DIRECTORIES: path.dirname(siteDir),
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
    GIT_OPTIONAL_LOCKS: '0',
    // Path arguments are file names, never patterns.
    GIT_LITERAL_PATHSPECS: '1',
    GIT_AUTHOR_NAME: 'Arleo',
    GIT_AUTHOR_EMAIL: 'hugo-mcp-server@arleo.invalid',
    GIT_COMMITTER_NAME: 'Arleo',
    GIT_COMMITTER_EMAIL: 'hugo-mcp-server@arleo.invalid',
    GIT_CONFIG_COUNT: String(Object.keys(settings).length),
  };
  for (const [i, [key, value]] of Object.entries(settings).entries()) {
    env[`GIT_CONFIG_KEY_${i}`] = key;
    env[`GIT_CONFIG_VALUE_${i}`] = value;
  }
  return {
    async run(args, { allow = [], timeoutMs = defaultTimeoutMs } = {}) {
      await mkdir(home, { recursive: true, mode: 0o700 });
      const run = await programs.run(args, {
        bin: 'git',
        cwd: siteDir,
        env,
        timeoutMs,
        keepBytes,
        timedOut: () => failed(args, `it was stopped after ${Math.round(timeoutMs / 1000)} s`),
        missing: (cause) =>
          new ArleoError('git_missing', 'The git program was not found.', {
            cause,
            hint: 'Install it: apt-get install git.',
          }),
      });
      if (run.code === 0 || (run.code !== null && allow.includes(run.code))) return run;
      throw failed(args, firstLines(run.stderr));
    },
    close: programs.close,
  };
}

function failed(args: readonly string[], words: string): ArleoError {
  return new ArleoError('git_failed', `In the site's own repository: git ${args[0]}: ${words}`, {
    hint: 'Run the same by hand in SITE_DIR, as the user of the service.',
  });
}

const maxLines = 5;

/** Git's message in one line, without the credentials that an address in it may carry. */
function firstLines(stderr: string): string {
  const lines = stderr.trim().split('\n', maxLines);
  return withoutCredentials(lines.map((line) => line.trim()).join(' ')).slice(0, 500);
}

/** The text with user and password of every URL in it replaced by `…`. */
export function withoutCredentials(text: string): string {
  return text.replace(/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/'"]*@/gi, '$1…@');
}

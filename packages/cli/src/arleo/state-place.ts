import { readFileSync } from 'node:fs';
import { UsageError } from '../usage-error.ts';
import type { CommandValues } from './command.ts';

/** Where oauth-proxy keeps its state if nothing else is said. */
const DEFAULT_STATE_DIR = '/var/lib/mcp-oauth-proxy';

/** The option of every command that works on the state of oauth-proxy. */
export const stateOptions = { state: { type: 'string' }, 'state-url': { type: 'string' } } as const;

/** The lines of their help on options that all of them have. */
export const stateOptionsHelp = `  --state DIR   STATE_DIR of oauth-proxy; default $STATE_DIR, else ${DEFAULT_STATE_DIR}
  --state-url URL
                STATE_URL of oauth-proxy, if its state is in Redis; default $STATE_URL or the file $STATE_URL_FILE, where
                others on the host cannot see its password
  --json        one line of JSON instead of text, errors too`;

/** Where the state of oauth-proxy is: on this machine, or in the Redis that several share. */
export type StatePlace = { folder: string } | { url: string };

/** The place that is meant; an option goes before the environment, and Redis before a folder. @throws {@link UsageError} */
export function statePlace(values: CommandValues, env: NodeJS.ProcessEnv): StatePlace {
  const url = values['state-url'];
  if (url === '') throw new UsageError('--state-url is empty.', 'Give the STATE_URL of oauth-proxy.');
  if (typeof url === 'string' && values.state !== undefined) {
    throw new UsageError('--state and --state-url are two places.', 'Give the one that oauth-proxy uses.');
  }
  if (typeof url === 'string') return { url };
  const usual = values.state === undefined ? variable('STATE_URL', env) : undefined;
  return usual === undefined ? { folder: stateFolder(values, env) } : { url: usual };
}

/** What keys in Redis are encrypted with. @throws {@link UsageError} */
export function tokenSecret(env: NodeJS.ProcessEnv): string {
  const secret = variable('TOKEN_SECRET', env);
  if (secret !== undefined) return secret;
  throw new UsageError(
    'TOKEN_SECRET is not known.',
    'Give the one of oauth-proxy in the environment: TOKEN_SECRET, or TOKEN_SECRET_FILE with the path of a file.',
  );
}

/** A variable, or the content of the file that `NAME_FILE` names, as the services read it. @throws {@link UsageError} */
export function variable(name: string, env: NodeJS.ProcessEnv): string | undefined {
  const file = env[`${name}_FILE`];
  if (env[name] || !file) return env[name] || undefined;
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(`The file that ${name}_FILE names cannot be read (${code}).`, 'Run as root, or name another.');
  }
}

/** The folder that is meant. @throws {@link UsageError} */
export function stateFolder({ state }: CommandValues, env: NodeJS.ProcessEnv): string {
  if (state === '') throw new UsageError('--state is empty.', 'Give the STATE_DIR of oauth-proxy.');
  return typeof state === 'string' ? state : env.STATE_DIR || DEFAULT_STATE_DIR;
}

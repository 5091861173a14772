import { UsageError } from '../usage-error.ts';
import type { CommandValues } from './command.ts';

/** Where oauth-proxy keeps its state if nothing else is said. */
const DEFAULT_STATE_DIR = '/var/lib/mcp-oauth-proxy';

/** The option of every command that works on the state of oauth-proxy. */
export const stateOptions = { state: { type: 'string' } } as const;

/** The lines of their help on options that all of them have. */
export const stateOptionsHelp = `  --state DIR   STATE_DIR of oauth-proxy; default $STATE_DIR, else ${DEFAULT_STATE_DIR}
  --json        one line of JSON instead of text, errors too`;

/** The folder that is meant. @throws {@link UsageError} */
export function stateFolder({ state }: CommandValues, env: NodeJS.ProcessEnv): string {
  if (state === '') throw new UsageError('--state is empty.', 'Give the STATE_DIR of oauth-proxy.');
  return typeof state === 'string' ? state : env.STATE_DIR || DEFAULT_STATE_DIR;
}

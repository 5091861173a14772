import { DEFAULT_OWNER_FILE } from '@arleo/core/owner/owner-file';
import { UsageError } from '../usage-error.ts';
import type { CommandValues } from './command.ts';

/** The options of every `arleo owner` command that asks something. */
export const ownerOptions = { file: { type: 'string' }, stdin: { type: 'boolean' } } as const;

/** The lines of help of those that all have. */
export const ownerOptionsHelp = `  --file PATH   OWNER_FILE of oauth-proxy; default $OWNER_FILE, else ${DEFAULT_OWNER_FILE}
  --json        one line of JSON instead of text, errors too`;

/** The owner's file that is meant. @throws {@link UsageError} */
export function ownerFile({ file }: CommandValues, env: NodeJS.ProcessEnv): string {
  if (file === '') throw new UsageError('--file is empty.', 'Give the path of the owner file.');
  return typeof file === 'string' ? file : env.OWNER_FILE || DEFAULT_OWNER_FILE;
}

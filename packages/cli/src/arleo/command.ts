import type { parseArgs } from 'node:util';
import type { Answer } from '../outcome.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** The options of a command, as `parseArgs` takes them. */
export type CommandOptions = NonNullable<NonNullable<Parameters<typeof parseArgs>[0]>['options']>;

/** What was given for the options. */
export type CommandValues = Readonly<Record<string, string | boolean | readonly string[] | undefined>>;

/** One command of arleo: one file, and one line in the list of commands. */
export interface Command {
  /** Up to three words: `webhook-secret rotate`. */
  name: string;
  /** For the overview, in a few words. */
  summary: string;
  help: string;
  /** The name of the one argument that the command takes, if it takes one: `ID`. */
  argument?: string;
  /** It may be left out. */
  argumentOptional?: true;
  /** Beside `--json`, `--help` and `--version`. */
  options: CommandOptions;
  /** @param argument what was given for {@link argument}; empty for a command that takes none, or may do without */
  run(values: CommandValues, env: NodeJS.ProcessEnv, argument: string, terminal: Terminal): Promise<Answer>;
}

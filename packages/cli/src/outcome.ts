import { ArleoError } from '@arleo/core/errors';
import { UsageError } from './usage-error.ts';

/** What a program gives back: what goes to stdout and stderr, each ending with a line feed or empty, and its end. */
export interface Outcome {
  stdout: string;
  stderr: string;
  exitCode: 0 | 1 | 2;
}

/** What a command has to say when all went well. */
export interface Answer {
  text: string;
  /** The same for a program; absent where there is only text. */
  value?: unknown;
  /** For the person, beside the answer. */
  note?: string;
}

/** True if the arguments ask for JSON, also if the rest of them cannot be understood. */
export function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return (end === -1 ? args : args.slice(0, end)).includes('--json');
}

/** A success: text, or one line of JSON. */
export function success({ text, value, note = '' }: Answer, json: boolean): Outcome {
  return { stdout: json && value !== undefined ? `${JSON.stringify(value)}\n` : text, stderr: note, exitCode: 0 };
}

/**
 * A failure: one line that says what is wrong and how to mend it.
 *
 * @param usageCodes codes that the command line is to blame for, beside {@link UsageError}
 */
export function failure(program: string, error: unknown, json: boolean, usageCodes?: ReadonlySet<string>): Outcome {
  const known = error instanceof ArleoError ? error : new ArleoError('internal', String(error));
  const { code, message, hint } = known;
  const exitCode = known instanceof UsageError || usageCodes?.has(code) ? 2 : 1;
  const line = json
    ? JSON.stringify({ error: { code, message, hint } })
    : `${program}: ${message}${hint ? ` ${hint}` : ''}`;
  return { stdout: '', stderr: `${line.replace(/[\r\n]+/g, ' ')}\n`, exitCode };
}

/** Ends the process with the outcome, once all of it is written. */
export function finish({ stdout, stderr, exitCode }: Outcome): void {
  // A pipe that was closed early (`| head`) is not a failure to report with a stack.
  process.stdout.on('error', () => process.exit(1));
  process.stdout.write(stdout);
  process.stderr.write(stderr);
  process.exitCode = exitCode;
}

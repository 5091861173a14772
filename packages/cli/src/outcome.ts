import { once } from 'node:events';
import { ArleoError } from '@arleo/core/errors';
import { UsageError } from './usage-error.ts';

/** What a program gives back: what goes to stdout and stderr, each ending with a line feed or empty, and its end. */
export interface Outcome {
  stdout: string;
  stderr: string;
  exitCode: number;
  /** What goes to stdout after that, as it comes: then the program ends only when it is stopped. */
  more?: AsyncIterable<string>;
}

/** What a command has to say when all went well. */
export interface Answer {
  text: string;
  /** The same for a program; absent where there is only text. */
  value?: unknown;
  /** For the person, beside the answer. */
  note?: string;
  /** 1 where the command did its work and found something wrong; another one where its help says so. */
  exitCode?: number;
  /** See {@link Outcome}. */
  more?: AsyncIterable<string>;
}

/** True if the arguments ask for JSON, also if the rest of them cannot be understood. */
export function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf('--');
  return (end === -1 ? args : args.slice(0, end)).includes('--json');
}

/** A success: text, or one line of JSON. */
export function success({ text, value, note = '', exitCode = 0, more }: Answer, json: boolean): Outcome {
  const stdout = json && value !== undefined ? `${JSON.stringify(value)}\n` : text;
  return { stdout, stderr: note, exitCode, ...(more === undefined ? {} : { more }) };
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
export async function finish({ stdout, stderr, exitCode, more }: Outcome): Promise<void> {
  // A pipe that was closed early (`| head`) is not a failure to report with a stack.
  process.stdout.on('error', () => process.exit(1));
  process.stdout.write(stdout);
  process.stderr.write(stderr);
  process.exitCode = exitCode;
  try {
    for await (const text of more ?? []) if (!process.stdout.write(text)) await once(process.stdout, 'drain');
  } catch (error) {
    process.stderr.write(failure('arleo', error, false).stderr);
    process.exitCode = 1;
  }
}

import { readFileSync, statSync } from 'node:fs';
import { ArleoError } from '@arleo/core/errors';
import * as z from 'zod';

/** Configuration that a service cannot start with: the message has one line for each faulty variable. */
export class ConfigError extends ArleoError {
  constructor(faults: readonly string[]) {
    super('config_invalid', faults.join('\n'));
    this.name = 'ConfigError';
  }
}

/** An environment: names and values. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads every variable of the schema from the environment, once. Each `NAME` may be given as `NAME_FILE` instead: the
 * file's content, less one trailing line feed (systemd credentials, secrets that must not stand in the environment).
 * An empty value counts as absent. A schema field shows its example with `.meta({ example: '…' })`.
 *
 * @returns the values, frozen
 * @throws {@link ConfigError} with all faults together; values are never shown, since they may be secrets
 */
export function loadConfig<Shape extends z.ZodRawShape>(
  schema: z.ZodObject<Shape>,
  environment: Environment,
): Readonly<z.output<z.ZodObject<Shape>>> {
  const faults: string[] = [];
  const values: Record<string, string> = {};
  const faulty = new Set<string>();
  for (const name of Object.keys(schema.shape)) {
    const read = readVariable(name, environment);
    if (read.problem !== undefined) {
      faulty.add(name);
      faults.push(line(schema, name, read.problem));
    } else if (read.value !== undefined) values[name] = read.value;
  }
  const parsed = schema.safeParse(values, { reportInput: false });
  if (!parsed.success) {
    for (const issue of parsed.error.issues) {
      const name = String(issue.path[0] ?? 'configuration');
      if (faulty.has(name)) continue;
      faulty.add(name);
      faults.push(line(schema, name, name in values ? messageOf(issue, values[name] ?? '') : 'is missing'));
    }
  }
  if (faults.length > 0 || !parsed.success) throw new ConfigError(faults);
  return Object.freeze(parsed.data);
}

/** As much of a file as is read: no variable of ours is nearly as long. */
const maxFileBytes = 64 * 1024;

function readVariable(name: string, environment: Environment): { value?: string; problem?: string } {
  const direct = environment[name] || undefined;
  const file = environment[`${name}_FILE`] || undefined;
  if (file === undefined) return direct === undefined ? {} : { value: direct };
  if (direct !== undefined) return { problem: `is given twice, as ${name} and as ${name}_FILE: remove one` };
  const named = `the file that ${name}_FILE names (${file})`;
  try {
    if (statSync(file).size > maxFileBytes) return { problem: `is too long in ${named}` };
    const value = readFileSync(file, 'utf8').replace(/\r?\n$/, '');
    return value === '' ? { problem: `is empty in ${named}` } : { value };
  } catch (error) {
    return { problem: `cannot be read from ${named}: ${(error as NodeJS.ErrnoException).code ?? 'error'}` };
  }
}

/** The issue's message, unless it shows the value: a message of ours never does, one of zod's might. */
function messageOf(issue: z.core.$ZodIssue, value: string): string {
  return value.length > 3 && issue.message.includes(value) ? 'is not valid' : issue.message;
}

function line(schema: z.ZodObject, name: string, problem: string): string {
  const field = schema.shape[name];
  const example = field === undefined ? undefined : exampleOf(field);
  return `${name}: ${problem}${example === undefined ? '' : `; for example ${name}=${String(example)}`}`;
}

/** The example of a field, also when it was given before `.optional()`, `.default()`, `.transform()` or `.refine()`. */
function exampleOf(field: z.core.$ZodType): unknown {
  const example = z.globalRegistry.get(field)?.example;
  if (example !== undefined) return example;
  const { innerType, in: input, out } = field._zod.def as { innerType?: z.core.$ZodType } & Partial<z.core.$ZodPipeDef>;
  for (const inner of [innerType, input, out, field._zod.parent]) {
    const found = inner === undefined ? undefined : exampleOf(inner);
    if (found !== undefined) return found;
  }
  return undefined;
}

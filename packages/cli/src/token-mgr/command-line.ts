import { parseArgs } from 'node:util';
import { expandTokenScopes, isTokenScope, LEGACY_SCOPE, TOKEN_SCOPES, type TokenScope } from '@arleo/core/scopes';
import { parseDuration } from '../parse-duration.ts';
import { UsageError } from '../usage-error.ts';
import { COMMANDS, type Command } from './help.ts';

/** What the command line asks for. */
export type Request =
  | { command: 'help'; about: Command | undefined }
  | { command: 'version' }
  | ({ command: 'create'; label: string; name?: string; expiresInMs?: number; scopes?: TokenScope[] } & Proof)
  | { command: 'list' }
  | ({ command: 'revoke'; id: string } & Proof)
  | ({ command: 'rotate'; id: string; graceMs?: number } & Proof)
  | ({ command: 'adopt'; label: string; tokenFile: string; scopes?: TokenScope[] } & Proof)
  | ({ command: 'adopt'; from: string } & Proof)
  | { command: 'mfa'; action: 'enable'; stdin: boolean; account?: string }
  | ({ command: 'mfa'; action: 'disable' } & Proof)
  | { command: 'mfa'; action: 'status' };

/** Where the code comes from, if one is needed. */
export interface Proof {
  code?: string;
  /** From standard input. */
  stdin: boolean;
}

const options = {
  file: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
  label: { type: 'string' },
  expires: { type: 'string' },
  scope: { type: 'string', multiple: true },
  name: { type: 'string' },
  grace: { type: 'string' },
  code: { type: 'string' },
  stdin: { type: 'boolean' },
  account: { type: 'string' },
  'token-file': { type: 'string' },
  from: { type: 'string' },
} as const;

const everywhere = ['file', 'json', 'help', 'version'];
const own: Readonly<Record<Command, readonly string[]>> = {
  create: ['label', 'expires', 'scope', 'name', 'code', 'stdin'],
  list: [],
  revoke: ['code', 'stdin'],
  rotate: ['grace', 'code', 'stdin'],
  adopt: ['label', 'scope', 'token-file', 'from', 'code', 'stdin'],
  mfa: ['code', 'stdin', 'account'],
};

/** The request and where it applies. */
export interface CommandLine {
  request: Request;
  file: string | undefined;
}

/**
 * Reads the arguments of token-mgr (without the names of node and the script).
 *
 * @throws {@link UsageError} with what is wrong and what to write instead
 */
export function readCommandLine(args: readonly string[]): CommandLine {
  const { values, positionals } = parse(args);
  if (values.version === true) return { request: { command: 'version' }, file: undefined };
  const [name, ...operands] = positionals[0] === 'help' ? positionals.slice(1) : positionals;
  const command = name === undefined ? undefined : commandOf(name);
  if (values.help === true || positionals[0] === 'help')
    return { request: { command: 'help', about: command }, file: undefined };
  if (command === undefined)
    throw new UsageError('No command is given.', `Commands: ${COMMANDS.join(', ')}. See token-mgr --help.`);
  for (const option of Object.keys(values)) {
    if (everywhere.includes(option) || own[command].includes(option)) continue;
    throw new UsageError(`${command} has no option --${option}.`, `See token-mgr ${command} --help.`);
  }
  if (values.file === '') throw new UsageError('--file is empty.', 'Give the path of the token file.');
  return { request: readRequest(command, values, operands), file: values.file };
}

type Values = ReturnType<typeof parse>['values'];

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (!code?.startsWith('ERR_PARSE_ARGS_')) throw error;
    // Node's message goes on over several lines; the first sentence says it all.
    const [sentence = message] = message.split(/\.\s|\n/);
    throw new UsageError(`${sentence.replace(/\.$/, '')}.`, 'See token-mgr --help.');
  }
}

function commandOf(name: string): Command {
  const command = COMMANDS.find((known) => known === name);
  if (command !== undefined) return command;
  throw new UsageError(
    `There is no command ${JSON.stringify(name.slice(0, 40))}.`,
    `Commands: ${COMMANDS.join(', ')}.`,
  );
}

function readRequest(command: Command, values: Values, operands: string[]): Request {
  switch (command) {
    case 'create': {
      refuseOperands(
        operands,
        'create takes no ID. A label of several words goes in quotes: --label "claude.ai production".',
      );
      if (values.label === undefined) {
        throw new UsageError(
          '--label is missing.',
          'Say what the token is for: token-mgr create --label "claude.ai production".',
        );
      }
      return {
        command,
        label: values.label,
        ...readProof(values),
        ...(values.name === undefined ? {} : { name: values.name }),
        ...(values.expires === undefined ? {} : { expiresInMs: parseDuration(values.expires, '--expires') }),
        ...(values.scope === undefined ? {} : { scopes: readScopes(values.scope) }),
      };
    }
    case 'list':
      refuseOperands(operands, 'list takes no ID: it shows all tokens.');
      return { command };
    case 'revoke':
      return { command, id: onlyId(command, operands), ...readProof(values) };
    case 'rotate': {
      const id = onlyId(command, operands);
      return {
        command,
        id,
        ...readProof(values),
        ...(values.grace === undefined ? {} : { graceMs: parseDuration(values.grace, '--grace') }),
      };
    }
    case 'adopt':
      refuseOperands(operands, 'See token-mgr adopt --help.');
      return readAdopt(values);
    case 'mfa':
      return readMfa(values, operands);
  }
}

function readAdopt({ from, label, scope, 'token-file': tokenFile, ...values }: Values): Request {
  const proof = readProof(values);
  if (from !== undefined && from !== '' && label === undefined && scope === undefined && tokenFile === undefined) {
    return { command: 'adopt', from, ...proof };
  }
  if (from !== undefined || !tokenFile || label === undefined) {
    throw new UsageError('adopt takes --label with --token-file, or --from alone.', 'See token-mgr adopt --help.');
  }
  const scopes = scope === undefined ? {} : { scopes: readScopes(scope) };
  return { command: 'adopt', label, tokenFile, ...scopes, ...proof };
}

function readMfa(values: Values, operands: readonly string[]): Request {
  const [action, ...more] = operands;
  refuseOperands(more, 'See token-mgr mfa --help.');
  const refuse = (option: 'code' | 'stdin' | 'account'): void => {
    if (values[option] === undefined) return;
    throw new UsageError(`mfa ${action} has no option --${option}.`, 'See token-mgr mfa --help.');
  };
  switch (action) {
    case 'enable':
      refuse('code');
      return {
        command: 'mfa',
        action,
        stdin: values.stdin === true,
        ...(values.account === undefined ? {} : { account: values.account }),
      };
    case 'disable':
      refuse('account');
      return { command: 'mfa', action, ...readProof(values) };
    case 'status':
      refuse('code');
      refuse('stdin');
      refuse('account');
      return { command: 'mfa', action };
    default:
      throw new UsageError('mfa takes enable, disable or status.', 'See token-mgr mfa --help.');
  }
}

function readProof({ code, stdin }: Values): Proof {
  if (code === '') throw new UsageError('--code is empty.', 'Give the code that the app shows.');
  if (code !== undefined && stdin === true) throw new UsageError('There are two codes.', 'Give --code or --stdin.');
  return { stdin: stdin === true, ...(code === undefined ? {} : { code }) };
}

function readScopes(given: readonly string[]): TokenScope[] {
  const names = given.flatMap((value) => value.split(/[ ,]+/)).filter((name) => name !== '');
  const unknown = names.find((name) => !isTokenScope(name) && name !== LEGACY_SCOPE);
  if (unknown !== undefined || names.length === 0) {
    throw new UsageError(
      `There is no scope ${JSON.stringify((unknown ?? '').slice(0, 40))}.`,
      `Scopes: ${TOKEN_SCOPES.join(', ')}.`,
    );
  }
  return [...expandTokenScopes(names)];
}

function onlyId(command: 'revoke' | 'rotate', operands: readonly string[]): string {
  const [id, ...more] = operands;
  if (id === undefined || id === '')
    throw new UsageError(`${command} needs the ID of a token.`, 'See the ids with: token-mgr list.');
  if (more.length > 0)
    throw new UsageError(`${command} takes one ID.`, `Run it once for each: token-mgr ${command} ${id}.`);
  return id;
}

function refuseOperands(operands: readonly string[], hint: string): void {
  if (operands.length === 0) return;
  throw new UsageError(`${JSON.stringify((operands[0] ?? '').slice(0, 40))} is one argument too many.`, hint);
}

import { parseArgs } from 'node:util';
import { VERSION } from '@arleo/core/version';
import { type Answer, failure, type Outcome, success, wantsJson } from '../outcome.ts';
import { processTerminal, type Terminal } from '../terminal/terminal.ts';
import { UsageError } from '../usage-error.ts';
import { auditSearch } from './audit-search.ts';
import { auditTail } from './audit-tail.ts';
import { auditVerify } from './audit-verify.ts';
import { backupRecord, backupSnapshot, backupStatus } from './backup.ts';
import { certCreate, certRenew } from './cert.ts';
import { certShow } from './cert-show.ts';
import { cloudflareAllow } from './cloudflare-allow.ts';
import type { Command, CommandValues } from './command.ts';
import { connectionsList, connectionsRevoke } from './connections.ts';
import { doctor } from './doctor.ts';
import { egressUpdate } from './egress-update.ts';
import { keysList, keysRotate } from './keys.ts';
import { ownerSetPassphrase } from './owner-set-passphrase.ts';
import { ownerTotpDisable, ownerTotpEnable, ownerTotpRecoveryCodes, ownerTotpStatus } from './owner-totp.ts';
import { selfTest } from './self-test.ts';
import { stateCopy } from './state-copy.ts';
import { webhookSecretRotate } from './webhook-secret-rotate.ts';

/** Every command, in the order of the help. */
const commands: readonly Command[] = [
  auditTail,
  auditSearch,
  auditVerify,
  backupStatus,
  backupSnapshot,
  backupRecord,
  certCreate,
  certRenew,
  certShow,
  cloudflareAllow,
  connectionsList,
  connectionsRevoke,
  doctor,
  egressUpdate,
  keysList,
  keysRotate,
  ownerSetPassphrase,
  ownerTotpEnable,
  ownerTotpDisable,
  ownerTotpStatus,
  ownerTotpRecoveryCodes,
  selfTest,
  stateCopy,
  webhookSecretRotate,
];

const everywhere = {
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
} as const;

/**
 * Runs arleo.
 *
 * @param args without the names of node and the script
 */
export async function runArleo(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  terminal: Terminal = processTerminal(),
): Promise<Outcome> {
  const json = wantsJson(args);
  try {
    return success(await answer(args, env, terminal), json);
  } catch (error) {
    return failure('arleo', error, json);
  }
}

async function answer(args: readonly string[], env: NodeJS.ProcessEnv, terminal: Terminal): Promise<Answer> {
  const words = leadingWords(args);
  const asksHelp = words[0] === 'help';
  const command = find(asksHelp ? words.slice(1) : words);
  const { values, positionals } = parse(args, command);
  if (values.version === true) return { text: `${VERSION}\n`, value: { version: VERSION } };
  if (asksHelp || values.help === true) return { text: command?.help ?? overview() };
  if (command === undefined) {
    const given = positionals.slice(0, 3).join(' ').slice(0, 60);
    throw new UsageError(
      given === '' ? 'No command is given.' : `There is no command ${JSON.stringify(given)}.`,
      `Commands: ${commands.map(({ name }) => name).join(', ')}. See arleo --help.`,
    );
  }
  const given = positionals.slice(command.name.split(' ').length);
  const hint = `See arleo ${command.name} --help.`;
  const [more] = given.slice(command.argument === undefined ? 0 : 1);
  if (more !== undefined) throw new UsageError(`${JSON.stringify(more.slice(0, 40))} is one argument too many.`, hint);
  const [argument = ''] = given;
  if (command.argument !== undefined && argument === '' && !command.argumentOptional)
    throw new UsageError(`${command.argument} is missing.`, hint);
  return command.run(values, env, argument, terminal);
}

/** The words before the first option: only they name a command. */
function leadingWords(args: readonly string[]): readonly string[] {
  const end = args.findIndex((arg) => arg.startsWith('-'));
  return end === -1 ? args : args.slice(0, end);
}

function find(words: readonly string[]): Command | undefined {
  return commands.find(({ name }) => name.split(' ').every((word, i) => words[i] === word));
}

function parse(args: readonly string[], command: Command | undefined) {
  try {
    const options = { ...everywhere, ...command?.options };
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
    return { values: values as CommandValues, positionals };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (!code?.startsWith('ERR_PARSE_ARGS_')) throw error;
    // Node's message goes on over several lines; the first sentence says it all.
    const [sentence = message] = message.split(/\.\s|\n/);
    const about = command === undefined ? '' : ` ${command.name}`;
    throw new UsageError(`${sentence.replace(/\.$/, '')}.`, `See arleo${about} --help.`);
  }
}

function overview(): string {
  const named = commands.map(({ name, argument, summary }) => ({ name: `${name} ${argument ?? ''}`.trim(), summary }));
  const width = Math.max(...named.map(({ name }) => name.length));
  return `arleo: the owner's tool for an installation of Arleo

Usage: arleo COMMAND [OPTIONS]

${named.map(({ name, summary }) => `  ${name.padEnd(width)}   ${summary}`).join('\n')}

Options of every command:
  --json        one line of JSON instead of text, errors too
  --help        this text, or the one of a command: arleo COMMAND --help
  --version     the version

Ends with 0 if all went well, 1 if it failed or found something wrong, 2 if the command line cannot be understood; doctor with 3
for warnings and 4 for failures that it found.
`;
}

import { readFile } from 'node:fs/promises';
import os from 'node:os';
import { isArleoError } from '@arleo/core/errors';
import { SCOPES } from '@arleo/core/scopes';
import {
  type AdoptedToken,
  type Adoption,
  activeTokens,
  adoptTokens,
  describeToken,
} from '@arleo/core/tokens/adopt-tokens';
import { type Bcrypt, openBcrypt } from '@arleo/core/tokens/bcrypt';
import { createToken, listTokens, revokeToken, rotateToken } from '@arleo/core/tokens/manage';
import {
  disabled as alreadyDisabled,
  enabled as alreadyEnabled,
  disableMfa,
  enableMfa,
  mfaStatus,
} from '@arleo/core/tokens/mfa/manage-mfa';
import { VERSION } from '@arleo/core/version';
import { ENROL_ANSWERS, enrol, printRecoveryCodes } from '../mfa/enrol.ts';
import { type Answer, failure, type Outcome, success, wantsJson } from '../outcome.ts';
import { openQuestions } from '../terminal/questions.ts';
import { processTerminal, type Terminal } from '../terminal/terminal.ts';
import { UsageError } from '../usage-error.ts';
import { type Proof, type Request, readCommandLine } from './command-line.ts';
import { helpText } from './help.ts';
import { printAdopted, printCreated, printList, printRevoked, printRotated } from './print.ts';

/** Where the token file is if nothing else is said. */
export const DEFAULT_TOKENS_FILE = '/var/lib/hugo-mcp/tokens.json';

type AdoptRequest = Extract<Request, { command: 'adopt' }>;

interface Tools {
  now: () => number;
  terminal: Terminal;
}

/** Errors of the operations that the command line is to blame for. */
const usageCodes = new Set(['label_invalid', 'name_invalid', 'expiry_invalid']);

/**
 * Runs token-mgr.
 *
 * @param args without the names of node and the script
 * @param env read for `TOKENS_FILE`
 * @param now milliseconds since 1970
 */
export async function runTokenMgr(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  now: () => number,
  terminal: Terminal = processTerminal(),
): Promise<Outcome> {
  const json = wantsJson(args);
  try {
    const { request, file } = readCommandLine(args);
    return success(await answer(request, file ?? (env.TOKENS_FILE || DEFAULT_TOKENS_FILE), { now, terminal }), json);
  } catch (error) {
    return failure('token-mgr', error, json, usageCodes);
  }
}

async function answer(request: Request, file: string, { now, terminal }: Tools): Promise<Answer> {
  switch (request.command) {
    case 'help':
      return { text: helpText(request.about) };
    case 'version':
      return { text: `${VERSION}\n`, value: { version: VERSION } };
    case 'create': {
      const code = await askCode(request, file, terminal);
      const created = await withBcrypt((bcrypt) => createToken(file, request, { bcrypt, now, code }));
      return { text: `${printCreated(created)}\n`, value: created };
    }
    case 'list': {
      const tokens = await listTokens(file, now());
      const legacy = tokens.filter(({ status }) => status === 'legacy').map(({ id }) => id);
      const note =
        legacy.length === 0 ? '' : `Not accepted until rotated (token-mgr rotate ID): ${legacy.join(', ')}\n`;
      return { text: `${printList(tokens)}\n`, value: { tokens }, note };
    }
    case 'revoke': {
      const code = await askCode(request, file, terminal);
      const revoked = await revokeToken(file, request.id, now(), code);
      return { text: `${printRevoked(revoked)}\n`, value: revoked };
    }
    case 'rotate': {
      const code = await askCode(request, file, terminal);
      const rotated = await withBcrypt((bcrypt) => rotateToken(file, request.id, request, { bcrypt, now, code }));
      return { text: `${printRotated(rotated)}\n`, value: { ...rotated.created, old: rotated.old } };
    }
    case 'adopt': {
      const wanted = await readAdopted(request, file, now());
      const adoptions = await adoptWithCode(file, wanted, request, { now, terminal });
      return { text: `${printAdopted(adoptions)}\n`, value: { tokens: adoptions } };
    }
    case 'mfa':
      return answerMfa(request, file, { now, terminal });
  }
}

function readAdopted(request: AdoptRequest, file: string, now: number): Promise<AdoptedToken[]> | AdoptedToken[] {
  if ('from' in request) return activeTokens(request.from, now);
  return withBcrypt(async (bcrypt) => {
    const token = await readSecret(request.tokenFile);
    return [await describeToken(file, token, { label: request.label, scopes: request.scopes ?? SCOPES }, bcrypt)];
  });
}

/** A code is asked for only where something changes. */
async function adoptWithCode(
  file: string,
  wanted: readonly AdoptedToken[],
  request: AdoptRequest,
  { now, terminal }: Tools,
): Promise<Adoption[]> {
  try {
    return await adoptTokens(file, wanted, now(), request.code);
  } catch (error) {
    if (!isArleoError(error, 'mfa_code_missing')) throw error;
    return adoptTokens(file, wanted, now(), await askCode(request, file, terminal));
  }
}

/** The one line of a file, which may be a pipe. */
async function readSecret(file: string): Promise<string> {
  try {
    return (await readFile(file, 'utf8')).replace(/\r?\n$/, '');
  } catch {
    throw new UsageError(`${file} cannot be read.`, 'Give the path of a file that holds the token.');
  }
}

async function answerMfa(
  request: Extract<Request, { command: 'mfa' }>,
  file: string,
  { now, terminal }: Tools,
): Promise<Answer> {
  const status = await mfaStatus(file);
  switch (request.action) {
    case 'status': {
      const text = status.enabled
        ? `On since ${status.enabled_at}: create, rotate, revoke and adopt ask for a code. ${status.recovery_codes} recovery codes are left.\n`
        : 'Off: create, rotate, revoke and adopt ask for no code. Turn it on with: token-mgr mfa enable\n';
      return { text, value: status };
    }
    case 'enable': {
      if (status.enabled) throw alreadyEnabled();
      const questions = openQuestions(terminal, request.stdin, ENROL_ANSWERS);
      const names = { issuer: 'Arleo tokens', account: request.account || os.hostname() };
      const { factor, recoveryCodes } = await enrol(questions, names, now);
      await enableMfa(file, factor);
      return {
        text: `From now on create, rotate, revoke and adopt ask for a code.\n\n${printRecoveryCodes(recoveryCodes)}`,
        value: { enabled: true, enabled_at: factor.enabled_at, recovery_codes: recoveryCodes },
      };
    }
    case 'disable': {
      if (!status.enabled) throw alreadyDisabled();
      await disableMfa(file, (await askCode(request, file, terminal)) ?? '', now());
      return { text: 'From now on create, rotate, revoke and adopt ask for no code.\n', value: { enabled: false } };
    }
  }
}

/** The code, asked for if one is needed and none was given. */
async function askCode(request: Proof, file: string, terminal: Terminal): Promise<string | undefined> {
  if (request.code !== undefined) return request.code;
  if (!(await mfaStatus(file)).enabled) return undefined;
  return openQuestions(terminal, request.stdin, 'a code (or give it with --code)').ask('Code: ');
}

async function withBcrypt<T>(use: (bcrypt: Bcrypt) => Promise<T>): Promise<T> {
  const bcrypt = openBcrypt();
  try {
    return await use(bcrypt);
  } finally {
    await bcrypt.close();
  }
}

import os from 'node:os';
import { ArleoError } from '@arleo/core/errors';
import { type CodeMatch, newRecoveryCodes, type SecondFactor } from '@arleo/core/mfa/second-factor';
import { changeOwnerFile, type OwnerFile, readOwnerFile } from '@arleo/core/owner/owner-file';
import { ENROL_ANSWERS, enrol, printRecoveryCodes } from '../mfa/enrol.ts';
import { PROOF_ANSWERS, proveOwner } from '../owner/prove-owner.ts';
import { openQuestions, STDIN_HELP } from '../terminal/questions.ts';
import type { Terminal } from '../terminal/terminal.ts';
import type { Command, CommandValues } from './command.ts';
import { ownerFile, ownerOptions, ownerOptionsHelp } from './owner-options.ts';

type WithTotp = OwnerFile & { totp: SecondFactor };

/** `arleo owner totp enable` */
export const ownerTotpEnable: Command = {
  name: 'owner totp enable',
  summary: 'ask for a code of an authenticator app at each login, too',
  help: `arleo owner totp enable: from now on a login takes a code of an authenticator app, too

Usage: arleo owner totp enable [--account NAME] [--stdin] [--file PATH]

  --account NAME  the name in the app; default the name of this machine
${STDIN_HELP}: here two, a secret (Base32)
                and a code of it
${ownerOptionsHelp}

Shows a QR code and asks for a code before anything is stored: a scan that went wrong locks nobody out. Then it shows ten
recovery codes, this once. A running oauth-proxy asks for codes at once.
`,
  options: { ...ownerOptions, account: { type: 'string' } },
  async run(values, env, _argument, terminal) {
    const file = ownerFile(values, env);
    refuseEnabled(await readOwnerFile(file));
    const questions = openQuestions(terminal, values.stdin === true, ENROL_ANSWERS);
    const account = typeof values.account === 'string' && values.account !== '' ? values.account : os.hostname();
    const { factor, recoveryCodes } = await enrol(questions, { issuer: 'Arleo', account }, Date.now);
    await changeOwnerFile(file, (current) => {
      if (current === undefined) throw gone(file);
      refuseEnabled(current);
      return { next: { ...current, totp: factor }, result: undefined };
    });
    return {
      text: `Logging in takes a code from now on.\n\n${printRecoveryCodes(recoveryCodes)}`,
      value: { file, enabled: true, enabled_at: factor.enabled_at, recovery_codes: recoveryCodes },
    };
  },
};

/** `arleo owner totp disable` */
export const ownerTotpDisable: Command = {
  name: 'owner totp disable',
  summary: 'log in with the passphrase alone again',
  help: `arleo owner totp disable: from now on the passphrase alone is enough to log in

Usage: arleo owner totp disable [--stdin] [--file PATH]

${STDIN_HELP}: here one, the passphrase or a code
${ownerOptionsHelp}

Asks for the passphrase, a code or a recovery code. The secret and the recovery codes are forgotten.
`,
  options: ownerOptions,
  async run(values, env, _argument, terminal) {
    const file = await changeAsOwner(values, env, terminal, ({ totp: _forgotten, ...rest }) => rest);
    return { text: 'Logging in takes the passphrase alone from now on.\n', value: { file, enabled: false } };
  },
};

/** `arleo owner totp recovery-codes` */
export const ownerTotpRecoveryCodes: Command = {
  name: 'owner totp recovery-codes',
  summary: 'make ten new recovery codes; the old ones end',
  help: `arleo owner totp recovery-codes: make ten new recovery codes

Usage: arleo owner totp recovery-codes [--stdin] [--file PATH]

${STDIN_HELP}: here one, the passphrase or a code
${ownerOptionsHelp}

Asks for the passphrase, a code or a recovery code. The old recovery codes are good no more.
`,
  options: ownerOptions,
  async run(values, env, _argument, terminal) {
    const { codes, hashes } = newRecoveryCodes();
    const file = await changeAsOwner(values, env, terminal, ({ totp, ...rest }, match) => {
      const last_step = match?.kind === 'totp' ? Math.max(match.step, totp.last_step) : totp.last_step;
      return { ...rest, totp: { ...totp, recovery_hashes: hashes, last_step } };
    });
    return { text: printRecoveryCodes(codes), value: { file, recovery_codes: codes } };
  },
};

/** `arleo owner totp status` */
export const ownerTotpStatus: Command = {
  name: 'owner totp status',
  summary: 'show whether a login takes a code',
  help: `arleo owner totp status: show whether a login takes a code

Usage: arleo owner totp status [--file PATH]

${ownerOptionsHelp}

Which recovery codes were used is in oauth-proxy's audit log (login.recovery_code_used).
`,
  options: { file: ownerOptions.file },
  async run(values, env) {
    const file = ownerFile(values, env);
    const { totp } = await readOwnerFile(file);
    const text = totp
      ? `On since ${totp.enabled_at}, with ${totp.recovery_hashes.length} recovery codes.\n`
      : 'Off: a login takes the passphrase alone. Turn it on with: arleo owner totp enable\n';
    const value = { file, enabled: totp !== undefined, enabled_at: totp?.enabled_at ?? null };
    return { text, value: { ...value, recovery_codes: totp?.recovery_hashes.length ?? 0 } };
  },
};

function refuseEnabled({ totp }: OwnerFile): void {
  if (totp === undefined) return;
  throw new ArleoError('totp_enabled', `A login takes a code already, since ${totp.enabled_at}.`, {
    hint: 'For another phone: arleo owner totp disable, then enable.',
  });
}

/** Changes the file for somebody who has proven to be the owner. @returns its path */
async function changeAsOwner(
  values: CommandValues,
  env: NodeJS.ProcessEnv,
  terminal: Terminal,
  change: (owner: WithTotp, proof: CodeMatch | undefined) => OwnerFile,
): Promise<string> {
  const file = ownerFile(values, env);
  const owner = withTotp(await readOwnerFile(file));
  const questions = openQuestions(terminal, values.stdin === true, PROOF_ANSWERS);
  const proof = await proveOwner(questions, owner, Date.now());
  await changeOwnerFile(file, (current) => ({
    next: change(unchanged(file, current, owner), proof),
    result: undefined,
  }));
  return file;
}

function withTotp(owner: OwnerFile): WithTotp {
  if (owner.totp) return owner as WithTotp;
  throw new ArleoError('totp_disabled', 'A login takes no code.', { hint: 'Turn it on with: arleo owner totp enable' });
}

/** The file under its lock, if its second factor is still the one that was asked about. */
function unchanged(file: string, current: OwnerFile | undefined, asked: WithTotp): WithTotp {
  if (current === undefined) throw gone(file);
  const owner = withTotp(current);
  if (owner.totp.enabled_at === asked.totp.enabled_at) return owner;
  throw new ArleoError('owner_changed', 'The second factor was changed meanwhile; nothing was changed here.', {
    hint: 'Begin anew.',
  });
}

function gone(file: string): ArleoError {
  return new ArleoError('owner_changed', `${file} was removed meanwhile.`, { hint: 'arleo owner set-passphrase' });
}

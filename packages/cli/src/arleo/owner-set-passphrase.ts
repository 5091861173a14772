import { ArleoError } from '@arleo/core/errors';
import { changeOwnerFile } from '@arleo/core/owner/owner-file';
import { canonicalPassphrase } from '@arleo/core/owner/passphrase';
import { openBcrypt } from '@arleo/core/tokens/bcrypt';
import { checkPassphrase } from '../owner/check-passphrase.ts';
import { openQuestions, STDIN_HELP } from '../terminal/questions.ts';
import type { Command } from './command.ts';
import { ownerFile, ownerOptions, ownerOptionsHelp } from './owner-options.ts';

/** `arleo owner set-passphrase` */
export const ownerSetPassphrase: Command = {
  name: 'owner set-passphrase',
  summary: 'set the passphrase that you log in with',
  help: `arleo owner set-passphrase: set the passphrase that the owner logs in with

Usage: arleo owner set-passphrase [--stdin] [--file PATH]

${STDIN_HELP}: here one line, the passphrase
${ownerOptionsHelp}

12 characters at least, 72 bytes at most, and not easy to guess. Only its bcrypt hash is stored. A running oauth-proxy takes
it at once; who is logged in has to log in again. A second factor stays as it is, and clients that you approved keep their
access (arleo connections revoke ends it).
`,
  options: ownerOptions,
  async run(values, env, _argument, terminal) {
    const file = ownerFile(values, env);
    const questions = openQuestions(terminal, values.stdin === true, 'the passphrase');
    const passphrase = await questions.ask('New passphrase: ', { hidden: true });
    await checkPassphrase(passphrase);
    if (questions.interactive && (await questions.ask('The same again: ', { hidden: true })) !== passphrase) {
      throw new ArleoError('passphrase_mismatch', 'The two are not the same; nothing was changed.', {
        hint: 'Begin anew.',
      });
    }
    const passphrase_hash = await hash(canonicalPassphrase(passphrase));
    const first = await changeOwnerFile(file, (current) => ({
      next: { ...current, passphrase_hash },
      result: current === undefined,
    }));
    const text = `The passphrase is set in ${file}. A running oauth-proxy takes it at once.\n`;
    return { text, value: { file, first } };
  },
};

async function hash(passphrase: string): Promise<string> {
  const bcrypt = openBcrypt({ threads: 1 });
  try {
    return await bcrypt.hash(passphrase);
  } finally {
    await bcrypt.close();
  }
}

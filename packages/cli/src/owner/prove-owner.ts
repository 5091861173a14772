import { ArleoError } from '@arleo/core/errors';
import { type CodeMatch, matchCode, type SecondFactor } from '@arleo/core/mfa/second-factor';
import type { OwnerFile } from '@arleo/core/owner/owner-file';
import { canonicalPassphrase } from '@arleo/core/owner/passphrase';
import { openBcrypt } from '@arleo/core/tokens/bcrypt';
import type { Questions } from '../terminal/questions.ts';

/** What `--stdin` has to give. */
export const PROOF_ANSWERS = 'the passphrase, or a code';

/**
 * Asks for the passphrase or a code before the second factor is changed: a terminal that was left open is not enough.
 *
 * @returns the code's match, if it was a code
 * @throws {@link ArleoError} `code_wrong`, and what asking throws
 */
export async function proveOwner(
  questions: Questions,
  { passphrase_hash, totp }: OwnerFile & { totp: SecondFactor },
  now: number,
): Promise<CodeMatch | undefined> {
  const answer = await questions.ask('Passphrase or code: ', { hidden: true });
  const match = matchCode(totp, answer, now);
  if (match && (match.kind === 'recovery' || match.step > totp.last_step)) return match;
  const bcrypt = openBcrypt({ threads: 1 });
  try {
    if (await bcrypt.verify(canonicalPassphrase(answer), passphrase_hash)) return undefined;
  } finally {
    await bcrypt.close();
  }
  throw new ArleoError('code_wrong', 'That is neither the passphrase nor a code that is still good.', {
    hint: 'A code is good once: wait for the next one.',
  });
}

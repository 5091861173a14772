import { ArleoError } from '@arleo/core/errors';
import {
  confirmFactor,
  newTotpSecret,
  type SecondFactor,
  TOTP_RULES,
  TOTP_SECRET,
  totpUri,
} from '@arleo/core/mfa/second-factor';
import { renderUnicodeCompact } from 'uqr';
import type { Questions } from '../terminal/questions.ts';

/** What `--stdin` has to give to enrol. */
export const ENROL_ANSWERS = 'a secret (Base32, 128 bits at least), then a code of it';

/** How often a person may mistype the code. */
const tries = 3;

/**
 * Sets an authenticator app up: shows a new secret as a QR code and as text, and asks for a code of it before anything
 * counts. A program brings a secret of its own.
 *
 * @param names under which the app lists it
 * @returns the factor and its recovery codes, which are stored nowhere
 * @throws {@link ArleoError} `code_wrong`, `secret_invalid`, and what asking throws
 */
export async function enrol(
  questions: Questions,
  names: { issuer: string; account: string },
  now: () => number,
): Promise<{ factor: SecondFactor; recoveryCodes: string[] }> {
  const secret = questions.interactive ? newTotpSecret() : readSecret(await questions.ask('Secret: '));
  questions.show(introduction(secret, names));
  for (let left = questions.interactive ? tries : 1; left > 0; left -= 1) {
    const confirmed = confirmFactor(secret, await questions.ask('Code that the app shows: '), now());
    if (confirmed) return confirmed;
    if (left > 1) questions.show('That is not the code. Is the clock of this machine right? Try the next code.\n');
  }
  throw new ArleoError('code_wrong', 'The code is not one of this secret; nothing was changed.', {
    hint: 'Check that the clocks of this machine (timedatectl) and of the phone are right, and begin anew.',
  });
}

/** The codes as they are shown, this once. */
export function printRecoveryCodes(codes: readonly string[]): string {
  return `Recovery codes: each works once, in the place of a code. They are shown only now; print them or write them down.

${codes.map((code) => `  ${code}`).join('\n')}
`;
}

function readSecret(given: string): string {
  const secret = given.replace(/[\s-]/g, '').replace(/=+$/, '').toUpperCase();
  if (TOTP_SECRET.test(secret)) return secret;
  throw new ArleoError('secret_invalid', 'The secret is not Base32 of 128 to 512 bits.', {
    hint: 'Make one with: head -c 20 /dev/urandom | base32',
  });
}

function introduction(secret: string, { issuer, account }: { issuer: string; account: string }): string {
  const { algorithm, digits, period } = TOTP_RULES;
  return `Scan this with an authenticator app:

${qrCode(totpUri(secret, { issuer, account }))}

or type it in:
  secret     ${secret.match(/.{1,4}/g)?.join(' ')}
  name       ${issuer}: ${account}
  kind       time-based (TOTP), ${algorithm}, ${digits} digits, every ${period} seconds

`;
}

/** Dark on light whatever the terminal's colours are: many cameras read nothing else. */
function qrCode(text: string): string {
  const lines = renderUnicodeCompact(text, { ecc: 'M', border: 2 }).split('\n');
  return lines.map((line) => `\u001b[97;40m${line}\u001b[0m`).join('\n');
}

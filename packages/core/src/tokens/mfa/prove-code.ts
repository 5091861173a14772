import { ArleoError } from '../../errors.ts';
import { type CodeMatch, matchCode } from '../../mfa/second-factor.ts';
import type { TokenFile } from '../token-file.ts';
import { MFA_MARKER, type MfaFile, readMfaFile, writeMfaFile } from './mfa-file.ts';

/** Wrong codes within {@link WRONG_WINDOW_MS} after which none is looked at: a day of guesses hits with 0.5 %. */
export const WRONG_CODES = 5;
/** Milliseconds. */
export const WRONG_WINDOW_MS = 5 * 60_000;

/**
 * A guard for `changeTokenFile`: lets a change pass if the file has no second factor, or if the code is one that was not
 * used. The code is used up before the change is written: a crash in between costs a code, and never lets one count twice.
 *
 * @param code as it was given; undefined if none was
 * @param now milliseconds since 1970
 * @returns a guard that throws {@link ArleoError} `mfa_code_missing`, `mfa_code_wrong`, `mfa_code_used`, `mfa_wait`,
 *   `mfa_damaged` or `mfa_unreadable`
 */
export function guardByCode(code: string | undefined, now: number) {
  return async (target: string, current: TokenFile): Promise<void> => {
    const mfa = await readMfaFile(target, current[MFA_MARKER]);
    if (mfa) await useCode(target, mfa, code, now);
  };
}

async function useCode(target: string, mfa: MfaFile, code: string | undefined, now: number): Promise<void> {
  if (code === undefined) {
    throw new ArleoError('mfa_code_missing', 'This needs a code of the authenticator app.', {
      hint: 'Give it with --code, or a recovery code.',
    });
  }
  const wrong = (mfa.wrong_at ?? []).filter((at) => at <= now && now - at < WRONG_WINDOW_MS);
  const [first = now] = wrong;
  if (wrong.length >= WRONG_CODES) {
    const seconds = Math.ceil((first + WRONG_WINDOW_MS - now) / 1000);
    throw new ArleoError('mfa_wait', `There were ${wrong.length} wrong codes; none is looked at for now.`, {
      hint: `Try again in ${seconds} s.`,
    });
  }
  const match = matchCode(mfa, code, now);
  if (match && isFresh(mfa, match)) return writeMfaFile(target, { ...without(mfa, match), wrong_at: [] });
  await writeMfaFile(target, { ...mfa, wrong_at: [...wrong, now] });
  if (match) {
    throw new ArleoError('mfa_code_used', 'This code was used already, or is older than one that was.', {
      hint: 'Wait for the next one.',
    });
  }
  throw new ArleoError('mfa_code_wrong', 'That is not the code. Nothing was changed.', {
    hint: 'Check that the clocks of this machine (timedatectl) and of the phone are right.',
  });
}

function isFresh(mfa: MfaFile, match: CodeMatch): boolean {
  return match.kind === 'recovery' || match.step > mfa.last_step;
}

/** What is left when a code was used. */
function without(mfa: MfaFile, match: CodeMatch): MfaFile {
  if (match.kind === 'totp') return { ...mfa, last_step: match.step };
  return { ...mfa, recovery_hashes: mfa.recovery_hashes.filter((hash) => hash !== match.hash) };
}

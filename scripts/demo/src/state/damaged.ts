import { ArleoError } from '@arleo/core/errors';

/** A state file that is there but cannot be used. It is never replaced silently: that would lose a secret. */
export function damaged(file: string, problem: string, remedy?: string): ArleoError {
  return new ArleoError('state_damaged', `${file} ${problem}`, {
    hint: remedy ?? `Restore it from a backup, or remove that file to get a new one: rm ${file}`,
  });
}

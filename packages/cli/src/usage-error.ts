import { ArleoError } from '@arleo/core/errors';

/** The command line cannot be understood; the program ends with 2. `hint` says what to write instead. */
export class UsageError extends ArleoError {
  constructor(message: string, hint: string) {
    super('usage', message, { hint });
  }
}

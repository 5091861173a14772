import { realpath } from 'node:fs/promises';
import path from 'node:path';
import { ArleoError, isArleoError } from '../../errors.ts';
import type { SecondFactor } from '../../mfa/second-factor.ts';
import { changeTokenFile, readTokenFile } from '../token-file.ts';
import { MFA_MARKER, readMfaFile, removeMfaFile, writeMfaFile } from './mfa-file.ts';
import { guardByCode } from './prove-code.ts';

/** Whether a token file is guarded by a second factor. */
export interface MfaStatus {
  enabled: boolean;
  enabled_at: string | null;
  /** How many recovery codes are left. */
  recovery_codes: number;
}

/** @throws {@link ArleoError} `mfa_damaged`, `mfa_unreadable`, and what `readTokenFile` throws of a file that is there */
export async function mfaStatus(file: string): Promise<MfaStatus> {
  const mfa = await readMfaFile(await realPath(file), await markerOf(file));
  return {
    enabled: mfa !== undefined,
    enabled_at: mfa?.enabled_at ?? null,
    recovery_codes: mfa?.recovery_hashes.length ?? 0,
  };
}

/**
 * From now on every change of the token file needs a code.
 *
 * @throws {@link ArleoError} `mfa_enabled`, `mfa_damaged`, `mfa_unreadable` and what `changeTokenFile` throws
 */
export async function enableMfa(file: string, factor: SecondFactor): Promise<void> {
  await changeTokenFile(file, (current) => ({ next: { ...current, [MFA_MARKER]: true }, result: undefined }), {
    create: true,
    guard: async (target, current) => {
      if (await readMfaFile(target, current[MFA_MARKER])) throw enabled();
      // Before the marker: interrupted in between, it guards already.
      await writeMfaFile(target, factor);
    },
  });
}

/**
 * From now on changes need no code.
 *
 * @throws {@link ArleoError} `mfa_disabled`, what `guardByCode` and `changeTokenFile` throw
 */
export async function disableMfa(file: string, code: string, now: number): Promise<void> {
  await changeTokenFile(
    file,
    (current) => {
      const { [MFA_MARKER]: _marker, ...next } = current;
      return { next, result: undefined };
    },
    {
      create: true,
      guard: async (target, current) => {
        if (!(await readMfaFile(target, current[MFA_MARKER]))) throw disabled();
        await guardByCode(code, now)(target, current);
      },
    },
  );
  // While it is there nobody can enable it anew; interrupted here, it still guards.
  await removeMfaFile(await realPath(file));
}

/** For a command that finds it enabled. */
export function enabled(): ArleoError {
  return new ArleoError('mfa_enabled', 'Changes need a code already.', {
    hint: 'For another phone: token-mgr mfa disable, then enable.',
  });
}

/** For a command that finds it disabled. */
export function disabled(): ArleoError {
  return new ArleoError('mfa_disabled', 'Changes need no code.', { hint: 'Turn it on with: token-mgr mfa enable' });
}

async function markerOf(file: string): Promise<unknown> {
  try {
    return (await readTokenFile(file)).content[MFA_MARKER];
  } catch (error) {
    if (isArleoError(error, 'token_file_missing')) return undefined;
    throw error;
  }
}

function realPath(file: string): Promise<string> {
  return realpath(file).catch(() => path.resolve(file));
}
